"""The words of a trip request: airports, people, offers and payment methods."""

from functools import cache
from typing import Annotated

import airportsdata
from pydantic import AfterValidator, Field, StringConstraints


@cache
def _airports() -> frozenset[str]:
    return frozenset(airportsdata.load("IATA"))


def _real_airport(iata: str) -> str:
    if iata not in _airports():
        raise ValueError(f"there is no airport with the IATA code {iata}")
    return iata


Iata = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z]{3}$"),
    AfterValidator(_real_airport),
    Field(examples=["SFO"]),
]
People = Annotated[int, Field(strict=True, ge=1, le=9)]
OfferId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")]
Method = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,64}$"), Field(examples=["pm_card_visa"])
]
