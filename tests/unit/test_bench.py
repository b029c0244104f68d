"""The pure parts of the bench: percentiles, medians, ratios, tables, and reading mails."""

import subprocess
import sys
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from bench import engines, measure, noise, report, states, table
from bench.cpu import counted, spent
from bench.load import percentile
from bench.place import Place
from bench.site import Site
from bench.table import Result
from bench.verify import trip_of
from bench.watch import Moment, Noise, Watch, between
from runtime.errors import SetupError

TITLES = {"this": "this system", "peer": "A peer"}


def result(**changes: Any) -> Result:
    facts: dict[str, Any] = {
        "engine": "this",
        "round": 0,
        "concurrency": 16,
        "trips": 100,
        "p50": 40.0,
        "p95": 80.0,
        "p99": 90.0,
        "per_second": 20.0,
        "cpu_ms": {"orchestrator": 10.0, "services": 5.0, "load client": 1.0},
        "memory": {"orchestrator": 60e6, "services": 40e6, "load client": 9e6},
    }
    return Result(**facts | changes)


@pytest.mark.parametrize(("percent", "expected"), [(50, 5), (90, 9), (95, 10), (99, 10), (0, 1)])
def test_a_percentile_is_a_value_that_was_measured(percent: float, expected: float) -> None:
    assert percentile([float(n) for n in range(10, 0, -1)], percent) == expected


def test_the_median_is_over_rounds() -> None:
    rounds = [result(round=n, p50=p50) for n, p50 in enumerate((10.0, 500.0, 30.0))]
    assert table.medians(rounds, lambda r: r.p50) == 30


def test_a_ratio_compares_runs_of_the_same_round() -> None:
    ours = [result(round=n, p50=p50) for n, p50 in enumerate((20.0, 80.0, 90.0))]
    peer = [result(round=n, p50=p50, engine="peer") for n, p50 in enumerate((10.0, 20.0, 30.0))]
    assert table.ratios(ours, peer, lambda r: r.p50) == 3


def test_an_engine_is_not_charged_for_what_idles_or_for_the_load() -> None:
    by_role = {"orchestrator": 2.0, "peer's app": 4.0, "services": 5.0, "load client": 1.0}
    assert counted(by_role, idle=()) == 11
    assert counted(by_role, idle=("orchestrator",)) == 9


def test_cpu_time_is_given_by_trip() -> None:
    assert spent({"services": 1.0}, {"services": 1.5}, trips=100) == {"services": 5.0}


def test_the_tables_have_a_row_for_each_engine_and_leave_idle_roles_empty() -> None:
    cpu = {"orchestrator": 1.0, "peer's app": 4.0}
    peer = result(engine="peer", p50=20.0, cpu_ms=cpu, idle=("orchestrator",))
    figures = table.figures([result(), peer], TITLES).splitlines()
    assert figures[2].split(" | ")[2].strip() == "40"
    assert figures[3].split(" | ")[1].strip() == "A peer"
    assert "| 2.00 " in table.comparison([result(), peer], TITLES)
    ours, theirs = table.by_process([result(), peer], TITLES).splitlines()[2:]
    assert "10.0" in ours
    assert "1.0" not in theirs.replace("4.0", "")


def test_a_seed_tells_the_order_of_turns() -> None:
    rounds = [measure.order_of_turns(engines.ALL, 7, nth) for nth in range(8)]
    assert rounds == [measure.order_of_turns(engines.ALL, 7, nth) for nth in range(8)]
    assert all(
        sorted(e.name for e in turns) == sorted(e.name for e in engines.ALL) for turns in rounds
    )
    assert len({tuple(e.name for e in turns) for turns in rounds}) > 1
    assert rounds != [measure.order_of_turns(engines.ALL, 8, nth) for nth in range(8)]


def test_the_tables_keep_the_order_of_the_titles_whoever_was_first() -> None:
    rows = table.figures([result(engine="peer"), result()], TITLES).splitlines()[2:]
    assert [row.split(" | ")[1].strip() for row in rows] == list(TITLES.values())


def test_the_spread_is_the_largest_round_by_the_smallest() -> None:
    rounds = [result(round=n, per_second=rate) for n, rate in enumerate((10.0, 15.0, 12.0))]
    assert noise.spread(rounds, table.per_second) == 1.5


def test_foreign_is_what_all_took_less_what_is_ours() -> None:
    before = Moment(passed=100.0, stolen=1.0, taken=50.0, ours=20.0)
    after = Moment(passed=116.0, stolen=1.8, taken=62.0, ours=28.0)
    seen = between(before, after)
    assert seen.stolen == pytest.approx(0.05)
    assert seen.foreign == pytest.approx(0.25)
    assert between(before, replace(after, ours=40.0)).foreign == 0


def test_a_process_of_nobody_is_foreign(tmp_path: Path) -> None:
    watch = Watch([tmp_path])
    before = watch.now()
    busy = "import time\nwhile time.process_time() < 0.5: pass"
    subprocess.run([sys.executable, "-c", busy], check=True)
    after = watch.now()
    assert after.taken - before.taken >= 0.4
    assert after.ours - before.ours < 0.3
    assert between(before, after).foreign > 0


def test_the_noise_is_one_line_that_says_where_it_was_worst() -> None:
    rounds = [
        result(round=0, noise=Noise(stolen=0.02, foreign=0.1)),
        result(round=1, per_second=30.0),
        result(engine="peer", round=0),
        result(engine="peer", round=1, cpu_ms={"services": 30.0}),
    ]
    said = noise.line(rounds, TITLES)
    assert said == (
        "noise: spread of CPU a trip 1.50 (median), 2.00 at most (A peer at 16); "
        "spread of trips/s 1.25 (median), 1.50 at most (this system at 16); "
        "stolen 0.5 % (at most 2.0 %); foreign processes 2.5 % (at most 10.0 %)"
    )
    assert "no spread" in noise.line(rounds[:1], TITLES)
    assert noise.tabled(rounds, TITLES).splitlines()[2].split(" | ")[4:] == [
        "2.0     ",
        "10.0      |",
    ]


def test_the_report_goes_between_its_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    begin, end = "<!-- part: begin -->", "<!-- part: end -->"
    page.write_text(f"before\n{begin}\nold\n{end}\nafter\n")
    report.write("new", "part", page)
    assert page.read_text() == f"before\n{begin}\nnew\n{end}\nafter\n"


def test_a_page_without_marks_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing\n")
    with pytest.raises(ValueError, match="has no"):
        report.write("new", "part", page)


def test_a_mail_is_told_by_its_content() -> None:
    mail = EmailMessage()
    link = "http://localhost:8104/notifications/this-0-16-7:confirmation/calendar.ics"
    mail.set_content(f"<p>{'x' * 200} <a href='{link}'></a></p>", "html", cte="quoted-printable")
    assert trip_of(bytes(mail)) == "this-0-16-7"


def test_a_commit_that_is_none_is_not_measured() -> None:
    with pytest.raises(SetupError, match="There is no commit of-no-tree"):
        states.Commit("of-no-tree").open()


def test_another_state_is_measured_where_it_runs() -> None:
    shown = {"trip-orchestrator": {"dapr-api-token": "a token"}}
    place = Place(Path("there"), "http://there:1", {}, shown)
    engine = states.engine(states.Commit("abc"), place)
    assert (engine.name, engine.title) == ("abc", "this system, abc")
    assert engine.url(Site()) == "http://there:1/trips/{trip_id}"
    assert engine.place(Site()) is place
    assert place.headers("trip-orchestrator") == {"dapr-api-token": "a token"}
    assert place.headers("flight-service") == {}
