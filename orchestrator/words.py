"""How trips speak to people, and a trip that works as it stands."""

import json
from pathlib import Path
from typing import Any

from sagas import Words

EXAMPLE: dict[str, Any] = json.loads((Path(__file__).parent / "sample.json").read_text())

WORDS = Words(
    begin="book",
    begun="booked",
    owner="customer",
    requests="bookings",
    reasons={
        "sold_out": "there was nothing left that fits",
        "card_declined": "the card was declined",
        "insufficient_funds": "the card has not enough on it",
        "unknown_payment_method": "there is no such payment method",
        "unknown_city": "no hotels are known in that city",
        "unknown_offer": "there is no such offer",
        "hold_expired": "a hold had run out before it could be confirmed",
        "reservation_cancelled": "a reservation was cancelled elsewhere",
        "approval_refused": "approval was refused",
        "approval_timed_out": "nobody approved it in time",
        "mixed_currencies": "flight and hotel are priced in two currencies",
    },
)
