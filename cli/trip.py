"""``trip``: book trips and look after them."""

import secrets
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated

import typer

from cli.client import DEFAULT_URL
from cli.commands import (
    Json,
    Key,
    NoWait,
    Voice,
    add_cancel,
    add_list,
    add_resume,
    add_show,
    add_watch,
)
from cli.exits import OK, WRONG, stop
from cli.models import Case, Kind
from cli.show import Showing, money, show


def _where(trip: Case) -> str:
    flight, hotel = trip.body["request"]["flight"], trip.body["request"]["hotel"]
    return f"{flight['from']} → {flight['to']}, {hotel['city']}"


def _price(trip: Case) -> Iterator[str]:
    if total := trip.more.get("total"):
        charge = trip.more.get("charge") or {}
        yield f"{money(total)}  {charge.get('status', 'not charged')}"


VOICE = Voice(
    noun="trip",
    owner="customer",
    variable="TRIP_URL",
    tells_url=False,
    kind=Kind(noun="trip", nouns="trips", done="confirmed", owner="customerId"),
    showing=Showing(headline=_where, facts=_price, columns=["total"], created="booked"),
)

_CODES = (
    "Exit codes: 0 done (of book, show and watch: confirmed). 1 not booked, or cancelled. "
    "2 the request was wrong. 3 nobody answers, or not now: ask again. "
    "4 still running, or needs attention. "
    f"TRIP_URL says where the orchestrator is; {DEFAULT_URL} unless set. "
    "SAGA_KEY, or --key, says who you are, where people are asked."
)

app = typer.Typer(
    help="Book trips and look after them.",
    epilog=_CODES,
    no_args_is_help=True,
    add_completion=False,
)

Url = Annotated[str, VOICE.url]


@app.command()
def book(
    origin: Annotated[str, typer.Option("--from", help="Airport, IATA code.")],
    to: Annotated[str, typer.Option(help="Airport, IATA code.")],
    city: Annotated[str, typer.Option(help="City of the hotel.")] = "",
    day: Annotated[str, typer.Option("--date", help="Departure, YYYY-MM-DD.")] = "",
    nights: Annotated[int, typer.Option(help="Nights in the hotel.", min=1)] = 3,
    people: Annotated[int, typer.Option(help="Passengers and guests, 1 to 9.")] = 2,
    customer: Annotated[str, typer.Option(help="Customer id.")] = "customer-123",
    email: Annotated[str, typer.Option(help="Where mails go.")] = "alice@example.com",
    card: Annotated[str, typer.Option(help="Payment method.")] = "pm_card_visa",
    trip_id: Annotated[str, typer.Option("--id", help="The idempotency key.")] = "",
    no_wait: NoWait = False,
    as_json: Json = False,
    url: Url = DEFAULT_URL,
    key: Key = "",
) -> None:
    """Book a trip, and wait for its end."""
    trip_id = trip_id or f"trip-{secrets.token_hex(4)}"
    leaves = _date(day) if day else date.today() + timedelta(days=30)
    request = {
        "customerId": customer,
        "customerEmail": email,
        "paymentMethod": card,
        "flight": {"from": origin, "to": to, "date": leaves.isoformat(), "passengers": people},
        "hotel": {
            "city": city or _city_of(to),
            "checkIn": leaves.isoformat(),
            "checkOut": (leaves + timedelta(days=nights)).isoformat(),
            "guests": people,
        },
    }
    trip = VOICE.client(url, key).begin(trip_id, request, wait=not no_wait)
    show(trip, as_json, VOICE.showing)
    raise typer.Exit(OK if no_wait else trip.exit_code)


add_show(app, VOICE)
add_watch(app, VOICE)
add_cancel(app, VOICE)


@app.command()
def approve(
    trip_id: Annotated[str, VOICE.argument],
    by: Annotated[str, typer.Option(help="Who decides; with a key, whose it is.")] = "",
    refuse: Annotated[bool, typer.Option("--refuse", help="Refuse instead.")] = False,
    as_json: Json = False,
    url: Url = DEFAULT_URL,
    key: Key = "",
) -> None:
    """Approve a trip that waits for it, or refuse to."""
    decision = {"approved": not refuse} | ({"by": by} if by else {})
    show(VOICE.client(url, key).tell(trip_id, "approval", decision), as_json, VOICE.showing)


add_resume(app, VOICE)
add_list(app, VOICE)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        stop(WRONG, f"{text} is no date; write YYYY-MM-DD.")


def _city_of(airport: str) -> str:
    import airportsdata

    row = airportsdata.load("IATA").get(airport.upper())
    return row["city"] if row else ""


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
