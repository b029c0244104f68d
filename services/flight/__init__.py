"""FlightService: search and two-phase reservations of seats."""
