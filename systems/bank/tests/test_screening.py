"""Names on a sanctions list, and names that are like them."""

import csv
import hashlib
from pathlib import Path

import pytest

from systems.bank.compliance import screening, sdn
from systems.bank.compliance.screening import Screener
from systems.bank.compliance.sdn import Listed, SanctionsList
from systems.bank.names import likeness, words

LIST = Path(sdn.__file__).parent / "sdn.csv"


@pytest.fixture
def screener() -> Screener:
    return Screener(sdn.read(LIST))


def outcome(screener: Screener, name: str) -> str:
    return screener.screen("s", {}, [("payee", name)]).outcome


def screener_of(*names: str) -> Screener:
    listed = tuple(Listed(str(number), name, "DEMO") for number, name in enumerate(names))
    return Screener(SanctionsList(listed, "v1"))


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


def test_a_word_counts_from_85_of_100_on() -> None:
    assert likeness("Christie", "Christoforov") == 0.85
    assert likeness("Annie", "Annabell") == 0.0  # 0.84


@pytest.mark.parametrize(
    ("one", "other", "letters"),
    [
        ("Ann Annika", "Annika Berg", 6 / 9),
        ("Annabell Annie", "Annabell Tom", 8 / 13),
    ],
)
def test_a_long_word_is_paired_before_a_short_one_that_is_like_its_partner(
    one: str, other: str, letters: float
) -> None:
    assert likeness(one, other) == pytest.approx(letters)


def test_a_name_of_one_word_counts_for_less_only_if_the_other_has_more() -> None:
    assert likeness("Lantern", "LANTERN LLC") == 1.0
    assert likeness("Lantern", "Lantern Road") == 0.8


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


def test_a_name_is_close_from_88_of_100_on() -> None:
    listed = screener_of("Maximilian Schmidtbauer Tom")  # 22 letters of 25
    assert outcome(listed, "Maximilian Schmidtbauer Eva") == "close"
    assert outcome(listed, "Maximilian Schmidtbauer Olga") == "none"


def test_a_close_name_is_found_among_many_with_words_that_are_more_like() -> None:
    others = ("VORONKINA, Anna", "VORONKINE, Olga", "VORONKINS, Piet", "VORONKINO, Ugo")
    listed = screener_of(*others, "VORONKINI, Luca", "VORONKYN LLC")
    [party] = listed.screen("s", {}, [("payee", "Voronkin")]).parties
    assert [match.name for match in party.matches] == ["VORONKYN LLC"]


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
    [party] = screener.screen("s", {}, [("payee", "Kestrel Arms Traiding")]).parties
    assert [match.likeness for match in party.matches] == [0.974]


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
    assert Listed("9001", "VORONKINE, Serge", "DEMO-GLOBAL", alias=True) in kept.names
    assert Listed("9001", "VORONKIN, Sergej Maximovich", "DEMO-GLOBAL") in kept.names


def test_a_list_as_it_is_published_is_read_without_aliases_too(tmp_path: Path) -> None:
    row = '36,"AEROCARIBBEAN AIRLINES",-0- ,"CUBA",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n\x1a'
    (tmp_path / "sdn.csv").write_text(row)
    [listed] = sdn.read(tmp_path / "sdn.csv").names
    assert (listed.number, listed.name, listed.program) == ("36", "AEROCARIBBEAN AIRLINES", "CUBA")


def test_an_alias_needs_no_remarks_and_is_of_a_listed_entry(tmp_path: Path) -> None:
    (tmp_path / "sdn.csv").write_text(_row("36", "AEROCARIBBEAN"))
    (tmp_path / "alt.csv").write_text('36,1,"aka","CARIBAIR"\n37,2,"aka","NOBODY"\n')
    assert [each.name for each in sdn.read(tmp_path / "sdn.csv").names] == [
        "AEROCARIBBEAN",
        "CARIBAIR",
    ]


def test_what_is_between_the_rows_and_in_another_encoding_hides_no_entry(tmp_path: Path) -> None:
    rows = [_row("36", "MÜLLER"), "", "   ", _row("37", "MEIER", "-0- ")]
    (tmp_path / "sdn.csv").write_text("\r\n".join(rows), encoding="latin-1")
    assert [(each.number, each.program) for each in sdn.read(tmp_path / "sdn.csv").names] == [
        ("36", "CUBA"),
        ("37", ""),
    ]


@pytest.mark.parametrize("text", ["", "1,2,3\n", "name,type\nx,y\n"])
def test_what_has_not_the_format_is_no_list(tmp_path: Path, text: str) -> None:
    (tmp_path / "sdn.csv").write_text(text)
    with pytest.raises(ValueError, match=r"sdn\.csv"):
        sdn.read(tmp_path / "sdn.csv")


def test_another_list_has_another_version(tmp_path: Path) -> None:
    text = LIST.read_text()
    (tmp_path / "sdn.csv").write_text(text + text.splitlines()[0].replace("9001", "9999") + "\n")
    assert sdn.read(tmp_path / "sdn.csv").version != sdn.read(LIST).version


def test_a_version_is_of_the_entries_and_of_the_aliases(tmp_path: Path) -> None:
    both = [_row("36", "AEROCARIBBEAN"), '36,1,"aka","CARIBAIR"\n']
    for name, text in zip(("sdn.csv", "alt.csv"), both, strict=True):
        (tmp_path / name).write_text(text)
    hashed = hashlib.sha256("".join(both).encode()).hexdigest()
    assert sdn.read(tmp_path / "sdn.csv").version == hashed[:12]


def _row(number: str, name: str, program: str = "CUBA") -> str:
    return f'{number},"{name}",-0- ,"{program}"' + ",-0- " * 8
