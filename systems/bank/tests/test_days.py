"""Booking days and value dates."""

from datetime import UTC, date, datetime

import pytest

from systems.bank.accounts.days import booking_day, value_date


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 7, 1, 21, 59, tzinfo=UTC), date(2026, 7, 1)),
        (datetime(2026, 7, 1, 22, 0, tzinfo=UTC), date(2026, 7, 2)),  # midnight in summer
        (datetime(2026, 12, 1, 22, 59, tzinfo=UTC), date(2026, 12, 1)),
        (datetime(2026, 12, 1, 23, 0, tzinfo=UTC), date(2026, 12, 2)),  # midnight in winter
    ],
)
def test_a_banks_day_begins_at_its_midnight(at: datetime, day: date) -> None:
    assert booking_day(at) == day


@pytest.mark.parametrize(
    ("booked", "value"),
    [
        (date(2026, 11, 24), date(2026, 11, 24)),  # a Tuesday
        (date(2026, 11, 28), date(2026, 11, 30)),  # a Saturday
        (date(2026, 11, 29), date(2026, 11, 30)),  # a Sunday
        (date(2026, 4, 3), date(2026, 4, 7)),  # Good Friday to Easter Monday
        (date(2026, 5, 1), date(2026, 5, 4)),  # Labour Day, a Friday
        (date(2026, 12, 25), date(2026, 12, 28)),
        (date(2027, 1, 1), date(2027, 1, 4)),
        (date(2026, 10, 3), date(2026, 10, 5)),  # a Saturday; a holiday of one country is none
        (date(2025, 10, 3), date(2025, 10, 3)),
    ],
)
def test_money_counts_from_the_next_day_on_which_target_is_open(booked: date, value: date) -> None:
    assert value_date(datetime(booked.year, booked.month, booked.day, 12, tzinfo=UTC)) == value
