"""The chain of audit lines: whole as it is, and broken by any change."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from systems.bank.accounts import chain
from systems.bank.accounts.chain import Head, Line

NOW = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)


def made(count: int) -> tuple[list[Line], Head]:
    """Return so many lines, each of a posting of 10, and their end."""
    lines, head = list[Line](), Head()
    for number in range(count):
        legs = [{"account": "cash", "amount": -10}, {"account": "A", "amount": 10}]
        at = NOW + timedelta(seconds=number)
        lines.append(chain.append(head, at, "credited", {"id": f"c{number}", "legs": legs}))
        head = chain.head_of(lines[-1])
    return lines, head


def test_lines_are_numbered_and_each_has_the_hash_of_the_one_before() -> None:
    lines, head = made(3)
    assert [line.number for line in lines] == [1, 2, 3]
    assert [line.previous for line in lines] == [chain.GENESIS, lines[0].hash, lines[1].hash]
    assert head == Head(number=3, hash=lines[2].hash)
    assert chain.faults(lines, head, {}) == []
    assert chain.faults([], Head(), {}) == []


def test_a_hash_is_over_all_of_a_line_in_a_way_that_others_can_compute() -> None:
    """SHA-256 of the JSON list of number, time, event, facts (names sorted) and previous hash."""
    line = chain.append(Head(number=4, hash="ab"), NOW, "held", {"z": "Zoë", "a": [1, None]})
    said = '[5,"2026-11-24T12:00:00.123456+00:00","held",{"a":[1,null],"z":"Zoë"},"ab"]'
    assert line.hash == hashlib.sha256(said.encode()).hexdigest()
    assert (line.number, line.previous, line.facts) == (5, "ab", {"z": "Zoë", "a": [1, None]})


def test_a_line_that_was_stored_and_read_has_the_same_hash() -> None:
    lines, head = made(2)
    read = [Line.model_validate_json(line.model_dump_json()) for line in lines]
    assert chain.faults(read, head, {}) == []


CHANGES: list[dict[str, Any]] = [
    {"at": NOW + timedelta(microseconds=1)},
    {"event": "debited"},
    {"facts": {"id": "c1", "legs": []}},
    {"previous": "0" * 64},
    {"hash": "f" * 64},
    {"number": 7},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_a_line_that_was_changed_is_found(change: dict[str, Any]) -> None:
    lines, head = made(4)
    lines[1] = lines[1].model_copy(update=change)
    assert any("2" in fault for fault in chain.faults(lines, head, {}))


@given(st.integers(0, 5))
def test_a_line_that_was_left_out_is_found(gone: int) -> None:
    lines, head = made(6)
    del lines[gone]
    assert chain.faults(lines, head, {})


def test_a_line_that_was_left_out_is_named() -> None:
    lines, head = made(3)
    assert "line 2 is missing: 3 follows" in chain.faults([lines[0], lines[2]], head, {})
    assert chain.faults(lines[:2], head, {}) == ["the chain ends with line 2, and should with 3"]


def test_lines_that_changed_places_are_found() -> None:
    lines, head = made(3)
    assert chain.faults([lines[0], lines[2], lines[1]], head, {})


def test_a_chain_made_anew_is_found_by_what_was_noted() -> None:
    lines, head = made(5)
    noted = {3: lines[2].hash}
    assert chain.faults(lines, head, noted) == []
    assert chain.faults(lines, head, {5: head.hash}) == []
    first = lines[:1]
    forged, end = list(first), chain.head_of(first[0])
    for line in lines[1:]:
        forged.append(chain.append(end, line.at, line.event, {"id": "forged"}))
        end = chain.head_of(forged[-1])
    assert chain.faults(forged, end, {}) == []
    assert chain.faults(forged, end, noted) == ["line 3 has not the hash that was noted"]
    assert chain.faults(first, chain.head_of(first[0]), noted) == [
        "line 3, whose hash was noted, is missing"
    ]


def test_the_postings_of_all_lines_come_to_the_balances() -> None:
    lines, _ = made(3)
    assert chain.balances(lines) == {"cash": -30, "A": 30}
