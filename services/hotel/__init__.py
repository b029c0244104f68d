"""HotelService: search and two-phase reservations of rooms, night by night."""
