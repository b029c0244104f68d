"""The steps of a delivery."""

from sagas import Done, Shown, Step
from systems.delivery import phases
from systems.delivery.answers import Asked, Driver, Kitchen, News, Quote
from systems.delivery.participants import DRIVER_SERVICE, PAYMENT, RESTAURANT

# name, service, request, resource, answer, undone by
price = Step("quote", RESTAURANT, "POST quotes", "", Quote)
void = Step(
    "cancel payment",
    PAYMENT,
    "POST payments/{id}/cancel",
    "payment",
    Shown,
    says=phases.fee,
    after=("cancel ticket",),
)
authorise = Step("authorise", PAYMENT, "PUT payments/{id}", "payment", Shown, void)
call_off = Step(
    "cancel ticket", RESTAURANT, "POST tickets/{id}/cancel", "ticket", Shown, says=phases.blame
)
send = Step("send order", RESTAURANT, "PUT tickets/{id}", "ticket", Shown, call_off)
withdraw = Step("withdraw offer", DRIVER_SERVICE, "POST offers/{id}/withdraw", "driver", Shown)
offer = Step("offer ride", DRIVER_SERVICE, "PUT offers/{id}", "driver", Asked, withdraw)
OFFERS = [offer.nth(number) for number in range(1, 17)]
pick_up = Step("pick up", DRIVER_SERVICE, "POST offers/{id}/pick-up", "driver", Shown)
hand_over = Step(
    "hand over", RESTAURANT, "POST tickets/{id}/hand-over", "ticket", Shown, pivot=True
)
ride = Step("ride", DRIVER_SERVICE, "POST offers/{id}/ride", "driver", Shown)
capture = Step("capture", PAYMENT, "PUT payments/{case}:payment/captures/{resource}", "bill", Done)
pay_restaurant = Step("pay restaurant", RESTAURANT, "POST tickets/{id}/payout", "ticket", Shown)
pay_driver = Step("pay driver", DRIVER_SERVICE, "POST offers/{id}/payout", "driver", Shown)

_TICKET = (RESTAURANT, "GET tickets/{id}", "ticket", Kitchen)
_OFFER = (DRIVER_SERVICE, "GET offers/{id}", "driver", Driver)
look_for_answer = Step("look for answer", *_TICKET, check=News("sent").kitchen)
look_for_food = Step("look for food", *_TICKET, check=News("sent", "accepted").kitchen)
LOOKS = {
    status: Step(f"look past {status}", *_OFFER, check=News(status).driver)
    for status in ("offered", "accepted", "arrived", "riding")
}
