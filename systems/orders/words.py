"""How orders speak to people, and an order that works as it stands."""

import json
from pathlib import Path
from typing import Any

from sagas import Words

EXAMPLE: dict[str, Any] = json.loads((Path(__file__).parent / "sample.json").read_text())

WORDS = Words(
    begin="place",
    begun="placed",
    owner="customer",
    requests="orders",
    reasons={
        "invalid_address": "nothing can be sent to that address",
        "unknown_sku": "an article is not in the catalogue",
        "out_of_stock": "not all of it was in stock",
        "short": "not all of it was in stock",
        "short_pick": "an article could not be found in the warehouse",
        "card_declined": "the card was declined",
        "insufficient_funds": "the card has not enough on it",
        "unknown_payment_method": "there is no such payment method",
        "authorisation_expired": "the card's authorisation had run out",
        "packed_timed_out": "the warehouse did not pack it in time",
        "too_heavy": "a parcel is too heavy for the carrier",
    },
)
