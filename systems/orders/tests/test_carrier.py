"""What the carrier tells of parcels, through its webhook: twice, in any order, good and bad."""

from collections.abc import Iterator
from contextlib import contextmanager

from systems.orders.tests.shop import (
    BOWL,
    KETTLE,
    PRICES,
    SCALE,
    SHIPPING,
    Json,
    Shop,
    job_about,
    lines,
)


@contextmanager
def handed_over(shop: Shop, order_id: str, **wanted: int) -> Iterator[None]:
    """Have an order with the carrier, who tells nothing but what the test tells for him."""
    with shop.proxies[SHIPPING].fault("held", job_about(order_id)):
        shop.place(order_id, lines(**wanted))
        shop.at(order_id, "carrier")
        yield


def test_events_that_come_twice_and_out_of_order_tell_the_same(shop: Shop) -> None:
    order_id = shop.order_id("jumbled")
    with handed_over(shop, order_id, kettle=1, scale=1):
        for status, hour in (("delivered", 9), ("in_transit", 7), ("delivered", 9)):
            answer = shop.carrier_tells(order_id, 1, status, hour)
            assert (answer.status_code, answer.json()["status"]) == (200, "delivered")
        order = shop.ended(order_id)
        answer = shop.carrier_tells(order_id, 1, "in_transit", 8)
        assert answer.json()["status"] == "delivered"
    assert order["status"] == "fulfilled"
    [label] = shop.labels(order_id).values()
    assert [event["status"] for event in label["events"]] == [
        "in_transit",
        "in_transit",
        "delivered",
    ]
    assert shop.net(order_id) == PRICES[KETTLE] + PRICES[SCALE]


def test_an_event_id_that_was_another_event_is_refused(shop: Shop) -> None:
    order_id = shop.order_id("twice")
    with handed_over(shop, order_id, kettle=1):
        shop.carrier_tells(order_id, 1, "in_transit", 7, "e1").raise_for_status()
        answer = shop.carrier_tells(order_id, 1, "delivered", 8, "e1")
        assert (answer.status_code, answer.json()["reason"]) == (409, "event_conflict")
        shop.at(order_id, "carrier")
        shop.carrier_tells(order_id, 1, "delivered", 9).raise_for_status()
        assert shop.ended(order_id)["status"] == "fulfilled"


def test_a_lost_parcel_is_refunded_and_the_other_is_not(shop: Shop) -> None:
    """The second parcel's word comes first, and is kept until it is waited for."""
    order_id = shop.order_id("lost")
    shop.have(BOWL, osaka=1)
    with handed_over(shop, order_id, bowl=1, kettle=1):
        bowl = next(p for p in parcels(shop, order_id) if p["lines"][0]["sku"] == BOWL)["number"]
        shop.carrier_tells(order_id, bowl, "lost", 9).raise_for_status()
        shop.carrier_tells(order_id, 3 - bowl, "in_transit", 7).raise_for_status()
        shop.carrier_tells(order_id, 3 - bowl, "delivered", 9).raise_for_status()
        order = shop.ended(order_id)
    assert order["status"] == "fulfilled"
    assert shop.net(order_id) == PRICES[KETTLE]
    assert shop.stock()[BOWL]["onHand"] == 0
    assert shop.mails_of(order_id) == ["on-its-way", "refunded"]


def test_a_parcel_that_comes_back_is_refunded_and_on_hand_again(shop: Shop) -> None:
    order_id = shop.order_id("back")
    shop.have(BOWL, osaka=2)
    with handed_over(shop, order_id, bowl=2):
        shop.carrier_tells(order_id, 1, "in_transit", 7).raise_for_status()
        shop.carrier_tells(order_id, 1, "returned", 9).raise_for_status()
        order = shop.ended(order_id)
    assert order["status"] == "fulfilled"
    assert shop.net(order_id) == 0
    assert shop.stock()[BOWL]["onHand"] == 2


def test_an_event_of_an_unknown_parcel_is_refused(shop: Shop) -> None:
    body = {
        "eventId": "e1",
        "trackingNumber": "RR000000000DE",
        "status": "lost",
        "at": "2030-01-01T00:00:00Z",
    }
    assert shop.services[SHIPPING].post("/carrier-events", json=body).status_code == 404


def parcels(shop: Shop, order_id: str) -> list[Json]:
    kept = shop.reservation(order_id)
    assert kept is not None
    found: list[Json] = kept["parcels"]
    return found
