"""A trip without an engine: its rows as plain functions that call the services' own HTTP.

A row is what this system does in one activity, and what a peer does in one durable step. Refusals
are values, so that an engine puts them on record and tries only faults again; `done` turns one into
an exception where the workflow decides what follows.
"""

import asyncio
import os
from collections.abc import Awaitable
from typing import Any

import aiohttp
import orjson

Row = dict[str, Any]
Order = dict[str, Any]

FLIGHT, HOTEL, PAYMENT, NOTIFICATION = (
    os.environ.get(name, "")
    for name in ("FLIGHT_URL", "HOTEL_URL", "PAYMENT_URL", "NOTIFICATION_URL")
)
TIMEOUT_SECONDS = 10.0
_JSON = {"Content-Type": "application/json"}

_sessions: dict[asyncio.AbstractEventLoop, aiohttp.ClientSession] = {}


class Refused(Exception):
    """A service said no; the trip is undone."""


async def search(order: Order) -> Row:
    """Find the cheapest flight and hotel that fit."""
    found = await _both(
        _call("POST", f"{FLIGHT}/search", order["flight"]),
        _call("POST", f"{HOTEL}/search", order["hotel"]),
    )
    if "refusal" in found:
        return found
    if not all(answer["offers"] for answer in found.values()):
        return {"refusal": "sold_out"}
    return {kind: min(answer["offers"], key=_price) for kind, answer in found.items()}


async def hold(trip_id: str, order: Order, offers: Row) -> Row:
    """Hold what was found."""
    flight = order["flight"] | {"offerId": offers["flight"]["offerId"]}
    hotel = order["hotel"] | {"offerId": offers["hotel"]["offerId"]}
    return await _both(
        _call("PUT", f"{FLIGHT}/reservations/{trip_id}:flight", flight),
        _call("PUT", f"{HOTEL}/reservations/{trip_id}:hotel", hotel),
    )


async def charge(trip_id: str, order: Order, held: Row) -> Row:
    """Charge what is held."""
    body = {
        "customerId": order["customerId"],
        "amount": total(held),
        "paymentMethod": order["paymentMethod"],
    }
    return await _call("PUT", f"{PAYMENT}/charges/{trip_id}:payment", body)


async def confirm(trip_id: str) -> Row:
    """Confirm both reservations."""
    return await _both(
        _call("POST", f"{FLIGHT}/reservations/{trip_id}:flight/confirm"),
        _call("POST", f"{HOTEL}/reservations/{trip_id}:hotel/confirm"),
    )


async def send(trip_id: str, order: Order, booked: Row) -> Row:
    """Tell the customer."""
    flight, hotel = booked["flight"], booked["hotel"]
    body = {
        "template": "confirmation",
        "to": order["customerEmail"],
        "tripId": trip_id,
        "flight": {
            "reservationId": flight["id"],
            "passengers": flight["passengers"],
            "price": flight["price"],
            **_only(flight["flight"], "number", "from", "to", "departure", "arrival"),
        },
        "hotel": {
            "reservationId": hotel["id"],
            "guests": hotel["guests"],
            "price": hotel["price"],
            **_only(hotel["stay"], "name", "city", "checkIn", "checkOut"),
        },
        "total": total(booked),
    }
    return await _call("PUT", f"{NOTIFICATION}/notifications/{trip_id}:confirmation", body)


async def cancel(trip_id: str) -> Row:
    """Undo `hold`, whether or not it was done."""
    return await _both(
        _call("POST", f"{FLIGHT}/reservations/{trip_id}:flight/cancel"),
        _call("POST", f"{HOTEL}/reservations/{trip_id}:hotel/cancel"),
    )


async def refund(trip_id: str) -> Row:
    """Undo `charge`, whether or not it was done."""
    return await _call("POST", f"{PAYMENT}/charges/{trip_id}:payment/refund")


def done(row: Row) -> Row:
    """Return the row as it is. Raises Refused."""
    if "refusal" in row:
        raise Refused(row["refusal"])
    return row


def total(held: Row) -> dict[str, Any]:
    """Return what both reservations cost."""
    flight, hotel = held["flight"]["price"], held["hotel"]["price"]
    return {"amount": flight["amount"] + hotel["amount"], "currency": flight["currency"]}


def confirmed(trip_id: str, booked: Row) -> Row:
    """Return the answer to a booking that worked."""
    return {"tripId": trip_id, "status": "confirmed", "total": total(booked), **booked}


def called_off(trip_id: str, why: Exception) -> Row:
    """Return the answer to a booking that was undone."""
    return {"tripId": trip_id, "status": "rejected", "detail": str(why)}


async def close() -> None:
    """Close the session of the running loop."""
    if session := _sessions.pop(asyncio.get_running_loop(), None):
        await session.close()


async def _both(flight: Awaitable[Row], hotel: Awaitable[Row]) -> Row:
    """Make both calls and wait for both, so that no undo can overtake one of them."""
    answers = await asyncio.gather(flight, hotel, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
        if "refusal" in answer:
            return answer
    return dict(zip(("flight", "hotel"), answers, strict=True))


async def _call(verb: str, url: str, body: dict[str, Any] | None = None) -> Row:
    """Return the answer, or a refusal with its reason code. Raises ClientError for a fault."""
    data = None if body is None else orjson.dumps(body)
    async with _session().request(verb, url, data=data, headers=_JSON) as answer:
        content: Row = orjson.loads(await answer.read())
        if 400 <= answer.status < 500 and "reason" in content:
            return {"refusal": content["reason"]}
        answer.raise_for_status()
        return content


def _session() -> aiohttp.ClientSession:
    loop = asyncio.get_running_loop()
    if loop not in _sessions:
        _sessions[loop] = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
            connector=aiohttp.TCPConnector(limit=0),
        )
    return _sessions[loop]


def _price(offer: Row) -> int:
    amount: int = offer["price"]["amount"]
    return amount


def _only(value: Row, *names: str) -> Row:
    return {name: value[name] for name in names}
