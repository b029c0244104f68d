"""What is told of stock: stored records and rules' results as wire types."""

from collections.abc import Iterable

from base.wire import Money
from systems.orders.inventory import models as wire
from systems.orders.inventory.catalogue import ARTICLES, CURRENCY, Article, Line
from systems.orders.inventory.records import Parcel, Receipt, Reservation
from systems.orders.inventory.shelves import Place, Shelf, Shelves


def quote(priced: Iterable[Line]) -> wire.QuoteState:
    lines = [_line(each.article, each.quantity, each.article.price) for each in priced]
    return wire.QuoteState(lines=lines, total=_sum(lines))


def reservation(stored: Reservation) -> wire.ReservationState:
    parcels = [_parcel(each) for each in stored.parcels]
    missing = [wire.Missing(sku=sku, quantity=many) for sku, many in stored.missing.items()]
    return wire.ReservationState(
        id=stored.id,
        status=stored.status,
        expires_at=stored.expires_at,
        parcels=parcels,
        missing=missing,
        total=_sum([line for parcel in parcels for line in parcel.lines]),
    )


def receipt(stored: Receipt) -> wire.ReceiptState:
    return wire.ReceiptState.model_validate(stored.model_dump(), extra="ignore")


def stock(shelves: Shelves) -> wire.StockState:
    return wire.StockState(articles=[_stock_line(sku, shelves[sku]) for sku in ARTICLES])


def _parcel(stored: Parcel) -> wire.ParcelState:
    lines = [_line(ARTICLES[pile.sku], pile.quantity, pile.unit_price) for pile in stored.lines]
    return wire.ParcelState(
        number=stored.number,
        warehouse=stored.warehouse,
        status=stored.status,
        lines=lines,
        price=_sum(lines),
        weight=sum(line.weight for line in lines),
    )


def _line(of: Article, quantity: int, unit_price: int) -> wire.PricedLine:
    return wire.PricedLine(
        sku=of.sku,
        name=of.name,
        quantity=quantity,
        unit_price=_money(unit_price),
        price=_money(unit_price * quantity),
        weight=of.weight * quantity,
    )


def _stock_line(sku: str, shelf: Shelf) -> wire.StockLine:
    places = {name: _counts(place) for name, place in shelf.places.items()}
    return wire.StockLine(
        sku=sku,
        name=ARTICLES[sku].name,
        warehouses=places,
        received=sum(each.received for each in places.values()),
        on_hand=sum(each.on_hand for each in places.values()),
        reserved=sum(each.reserved for each in places.values()),
        shipped=sum(each.shipped for each in places.values()),
    )


def _counts(place: Place) -> wire.Counts:
    return wire.Counts(
        received=place.received,
        on_hand=place.on_hand,
        reserved=place.reserved,
        shipped=place.shipped,
    )


def _sum(lines: Iterable[wire.PricedLine]) -> Money:
    return _money(sum(line.price.amount for line in lines))


def _money(amount: int) -> Money:
    return Money(amount=amount, currency=CURRENCY)
