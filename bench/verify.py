"""After a run, outside the measured time: whether its trips are whole in the services' own eyes."""

import asyncio
import random
import re
from collections import Counter
from collections.abc import Sequence
from email import message_from_bytes
from pathlib import Path

import aiohttp

from bench.load import RunFailed
from bench.place import Headers, Place

_SAMPLE = 100
_AT_ONCE = 16
_RESOURCES = (
    ("flight-service", "reservations/{}:flight", "confirmed"),
    ("hotel-service", "reservations/{}:hotel", "confirmed"),
    ("payment-service", "charges/{}:payment", "charged"),
    ("notification-service", "notifications/{}:confirmation", "sent"),
)


async def verify(run: str, trips: Sequence[str], place: Place) -> None:
    """Check that every trip of a run had exactly one mail, and a sample of them with each service.

    Raises RunFailed.
    """
    _check_mails(run, trips, place.mails)
    turns = asyncio.Semaphore(_AT_ONCE)
    async with aiohttp.ClientSession() as session:

        async def check(trip_id: str) -> None:
            async with turns:
                for app_id, path, wanted in _RESOURCES:
                    url = f"{place.services[app_id]}/{path.format(trip_id)}"
                    status = await _status(session, url, place.headers(app_id))
                    if status != wanted:
                        raise RunFailed(f"Of trip {trip_id}, {url} is {status}, not {wanted}.")

        await asyncio.gather(*map(check, random.sample(trips, min(_SAMPLE, len(trips)))))


async def _status(session: aiohttp.ClientSession, url: str, shown: Headers) -> str:
    try:
        async with session.get(url, headers=shown) as answer:
            return str((await answer.json()).get("status"))
    except (aiohttp.ClientError, TimeoutError) as fault:
        raise RunFailed(f"{url} had no answer: {fault!r}") from fault


def _check_mails(run: str, trips: Sequence[str], mails: Path) -> None:
    kept = mails.glob(f"Your-trip-{run}-*-is-confirmed-*.eml")
    sent = Counter(trip_of(mail.read_bytes()) for mail in kept)
    wrong = [trip_id for trip_id in trips if sent[trip_id] != 1]
    if wrong:
        raise RunFailed(
            f"{len(wrong)} trips had not exactly one mail; {wrong[0]} had {sent[wrong[0]]}."
        )


def trip_of(mail: bytes) -> str:
    """Return the id of the trip that a mail tells of: it has a link to its own calendar file."""
    body = message_from_bytes(mail).get_payload(decode=True)
    assert isinstance(body, bytes), "a mail has one part"
    link = re.search(rb"/notifications/([^:/]+):confirmation/", body)
    return link[1].decode() if link else ""
