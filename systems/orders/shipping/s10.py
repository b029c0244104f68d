"""Tracking numbers of the Universal Postal Union: two letters, eight digits, a check digit, and the
country that sends. Source: UPU standard S10, "Identification of postal items"."""

_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)


def check_digit(serial: str) -> int:
    """Return the check digit of eight digits."""
    rest = 11 - sum(w * int(d) for w, d in zip(_WEIGHTS, serial, strict=True)) % 11
    return {10: 0, 11: 5}.get(rest, rest)


def tracking_number(service: str, serial: int, country: str) -> str:
    """Return the number of a parcel, such as ``CP473124829US``; ``serial`` has up to 8 digits."""
    digits = f"{serial:08}"
    return f"{service}{digits}{check_digit(digits)}{country}"
