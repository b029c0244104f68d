"""What is told of drivers and offers: stored records as wire types."""

from systems.delivery.driver import models as wire
from systems.delivery.driver.offers import Offer
from systems.delivery.driver.pool import Seen
from systems.delivery.geography import Place
from systems.delivery.restaurant.models import Spot


def offer(kept: Offer) -> wire.OfferState:
    return wire.OfferState(
        id=kept.id,
        status=kept.status,
        driver=kept.driver,
        pickup=_spot(kept.pickup),
        door=_spot(kept.door),
        expires_at=kept.expires_at,
        accepted_at=kept.accepted_at,
        picked_up_at=kept.picked_up_at,
        ended_at=kept.ended_at,
        payout=kept.payout,
    )


def driver(seen: Seen, in_hand: Offer | None) -> wire.DriverState:
    return wire.DriverState(
        id=seen.driver,
        online=seen.online,
        place=_at(seen.place),
        seen_at=seen.at,
        offer=offer(in_hand) if in_hand else None,
    )


def track(kept: Offer, seen: Seen | None) -> wire.TrackState:
    since = kept.accepted_at
    if seen is None or since is None or not (kept.busy or kept.status == "delivered"):
        return wire.TrackState(offer=offer(kept))
    trail = [_at(passed) for passed in seen.trail if passed.at >= since]
    return wire.TrackState(offer=offer(kept), place=_at(seen.place), seen_at=seen.at, trail=trail)


def _spot(place: Place | None) -> Spot | None:
    return None if place is None else _at(place)


def _at(place: Place) -> Spot:
    return Spot(latitude=place.latitude, longitude=place.longitude)
