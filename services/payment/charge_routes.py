"""Charges over HTTP: an amount is taken at once, and given back whole."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from prometheus_client import Counter

from base.clock import utc_now
from base.errors import Refusal
from base.problems import problems
from base.wire import Money, ResourceId, as_asked
from kit.documents import Documents
from kit.meters import note
from services.payment import ledger
from services.payment.cards import Asked
from services.payment.ledger import Charge
from services.payment.models import ChargeRequest, ChargeState, PostingLine

CHARGES = Counter("charges_total", "Charges by what was done with them", ["done"])

router = APIRouter(prefix="/charges/{charge_id}", tags=["charges"])


async def _charges(request: Request) -> Documents[Charge]:
    found: Documents[Charge] = request.app.state.charges
    return found


Charges = Annotated[Documents[Charge], Depends(_charges)]


@router.put(
    "",
    summary="Charge; repeated with the same body, the same answer",
    responses=problems(402, 409, 422),
)
async def charge(charge_id: ResourceId, wanted: ChargeRequest, charges: Charges) -> ChargeState:
    asked = Asked(
        id=charge_id,
        amount=wanted.amount.amount,
        currency=wanted.amount.currency,
        method=wanted.payment_method,
        request=as_asked(wanted),
    )
    made = await charges.make(charge_id, lambda known: ledger.charge(asked, known, utc_now()))
    note(CHARGES, made.status, charge_id)
    declined = ledger.decline_of(made)
    if declined:
        raise declined
    return _to_wire(made)


@router.post(
    "/refund",
    summary="Give all of it back; of something unknown, leave a tombstone",
)
async def refund(charge_id: ResourceId, charges: Charges) -> ChargeState:
    made = await charges.change(charge_id, lambda known: ledger.refund(charge_id, known, utc_now()))
    note(CHARGES, "refunded" if made.status == "refunded" else "nothing to refund", charge_id)
    return _to_wire(made)


@router.get("", summary="Look at a charge", responses=problems(404))
async def get(charge_id: ResourceId, charges: Charges) -> ChargeState:
    found = await charges.get(charge_id)
    if found is None:
        raise Refusal("unknown_charge", f"There is no charge {charge_id}.")
    return _to_wire(found)


def _to_wire(stored: Charge) -> ChargeState:
    return ChargeState(
        id=stored.id,
        status=stored.status,
        amount=Money(amount=stored.amount, currency=stored.currency),
        payment_method=stored.method,
        reason=stored.reason,
        postings=[PostingLine.model_validate(dict(p), extra="ignore") for p in stored.postings],
    )
