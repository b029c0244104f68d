"""The pure parts of the bench: percentiles, medians, ratios, tables, and reading mails."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from email.message import EmailMessage
from math import isnan
from pathlib import Path
from typing import Any, cast

import orjson
import psutil
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bench import __main__ as bench_command
from bench import (
    bare_peer,
    command,
    empty,
    engines,
    leaks,
    limit,
    measure,
    noise,
    report,
    states,
    table,
    tools,
)
from bench.cpu import counted, spent
from bench.engines import Engine
from bench.load import Load, RunFailed, Target, drive, percentile
from bench.measure import Plan
from bench.place import Place
from bench.report import Measured, Report
from bench.site import Site
from bench.table import Failure, Outcome, Result
from bench.verify import trip_of
from bench.watch import Moment, Noise, Watch, between
from runtime import build
from runtime.errors import SetupError
from tests.unit.test_runtime_build import GO

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
    assert isnan(noise.spread(rounds[:1], table.per_second))


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


def test_who_fails_says_why_in_its_row_and_has_no_figures() -> None:
    why = "Trip a|b was answered 500:\n" + "x" * 90
    outcomes: list[Outcome] = [
        result(engine="peer", round=0),
        Failure("peer", 1, 16, why),
        result(),
    ]
    ours, theirs = table.figures(outcomes, TITLES).splitlines()[2:]
    assert "failed" not in ours
    cells = [cell.strip() for cell in theirs.strip("|").split(" | ")]
    assert cells[:2] == ["16", "A peer"]
    assert cells[2].startswith("failed: Trip a/b was answered 500: …")
    assert set(cells[3:]) == {""}
    assert [r.engine for r in table.whole(outcomes)] == ["this"]


@pytest.mark.parametrize(("failing", "keep"), [("peer", True), ("this", False)])
def test_a_failure_is_in_the_report_and_only_that_of_this_system_spoils_it(
    failing: str, keep: bool
) -> None:
    both = [replace(engines.THIS, name=name, title=TITLES[name]) for name in TITLES]
    other = {"peer": "this", "this": "peer"}[failing]
    outcomes: list[Outcome] = [result(engine=other), Failure(failing, 0, 16, "It is\nbroken")]
    found = report.of_bench(Measured(outcomes, both, 7, {}, "here"))
    assert found.keep is keep
    assert found.wrong == [f"{TITLES[failing]} failed at 16 in round 1: It is\nbroken"]
    assert f"**Failed**: {TITLES[failing]} failed at 16 in round 1: It is broken" in found.text
    assert "`--seed 7`" in found.text


def test_a_report_with_failures_is_kept_or_not_and_ends_in_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept: list[str] = []
    monkeypatch.setattr(command, "TOOLS", tmp_path / "tools")
    monkeypatch.setattr(report, "write", lambda text, _: kept.append(text))
    assert command.run(lambda: Report("fine"), "part", True) == 0
    assert command.run(lambda: Report("a peer failed", ["why it did"]), "part", True) == 1
    assert command.run(lambda: Report("we failed", ["why we did"], False), "part", True) == 1
    assert kept == ["fine", "a peer failed"]
    said = capsys.readouterr()
    assert "we failed" in said.out
    assert "why it did" in said.err
    assert "Nothing is kept" in said.err


def test_a_report_of_failures_alone_can_be_read() -> None:
    found = report.of_bench(Measured([Failure("this", 0, 1, "no")], [engines.THIS], 7, {}, "here"))
    assert "failed: no" in found.text


class Elsewhere:
    """Takes the site's part for engines that only pretend."""

    def __init__(self) -> None:
        self.place = Place(Path("/nowhere"), "", {})
        self.ended = 0

    def end_peer(self) -> None:
        self.ended += 1


def test_what_one_engine_does_wrong_costs_the_others_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: Site) -> None:
        raise SetupError("no such program")

    def run(nth: int, engine: Engine, concurrency: int, *_: object) -> Result:
        if engine.name == "wrong" and concurrency == 1:
            raise RunFailed("a trip was lost")
        if engine.name == "crashing":
            raise psutil.NoSuchProcess(7)
        return result(engine=engine.name, round=nth, concurrency=concurrency)

    monkeypatch.setattr(measure, "_run", run)
    monkeypatch.setattr(measure, "_SETTLE_SECONDS", 0)
    plan, site, said = Plan(concurrency=(1, 16)), Elsewhere(), list[str]()
    turns = [
        replace(engines.THIS, name=name, start=start)
        for name, start in (
            ("fine", lambda _: None),
            ("wrong", lambda _: None),
            ("crashing", lambda _: None),
            ("absent", refuse),
        )
    ]
    outcomes = list(measure.measure_round(0, turns, plan, cast(Site, site), said.append))
    found = {(o.engine, o.concurrency): getattr(o, "why", "") for o in outcomes}
    assert found[("fine", 1)] == found[("fine", 16)] == found[("wrong", 16)] == ""
    assert found[("wrong", 1)] == "a trip was lost"
    assert found[("crashing", 16)].startswith("one of its processes ended")
    assert found[("absent", 1)] == found[("absent", 16)] == "it did not start: no such program"
    assert site.ended == len(turns)
    assert len(said) == len(outcomes) == 8


ANSWERS: dict[str, dict[str, Any]] = {
    "rejected": {"text": '{"status": "rejected"}'},
    "no-json": {"text": "confirmed"},
    "no-object": {"text": "[]"},
    "error": {"status": 500, "text": '{"status": "confirmed"}'},
    "busy-forever": {"status": 429},
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_that_confirms_nothing_fails_the_run(answer: str) -> None:
    async def handle(_: web.Request) -> web.Response:
        return web.Response(**ANSWERS[answer])

    with pytest.raises(RunFailed, match="Trip run-1 was answered"):
        asyncio.run(_driven(handle))


def test_a_peer_that_is_gone_fails_the_run() -> None:
    gone = drive(Target("PUT", "http://127.0.0.1:9/{trip_id}"), "run", 1, 0.0, 0.1, lambda: None)
    with pytest.raises(RunFailed, match="Trip run-1 had no answer"):
        asyncio.run(gone)


def test_who_is_told_to_come_back_does_and_is_counted_when_confirmed() -> None:
    asked: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        asked.append(request.path)
        if len(asked) == 1:
            return web.Response(status=429, headers={"Retry-After": "0"})
        return web.Response(text='{"status": "confirmed"}')

    load = asyncio.run(_driven(handle))
    assert asked[:2] == ["/run-1", "/run-1"]
    assert load.trips[0] == "run-1"
    assert load.latencies_ms


async def _driven(handle: Callable[[web.Request], Awaitable[web.Response]]) -> Load:
    app = web.Application()
    app.router.add_put("/{trip_id}", handle)
    async with TestServer(app) as server:
        target = Target("PUT", f"{server.make_url('/')}{{trip_id}}")
        return await drive(target, "run", 1, 0.0, 0.1, lambda: None)


STEPS = {"engine": "empty", "idle": ("services",), "p50": 30.0, "per_second": 60.0}
CALLS = {"engine": "sidecars", "idle": ("scheduler",), "p50": 25.0, "per_second": 30.0}
STEPS_CPU = {"peer's app": 9.0, "scheduler": 11.0, "services": 0.5, "load client": 1.0}
CALLS_CPU = {"peer's app": 2.0, "scheduler": 0.5, "services": 20.0, "load client": 1.0}


def parts(concurrency: int, nth: int = 0) -> list[Result]:
    at = {"concurrency": concurrency, "round": nth}
    return [result(**STEPS, **at, cpu_ms=STEPS_CPU), result(**CALLS, **at, cpu_ms=CALLS_CPU)]


def test_the_limit_is_the_steps_and_the_calls_without_what_idles() -> None:
    (alone,) = limit.of(parts(1))
    assert alone.cpu_ms == {"peer's app": 11.0, "scheduler": 11.0, "services": 20.0}
    assert alone.cpu_total == 42
    assert alone.p50 == 55
    assert alone.per_second == pytest.approx(20)
    (many,) = limit.of(parts(16))
    assert many.cpu_total == 42
    assert isnan(many.p50)


def test_the_limit_is_of_one_round_and_needs_both_parts() -> None:
    assert limit.of(parts(1)[:1]) == []
    mixed = [parts(16, 0)[0], parts(16, 1)[1]]
    assert limit.of(mixed) == []
    assert [r.round for r in limit.of([*parts(16, 0), *parts(16, 1)])] == [0, 1]


def test_the_report_compares_this_system_with_the_limit() -> None:
    turns = [engines.THIS, engines.SIDECARS, engines.EMPTY]
    outcomes = [result(cpu_ms={"orchestrator": 63.0}), *parts(16)]
    text = report.of_bench(Measured(outcomes, turns, 7, {}, "here")).text
    rows = [[c.strip() for c in line.strip("|").split("|")] for line in text.splitlines()]
    figures, ratios = (row for row in rows if row[1:2] == [limit.TITLE] and len(row) == 8)
    assert figures == ["16", limit.TITLE, "", "", "", "20.0", "42.0", ""]
    assert ratios == ["16", limit.TITLE, "", "", "", "1.00", "1.50", ""]
    assert limit.MEANS in text


class Instant:
    """Takes the workflows' part: one ends at once, or breaks."""

    def __init__(self, broken: bool = False) -> None:
        self._broken = broken

    async def customer(self, _: bare_peer.Wish, load: Load) -> None:
        while not load.over:
            if self._broken:
                raise RuntimeError("no sidecar")
            load.ended("one", time.perf_counter())
            await asyncio.sleep(0)


async def told(chains: Instant) -> list[bytes]:
    wish = bare_peer.Wish(name="run", steps=5, at_once=2, warm_up=0, seconds=0.05)
    return [line async for line in bare_peer.run_in_lines(cast(bare_peer.Chains, chains), wish)]


def test_a_run_of_empty_steps_tells_its_edges_and_then_its_load() -> None:
    begin, end, load = asyncio.run(told(Instant()))
    assert begin == end == empty.EDGE + b"\n"
    figures = orjson.loads(load)
    assert figures["latencies_ms"]
    assert figures["seconds"] >= 0.05


def test_a_run_of_empty_steps_that_breaks_ends_and_is_not_waited_for() -> None:
    with pytest.raises(RuntimeError, match="no sidecar"):
        asyncio.run(told(Instant(broken=True)))


def test_no_column_is_empty_and_no_row() -> None:
    table_of = table.memory_by_process([result(), result(engine="peer", memory={})], TITLES)
    assert table_of.splitlines()[0].count("|") == 5
    assert len(table_of.splitlines()) == 3


def test_a_peer_whose_server_cannot_be_had_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking() -> None:
        raise SetupError("there is no Go")

    monkeypatch.setattr(tools, "fetch_python", lambda: None)
    peer = replace(engines.TEMPORAL, fetch=lacking)
    present, absent = bench_command.fetch([engines.THIS, peer, engines.FLOOR])
    assert present == [engines.THIS, engines.FLOOR]
    assert absent == [f"{peer.title}. there is no Go"]
    text = report.of_bench(Measured([result()], present, 7, {}, "here", absent)).text
    assert f"**Not measured**: {peer.title}. there is no Go" in text


def test_temporal_is_built_once_from_its_pins_and_only_for_the_bench(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match=r"Temporal's dev server is built .* there is no Go"):
        tools.temporal()
    go = tmp_path / "bin" / "go"
    go.parent.mkdir()
    go.write_text(GO)
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{go.parent}:/usr/bin:/bin")
    monkeypatch.setenv("GO_CALLS", str(tmp_path / "calls"))
    assert tools.temporal().read_text() == "program\n"
    assert tools.temporal().parent.name.startswith(f"temporal-{tools.TEMPORAL.version}-")
    assert (tmp_path / "calls").read_text().split() == ["x"]
    ours = (*build.MODULES, *(m for needed in build.OF_SYSTEMS.values() for m in needed))
    assert tools.TEMPORAL not in ours


def test_the_peers_packages_are_all_pinned() -> None:
    for package in ("temporalio", "dbos", "restate-sdk"):
        assert tools.pinned(package)[0].isdigit()


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


@pytest.mark.parametrize(
    ("state", "name", "title"),
    [
        (states.secure(), "secure", "this system, SECURE=1"),
        (states.profile("redis"), "redis", "this system, PROFILE=redis"),
    ],
)
def test_a_variant_is_named_by_what_make_run_is_told(
    state: states.Variant, name: str, title: str
) -> None:
    engine = states.engine(state, Place(Path("there"), "http://there:1", {}))
    assert (engine.name, engine.title) == (name, title)


def test_what_grows_is_told_for_the_second_half_of_the_trips() -> None:
    mb = 1024 * 1024
    seen = [(1_000, {"app": 50 * mb}), (2_100, {"app": 60 * mb}), (4_148, {"app": 62 * mb})]
    lines = leaks.report(seen).splitlines()
    assert lines[2].split() == ["|", "1,000", "|", "50", "|"]
    last = [cell.strip() for cell in lines[-1].split("|")]
    assert last[1:3] == ["KB a trip, last 2,048", "1.0"]
