"""Orders on the whole system: they go well, and are short, refused, lost or sent back."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from systems.orders.tests.shop import (
    BOWL,
    KETTLE,
    ORCHESTRATOR,
    PAYMENT,
    PRICES,
    SHIPPING,
    WAREHOUSE,
    Shop,
    job_about,
    lines,
)
from tests.support.fault_proxy import about
from tests.support.waiting import until


def test_an_order_goes_well(shop: Shop) -> None:
    order_id = shop.order_id()
    answer = shop.put(order_id, shop.request(order_id), prefer="")
    assert answer.status_code == 200, answer.text
    order = answer.json()
    assert order["status"] == "fulfilled"
    assert len(shop.picks(order_id)) == 2
    assert order["total"]["amount"] == shop.net(order_id) == 4 * 1850 + 6900 + 8450
    assert not order["compensations"]


def test_the_same_order_twice_at_once_is_one(shop: Shop) -> None:
    order_id = shop.order_id()
    body = shop.request(order_id)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: shop.put(order_id, body, prefer=""), range(2)))
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    told = [event["event"] for event in shop.audit(order_id)]
    assert (told.count("accepted"), told.count("ended")) == (1, 1)


def test_a_parcel_that_is_no_good_for_the_carrier_undoes_all_three(shop: Shop) -> None:
    order_id = shop.order_id("thirds")
    shop.have(BOWL, berlin=1, chicago=1, osaka=1)
    label = about(order_id, "PUT", ":label-2")
    with shop.proxies[SHIPPING].fault("refused", label):
        shop.place(order_id, lines(bowl=3))
        order = shop.ended(order_id)
    assert (order["status"], order["halt"]["step"]) == ("rejected", "buy label")
    undone = Counter(entry["step"] for entry in order["compensations"])
    each = dict.fromkeys(("void label", "put back"), 3)
    assert undone == each | {"cancel payment": 1, "release stock": 1}
    assert len(shop.picks(order_id)) == len(shop.labels(order_id)) == 3
    assert shop.stock()[BOWL]["onHand"] == 3


def test_a_share_that_cannot_be_captured_refunds_the_others(shop: Shop) -> None:
    order_id = shop.order_id("thirds")
    shop.have(BOWL, berlin=1, chicago=1, osaka=1)
    with shop.proxies[PAYMENT].fault("refused", about(order_id, "PUT", "/captures/share-2")):
        shop.place(order_id, lines(bowl=3))
        order = shop.ended(order_id)
    assert order["status"] == "rejected"
    paid = shop.payment(order_id)
    assert paid is not None
    assert paid["captured"]["amount"] == paid["refunded"]["amount"] == 2 * PRICES[BOWL]
    assert shop.mails_of(order_id) == ["could-not-be-fulfilled"]


def test_an_article_that_is_not_found_ends_the_order(shop: Shop) -> None:
    order_id = shop.order_id("short")
    shop.place(order_id, lines(kettle=1, tin=1))
    order = shop.ended(order_id)
    assert (order["status"], order["halt"]["reason"]) == ("rejected", "short_pick")
    assert "TIN-CHERRY" in order["halt"]["detail"]
    paid, kept = shop.payment(order_id), shop.reservation(order_id)
    assert paid is not None
    assert kept is not None
    assert (paid["status"], kept["status"]) == ("cancelled", "cancelled")


def test_a_declined_card_ends_the_order(shop: Shop) -> None:
    order_id = shop.order_id("declined")
    answer = shop.put(
        order_id, shop.request(order_id, paymentMethod="pm_card_chargeDeclined"), prefer=""
    )
    assert (answer.status_code, answer.json()["reason"]) == (409, "card_declined")


def test_a_cancel_while_it_is_packed_puts_all_back(shop: Shop) -> None:
    order_id = shop.order_id("unpacked")
    with shop.proxies[WAREHOUSE].fault("held", job_about(order_id)) as packing:
        shop.place(order_id)
        packing.wait()
        shop.at(order_id, "packed or short_pick")
        assert shop.ask(order_id, "cancel").status_code == 202
    assert shop.ended(order_id)["status"] == "cancelled"


def test_fifty_orders_for_ten_pieces_are_ten(shop: Shop) -> None:
    """The others are short: half of them are cancelled, half of them nobody decides on in time."""
    shop.have(BOWL, berlin=4, osaka=6)
    placed = [shop.order_id("crowd") for _ in range(50)]

    def is_short(order_id: str) -> bool:
        shop.place(order_id, lines(bowl=1))
        order = until(
            lambda: shop.order(order_id),
            lambda order: order.get("step") == "shortage" or "stock" in order["results"],
            f"{order_id} to get a piece or not",
        )
        if "stock" in order["results"]:
            return False
        if order_id in placed[::2]:
            shop.decide(order_id, "cancel")
        return True

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(is_short, placed))
    short = [order_id for order_id, answer in zip(placed, answers, strict=True) if answer]
    assert len(short) == 40
    ends = {order_id: shop.ended(order_id) for order_id in placed}
    for order_id in short:
        assert ends[order_id]["status"] == "rejected"
        assert ends[order_id]["halt"]["reason"] == "out_of_stock"
    assert Counter(order["status"] for order in ends.values())["fulfilled"] == 10
    assert shop.stock()[BOWL]["onHand"] == 0


def test_on_a_shortage_what_is_there_is_sent_and_the_rest_not_charged(shop: Shop) -> None:
    order_id = shop.order_id("partly")
    shop.have(BOWL, osaka=1)
    shop.place(order_id, lines(bowl=3, kettle=1))
    waits = shop.at(order_id, "shortage")["waits"]
    assert [(wait["signal"], wait["over"]) for wait in waits] == [("shortage", False)]
    shop.decide(order_id, "ship")
    order = shop.ended(order_id)
    assert order["status"] == "fulfilled"
    assert order["total"]["amount"] == shop.net(order_id) == PRICES[BOWL] + PRICES[KETTLE]
    paid = shop.payment(order_id)
    assert paid is not None
    assert paid["authorised"]["amount"] == PRICES[BOWL] + PRICES[KETTLE]


def test_of_nothing_there_is_nothing_to_send(shop: Shop) -> None:
    order_id = shop.order_id("nothing")
    shop.have(BOWL)
    shop.place(order_id, lines(bowl=1))
    shop.decide(order_id, "ship")
    order = shop.ended(order_id)
    assert (order["status"], order["halt"]["reason"]) == ("rejected", "short")


def test_who_waits_is_sent_what_comes_in(shop: Shop) -> None:
    order_id = shop.order_id("patient")
    shop.have(BOWL, osaka=1)
    shop.place(order_id, lines(bowl=2))
    shop.decide(order_id, "wait")
    shop.at(order_id, "shortage")
    shop.receive(BOWL, "berlin", 1)
    assert shop.ended(order_id)["status"] == "fulfilled"
    assert shop.net(order_id) == 2 * PRICES[BOWL]


def test_who_waits_may_change_their_mind(shop: Shop) -> None:
    order_id = shop.order_id("fickle")
    shop.have(BOWL)
    shop.place(order_id, lines(bowl=2))
    shop.decide(order_id, "wait")
    shop.decide(order_id, "cancel")
    order = shop.ended(order_id)
    assert (order["status"], order["halt"]["reason"]) == ("rejected", "out_of_stock")


def test_a_decision_that_nobody_waits_for_is_refused(shop: Shop) -> None:
    order_id = shop.order_id("unasked")
    with shop.proxies[PAYMENT].fault("held", about(order_id, "PUT", ":payment"), times=1) as held:
        shop.place(order_id)
        held.wait()
        early = shop.ask(order_id, "signals/shortage", choice="cancel")
    shop.ended(order_id)
    late = shop.ask(order_id, "signals/shortage", choice="cancel")
    for answer in (early, late):
        assert (answer.status_code, answer.json()["reason"]) == (409, "not_waited_for")
    assert shop.order(order_id)["status"] == "fulfilled"


def test_a_cancel_while_a_decision_is_waited_for_is_heard(shop: Shop) -> None:
    order_id = shop.order_id("undecided")
    shop.have(BOWL)
    shop.place(order_id, lines(bowl=1))
    shop.at(order_id, "shortage")
    assert shop.ask(order_id, "cancel").status_code == 202
    assert shop.ended(order_id)["status"] == "cancelled"


def test_a_warehouse_that_is_away_when_it_is_time_to_pack_packs_later(shop: Shop) -> None:
    order_id = shop.order_id("away")
    with shop.proxies[WAREHOUSE].fault("down", job_about(order_id), times=5) as away:
        shop.place(order_id, lines(kettle=1))
        order = shop.ended(order_id)
    assert away.hits == 5
    assert order["status"] == "fulfilled"


def test_what_warehouse_and_carrier_tell_in_vain_is_asked_for(shop: Shop) -> None:
    order_id = shop.order_id("unheard")
    told = about(order_id, "POST", "")
    with shop.proxies[ORCHESTRATOR].fault(
        "refused", lambda seen: told(seen) and "/signals/" in seen.path
    ) as lost:
        shop.place(order_id, lines(kettle=1))
        order = shop.ended(order_id)
    assert lost.hits == 2
    assert order["status"] == "fulfilled"
    asked = [step["step"] for step in order["steps"] if step.get("detail") == "It was asked for."]
    assert asked == ["packed or short_pick", "carrier"]


def test_an_article_found_missing_in_vain_is_asked_for(shop: Shop) -> None:
    order_id = shop.order_id("unheard")
    told = about(order_id, "POST", "/signals/short_pick")
    with shop.proxies[ORCHESTRATOR].fault("refused", told) as lost:
        shop.place(order_id, lines(tin=1))
        order = shop.ended(order_id)
    assert lost.hits == 1
    assert (order["status"], order["halt"]["reason"]) == ("rejected", "short_pick")
