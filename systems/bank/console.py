"""The console's pages that only transfers have: accounts, statements, reviews, mails."""

from typing import Annotated

from fastapi import APIRouter, Form, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from base.errors import Unavailable
from sagas.core.calls import Answer
from sagas.engine.cases import Forbidden, NotNow
from sagas.engine.participants import Participants
from sagas.people.identity import by as logged_in
from sagas.records.record import Record
from sagas.web.console.pages import why
from sagas.web.console.showing import Show
from sagas.web.people.deeds import Deed as Asked
from sagas.web.people.deeds import asks
from sagas.web.problems import unknown
from sagas.web.routes import CaseId, CasesOf
from systems.bank.banks import BANKS, bank_of, named
from systems.bank.review import REVIEW, Review
from systems.bank.transfer import TRANSFER

Mail = Annotated[str, Path(pattern=r"^(debited|credited|returned|rejected)$")]
BankName = Annotated[str, Query(pattern=f"^({'|'.join(bank.name for bank in BANKS)})?$")]
Account = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,64}$")]

_NOTIFICATION = "notification-service"
ASKS = [
    (_NOTIFICATION, "GET notifications/{id}"),
    *(
        (bank.service, f"GET {what}")
        for bank in BANKS
        for what in (
            *("accounts", "accounts/{id}", "accounts/{id}/statement", "trial-balance"),
            *("holds/{id}", "postings/{id}"),
        )
    ),
]
"""What the pages, and showing.json, ask of services besides the saga's steps."""
_NO_ANSWER = "The service does not answer just now. Nothing may have been changed; try again."


def pages(show: Show) -> APIRouter:
    """Return the routes of these pages."""
    router = APIRouter()
    _add_books(router, show)
    _add_review(router, show)

    @router.get("/console/transfers/{transfer_id}/mails/{kind}")
    @asks(Asked.LOOK)
    async def mail(request: Request, transfer_id: CaseId, kind: Mail) -> Response:
        """Show a mail about a transfer as it was sent."""
        try:
            answer = await _asked(request, _NOTIFICATION, f"notifications/{transfer_id}:{kind}")
        except Unavailable:
            return show(request, "said.html", 503, transfer_id=transfer_id, said=_NO_ANSWER)
        return show(request, "mail.html", transfer_id=transfer_id, mail=answer.value or None)

    return router


def _add_books(router: APIRouter, show: Show) -> None:
    @router.get("/console/accounts")
    @asks(Asked.WATCH)
    async def accounts(request: Request) -> Response:
        """Show what the banks keep, and that it adds up."""
        try:
            listed = [
                (
                    bank,
                    (await _asked(request, bank.service, "accounts")).value["accounts"],
                    (await _asked(request, bank.service, "trial-balance")).value,
                )
                for bank in BANKS
            ]
        except Unavailable:
            return show(request, "said.html", 503, transfer_id="", said=_NO_ANSWER)
        return show(request, "accounts.html", listed=listed)

    @router.get("/console/accounts/{account}")
    @asks(Asked.WATCH)
    async def statement(
        request: Request,
        account: Account,
        at: BankName = "",
        after: Annotated[int, Query(ge=0)] = 0,
    ) -> Response:
        """Show the statement of an account, and its balances now. ``at`` says which bank's own
        account it is; that of a customer, its IBAN does."""
        bank = named(at) if at else bank_of(account)
        if bank is None:
            said = f"The bank of {account} cannot be reached."
            return show(request, "said.html", 404, transfer_id="", said=said)
        service = bank.service
        try:
            kept = await _asked(request, service, f"accounts/{account}")
            told = await _asked(request, service, f"accounts/{account}/statement?after={after}")
        except Unavailable:
            return show(request, "said.html", 503, transfer_id="", said=_NO_ANSWER)
        if no := kept.refusal:
            return show(request, "said.html", 404, transfer_id="", said=no.detail)
        facts = {"bank": bank, "account": kept.value, "statement": told.value}
        return show(request, "statement.html", **facts)


def _add_review(router: APIRouter, show: Show) -> None:
    path = "/console/transfers/{transfer_id}/review"

    async def form(
        request: Request, record: Record, status: int = 200, error: str = ""
    ) -> Response:
        facts = {
            "transfer_id": record.case_id,
            "asked": TRANSFER.read(record.request),
            "results": record.progress.results,
            "error": error,
            "me": logged_in() or "",
        }
        return show(request, "review.html", status, **facts)

    @router.get(path)
    @asks(Asked.DECIDE)
    async def review(request: Request, transfer_id: CaseId, cases: CasesOf) -> Response:
        """Show what the reviewer has to know."""
        record = await cases.get(transfer_id)
        if record is None or record.progress.step != REVIEW.name:
            said = "It does not wait for a review."
            return show(request, "said.html", 409, transfer_id=transfer_id, said=said)
        return await form(request, record)

    @router.post(path)
    @asks(Asked.DECIDE)
    async def decide(
        request: Request,
        transfer_id: CaseId,
        cases: CasesOf,
        decision: Annotated[str, Form(pattern="^(approve|refuse)$")],
        by: Annotated[str, Form()] = "",
        note: Annotated[str, Form()] = "",
    ) -> Response:
        """Say what the reviewer decides: in the name of who is logged in, if anybody is."""
        me = logged_in()
        record = await cases.get(transfer_id)
        if record is None:
            raise unknown(TRANSFER, transfer_id)
        try:
            word = Review(approved=decision == "approve", by=me or by, note=note)
            await cases.signal(transfer_id, REVIEW, "", word, me)
        except ValidationError as wrong:
            return await form(request, record, 422, why(wrong))
        except Forbidden as no:
            return await form(request, record, 403, str(no))
        except NotNow as late:
            return show(request, "said.html", 409, transfer_id=transfer_id, said=str(late))
        return RedirectResponse(f"/console/transfers/{transfer_id}", 303)


async def _asked(request: Request, service: str, path: str) -> Answer:
    """Ask a service something. Raises Unavailable."""
    services: Participants = request.app.state.services
    return await services.invoke(service, "GET", path)
