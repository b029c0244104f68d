"""A confirmed trip as calendar entries (RFC 5545): the flight, and the nights in the hotel."""

from datetime import UTC, datetime

from icalendar import Calendar, Event

from services.notification.models import Confirmation


def entries(trip: Confirmation, made_at: datetime) -> bytes:
    """Return a calendar file of the trip. Ids come from the reservations, so importing it twice
    changes nothing."""
    calendar = Calendar()
    calendar.add("prodid", "-//Travel booking//trips//EN")
    calendar.add("version", "2.0")
    calendar.add_component(_flight(trip, made_at))
    calendar.add_component(_stay(trip, made_at))
    return bytes(calendar.to_ical())


def _flight(trip: Confirmation, made_at: datetime) -> Event:
    flight = trip.flight
    event = _event(flight.reservation_id, made_at)
    event.add("summary", f"Flight {flight.number} {flight.origin} to {flight.destination}")
    # An offset is no time zone: only as UTC do calendars read it right, and show it locally.
    event.add("dtstart", flight.departure.astimezone(UTC))
    event.add("dtend", flight.arrival.astimezone(UTC))
    event.add("location", flight.origin)
    event.add("description", f"Reservation {flight.reservation_id}, {flight.passengers} passengers")
    return event


def _stay(trip: Confirmation, made_at: datetime) -> Event:
    hotel = trip.hotel
    event = _event(hotel.reservation_id, made_at)
    event.add("summary", hotel.name)
    event.add("dtstart", hotel.check_in)
    event.add("dtend", hotel.check_out)
    event.add("location", hotel.city)
    event.add("description", f"Reservation {hotel.reservation_id}, {hotel.guests} guests")
    return event


def _event(reservation_id: str, made_at: datetime) -> Event:
    event = Event()
    event.add("uid", reservation_id)
    event.add("dtstamp", made_at)
    return event
