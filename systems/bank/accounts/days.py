"""Booking days and value dates: a bank's day, and the days on which TARGET settles."""

from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

_ZONE = ZoneInfo("Europe/Berlin")


def booking_day(at: datetime) -> date:
    """Return the day in the banks' time zone."""
    return at.astimezone(_ZONE).date()


def value_date(at: datetime) -> date:
    """Return the day from which the money counts: the booking day, or if TARGET is closed then, the
    next day on which it is open."""
    day = booking_day(at)
    while day.weekday() >= 5 or day in _closed():
        day += timedelta(days=1)
    return day


@cache
def _closed() -> holidays.HolidayBase:
    return holidays.financial_holidays("ECB")
