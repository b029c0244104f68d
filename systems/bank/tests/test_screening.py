"""Names on a sanctions list, and names that are like them."""

import csv
from pathlib import Path

import pytest

from systems.bank.compliance import screening, sdn
from systems.bank.compliance.screening import Screener
from systems.bank.names import likeness, words

LIST = Path(sdn.__file__).parent / "sdn.csv"


@pytest.fixture(scope="module")
def screener() -> Screener:
    return Screener(sdn.read(LIST))


def outcome(screener: Screener, name: str) -> str:
    return screener.screen("s", {}, [("payee", name)]).outcome


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("MÜHLENBRECHT, Zoë", "zoe muhlenbrecht"),
        ("AL-RASHIDUN, Tariq Yusuf", "Tariq Yusuf al Rashidun"),
        ("Kestrel Arms Trading LLC", "KESTREL ARMS TRADING"),
        ("O'Brien, Seán", "Sean O\u2019Brien"),
        ("Łukasz Groß", "lukasz gross"),
        ("  Anna   Albers ", "Albers Anna"),
    ],
)
def test_names_that_are_spelt_in_another_way_are_the_same(one: str, other: str) -> None:
    assert words(one) == words(other)
    assert likeness(one, other) == 1.0


@pytest.mark.parametrize(
    "name",
    [
        "Sergej Voronkin",  # without the second name
        "Sergei Voronkyn",
        "Sergei Maximovich Voronkin",
        "Voronkin Sergej Maksimovich",
        "Tarik Yusuf Al-Rashidun",
        "Kestrel Arms Traiding",
        "Zoe Muhlenbrect",
        "Percival Okonjo Drax-Smith",
    ],
)
def test_a_name_that_is_like_a_listed_one_is_for_a_person_to_judge(
    screener: Screener, name: str
) -> None:
    assert outcome(screener, name) == "close"


@pytest.mark.parametrize(
    "name",
    ["Sergej Maximovich Voronkin", "VORONKIN SERGEJ MAXIMOVICH", "Serge Voronkine", "zoe nullbyte"],
)
def test_a_listed_name_or_alias_is_found_whatever_its_order(screener: Screener, name: str) -> None:
    assert outcome(screener, name) == "exact"


@pytest.mark.parametrize(
    "name",
    [
        "Anna Albers",
        "Sergej",  # one name of many
        "Ingrid Hansen",
        "Tariq Hassan",
        "Maximilian Voss",
        "Ultramar",
        "Global Arms",
        "MV Grey Heron",  # a ship sends no money
        "Zoe",
        "李 小龙",
        "?!",
    ],
)
def test_others_are_left_in_peace(screener: Screener, name: str) -> None:
    assert outcome(screener, name) == "none"


def test_every_name_of_the_list_finds_itself(screener: Screener) -> None:
    for listed in sdn.read(LIST).names:
        assert outcome(screener, listed.name) == "exact"


def test_the_most_serious_outcome_of_all_parties_counts(screener: Screener) -> None:
    close, exact = "Sergej Voronkin", "Ingrid Marie Halvorsen"
    parties = [("payer", "Anna Albers"), ("payee", close), ("payee", exact)]
    found = screener.screen("s", {"asked": 1}, parties)
    assert [each.outcome for each in found.parties] == ["none", "close", "exact"]
    assert (found.outcome, found.request) == ("exact", {"asked": 1})
    no = screening.refusal_of(found)
    assert no is not None
    assert no.reason == "sanctions_match"
    assert no.detail == (
        "The payee has the name of entry 9010, HALVORSEN, Ingrid Marie (DEMO-GLOBAL)."
    )
    assert screening.refusal_of(screener.screen("s", {}, parties[:2])) is None


def test_whatever_is_close_is_found_by_way_of_any_of_its_words(screener: Screener) -> None:
    """The words by which names are looked up lose none that a look at every name would find."""
    for listed in sdn.read(LIST).names:
        for name in (listed.name[:-1], listed.name.replace("E", "I"), f"{listed.name} JR"):
            [found] = screener.screen("s", {}, [("payee", name)]).parties
            close = [n for n in sdn.read(LIST).names if likeness(name, n.name) >= screening.CLOSE]
            assert len(found.matches) == min(len(close), 5)


def test_matches_are_told_best_first(screener: Screener) -> None:
    [party] = screener.screen("s", {}, [("payee", "Sergej Voronkin")]).parties
    assert [match.number for match in party.matches][:1] == ["9001"]
    assert party.matches == sorted(party.matches, key=lambda match: -match.likeness)
    assert party.matches[0].likeness >= screening.CLOSE


def test_the_list_is_in_the_published_format() -> None:
    with LIST.open(newline="") as file:
        assert {len(row) for row in csv.reader(file)} == {12}
    kept = sdn.read(LIST)
    assert len(kept.version) == 12
    assert "-0-" not in {each.program for each in kept.names}
    assert [each.name for each in kept.names if each.alias] == [
        "VORONKINE, Serge",
        "KESTREL DEFENCE SUPPLY",
        "NULLBYTE, Zoe",
    ]


def test_a_list_as_it_is_published_is_read_without_aliases_too(tmp_path: Path) -> None:
    row = '36,"AEROCARIBBEAN AIRLINES",-0- ,"CUBA",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n\x1a'
    (tmp_path / "sdn.csv").write_text(row)
    [listed] = sdn.read(tmp_path / "sdn.csv").names
    assert (listed.number, listed.name, listed.program) == ("36", "AEROCARIBBEAN AIRLINES", "CUBA")


@pytest.mark.parametrize("text", ["", "1,2,3\n", "name,type\nx,y\n"])
def test_what_has_not_the_format_is_no_list(tmp_path: Path, text: str) -> None:
    (tmp_path / "sdn.csv").write_text(text)
    with pytest.raises(ValueError, match=r"sdn\.csv"):
        sdn.read(tmp_path / "sdn.csv")


def test_another_list_has_another_version(tmp_path: Path) -> None:
    text = LIST.read_text()
    (tmp_path / "sdn.csv").write_text(text + text.splitlines()[0].replace("9001", "9999") + "\n")
    assert sdn.read(tmp_path / "sdn.csv").version != sdn.read(LIST).version
