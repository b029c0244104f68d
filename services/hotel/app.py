"""HotelService over HTTP."""

from datetime import date
from typing import Any

from base.clock import utc_now
from base.problems import problems
from base.wire import Money, ResourceId, as_asked
from kit.holds import Hold, Reservation
from kit.reservation_service import HoldSettings, InventoryOf, create_reservation_service
from services.hotel import inventory
from services.hotel.inventory import Hotel
from services.hotel.models import (
    HotelHold,
    HotelOffer,
    HotelOffers,
    HotelReservation,
    HotelSearch,
    Stay,
)

_STATUSES = {"unknown_city": 422, "invalid_stay": 422, "unknown_offer": 422}


def _to_wire(stored: Reservation) -> HotelReservation:
    now = {
        "id": stored.id,
        "status": stored.status_at(utc_now()),
        "expires_at": stored.expires_at,
    }
    return HotelReservation.model_validate(stored.details | now, extra="ignore")


app = create_reservation_service(
    "HotelService", "hotel-store", HotelReservation, _to_wire, _STATUSES
)
settings = HoldSettings()


@app.post("/search", summary="Hotels with enough rooms, cheapest first", responses=problems(422))
async def search(wanted: HotelSearch, reservations: InventoryOf) -> HotelOffers:
    nights = inventory.nights(wanted.check_in, wanted.check_out)
    houses = inventory.hotels(wanted.city)
    pools = {house.id: inventory.pools(house, nights) for house in houses}
    left = await reservations.free({n: room for each in pools.values() for n, room in each.items()})
    offers = [
        HotelOffer(
            **_shown(house, wanted),
            price=_price(house, wanted, nights),
            rooms_left=min(left[name] for name in pools[house.id]),
        )
        for house in houses
    ]
    fitting = [offer for offer in offers if offer.rooms_left >= offer.rooms]
    return HotelOffers(offers=sorted(fitting, key=lambda offer: offer.price.amount))


@app.put(
    "/reservations/{reservation_id}",
    tags=["reservations"],
    summary="Hold rooms; repeated with the same body, the same answer",
    responses=problems(409, 422),
)
async def hold(
    reservation_id: ResourceId, wanted: HotelHold, reservations: InventoryOf
) -> HotelReservation:
    nights = inventory.nights(wanted.check_in, wanted.check_out)
    house = inventory.hotel(wanted.offer_id, wanted.city)
    reserved = HotelReservation(
        id=reservation_id,
        status="held",
        stay=Stay(**_shown(house, wanted)),
        guests=wanted.guests,
        price=_price(house, wanted, nights),
    )
    asked = Hold(
        id=reservation_id,
        request=as_asked(wanted),
        quantity=inventory.rooms_for(wanted.guests),
        capacities=inventory.pools(house, nights),
        details=reserved.model_dump(mode="json", include={"stay", "guests", "price"}),
        seconds=settings.hold_seconds,
    )
    return _to_wire(await reservations.hold(asked))


def _price(house: Hotel, wanted: HotelSearch, nights: list[date]) -> Money:
    return Money(amount=house.rate * inventory.rooms_for(wanted.guests) * len(nights))


def _shown(house: Hotel, wanted: HotelSearch) -> dict[str, Any]:
    return {
        "offer_id": house.id,
        "name": house.name,
        "city": house.city,
        "check_in": wanted.check_in.isoformat(),
        "check_out": wanted.check_out.isoformat(),
        "rooms": inventory.rooms_for(wanted.guests),
    }
