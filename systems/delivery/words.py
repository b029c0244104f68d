"""How deliveries speak to people, and one that works as it stands."""

import json
from pathlib import Path
from typing import Any

from sagas import Words

EXAMPLE: dict[str, Any] = json.loads((Path(__file__).parent / "sample.json").read_text())

WORDS = Words(
    begin="order",
    begun="ordered",
    owner="customer",
    requests="orders",
    reasons={
        "unknown_restaurant": "there is no such restaurant",
        "unknown_dish": "a dish is not on the menu",
        "restaurant_closed": "the restaurant is closed",
        "out_of_zone": "the restaurant does not deliver there",
        "card_declined": "the card was declined",
        "insufficient_funds": "the card has not enough on it",
        "unknown_payment_method": "there is no such payment method",
        "answer_timed_out": "the restaurant did not answer in time",
        "denied": "the restaurant could not take the order",
        "failed": "the kitchen could not cook it",
        "food_timed_out": "the food was not ready in time",
        "no_driver": "no driver was found",
    },
)
