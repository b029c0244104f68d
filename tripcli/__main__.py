"""``trip``: book trips and look after them."""

import secrets
from datetime import date, timedelta
from typing import Annotated, Any

import typer

from tripcli import client

_CODES = (
    "Exit codes: 0 done (of book, show and watch: confirmed). 1 not booked, or cancelled. "
    "2 the request was wrong. 3 nobody answers, or not now: ask again. "
    "4 still running, or needs attention. "
    "TRIP_URL says where the orchestrator is; http://127.0.0.1:8080 unless set."
)

app = typer.Typer(
    help="Book trips and look after them.",
    epilog=_CODES,
    no_args_is_help=True,
    add_completion=False,
)

TripId = Annotated[str, typer.Argument(help="The trip's id.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


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
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait for the end.")] = False,
    as_json: Json = False,
) -> None:
    """Book a trip, and wait for its end."""
    trip_id = trip_id or f"trip-{secrets.token_hex(4)}"
    leaves = _date(day) if day else date.today() + timedelta(days=30)
    body = {
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
    headers = {"Prefer": "respond-async"} if no_wait else {}
    trip = client.trip_of(client.ask("PUT", f"/trips/{trip_id}", json=body, headers=headers))
    client.show(trip, as_json)
    raise typer.Exit(client.OK if no_wait else client.exit_code(trip))


@app.command()
def show(trip_id: TripId, as_json: Json = False) -> None:
    """Show a trip."""
    trip = client.trip_of(client.ask("GET", f"/trips/{trip_id}"))
    client.show(trip, as_json)
    raise typer.Exit(client.exit_code(trip))


@app.command()
def watch(trip_id: TripId, as_json: Json = False) -> None:
    """Print what happens to a trip as it happens, until its end."""
    for event in client.events(trip_id):
        client.show_event(event, as_json)
    trip = client.trip_of(client.ask("GET", f"/trips/{trip_id}"))
    raise typer.Exit(client.exit_code(trip))


@app.command()
def cancel(trip_id: TripId, as_json: Json = False) -> None:
    """Cancel a trip, at whatever point it is."""
    client.show(client.trip_of(client.ask("POST", f"/trips/{trip_id}/cancel")), as_json)


@app.command()
def approve(
    trip_id: TripId,
    by: Annotated[str, typer.Option(help="Who decides.")],
    refuse: Annotated[bool, typer.Option("--refuse", help="Refuse instead.")] = False,
    as_json: Json = False,
) -> None:
    """Approve a trip that waits for it, or refuse to."""
    decision = {"approved": not refuse, "by": by}
    answer = client.ask("POST", f"/trips/{trip_id}/approval", json=decision)
    client.show(client.trip_of(answer), as_json)


@app.command()
def resume(trip_id: TripId, as_json: Json = False) -> None:
    """Let a trip that needs attention go on, once its cause is mended."""
    client.show(client.trip_of(client.ask("POST", f"/trips/{trip_id}/resume")), as_json)


@app.command("list")
def list_trips(
    customer: Annotated[str, typer.Option(help="Only this customer's.")] = "",
    status: Annotated[str, typer.Option(help="Only with this status.")] = "",
    limit: Annotated[int, typer.Option(help="How many at the most.", min=1, max=100)] = 20,
    as_json: Json = False,
) -> None:
    """List trips, newest first."""
    question = {"customerId": customer, "status": status, "limit": limit}
    answer = client.ask("GET", "/trips", params={k: v for k, v in question.items() if v})
    body: dict[str, Any] = answer.json()
    if answer.is_error:
        client.trip_of(answer)
    if as_json:
        client.print_json(body["trips"])
    else:
        client.show_list(body["trips"])


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as bad:
        client.errors.print(f"{text} is no date; write YYYY-MM-DD.")
        raise typer.Exit(client.WRONG) from bad


def _city_of(airport: str) -> str:
    import airportsdata

    row = airportsdata.load("IATA").get(airport.upper())
    return row["city"] if row else ""


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
