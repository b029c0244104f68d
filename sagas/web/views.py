"""A case as the API shows it."""

from typing import Any, Literal, get_args

from pydantic import BaseModel, create_model

from base.lenient import lenient
from base.wire import Timestamp, Wire
from sagas.core.kind import Kind, Show
from sagas.core.progress import Entry, Progress, Result
from sagas.records.listing import Listed
from sagas.records.record import Record


class StepView(Wire):
    """One step or compensation of the saga; ``attempts`` is how often it was tried so far."""

    step: str
    resource: str | None = None
    result: Result
    attempts: int
    reason: str | None = None
    detail: str | None = None
    started_at: Timestamp
    ended_at: Timestamp | None = None


class HaltView(Wire):
    """Why a case is not, or not yet, done."""

    step: str
    reason: str
    detail: str


class BlockedView(Wire):
    """A step that could not be completed, and why."""

    step: str
    resource: str
    reason: str
    detail: str


class AttentionView(Wire):
    """What has to be mended before the case can be resumed."""

    since: Timestamp
    blocked: list[BlockedView]


class WaitView(Wire):
    """A signal that is waited for until then, or was: then it is ``over``."""

    signal: str
    attempt: str
    since: Timestamp
    until: Timestamp
    over: bool


_PAGE = """A page, newest first. While there is a ``next``, there may be more: a page that is
filtered can be short, or empty."""


class Views:
    """The views of a kind's cases: the ``view`` of one, its ``summary`` in a ``list``."""

    def __init__(self, kind: Kind[Any]) -> None:
        self._kind = kind
        self._listed = [show for show in kind.shows if show.listed]
        self._shown = [show for show in kind.shows if not show.listed] or _shows(kind)
        name = kind.noun.capitalize()
        summary: dict[str, Any] = {
            f"{kind.noun}_id": (str, ...),
            "status": (_one_of(kind.statuses), ...),
            "step": (str | None, None),
            f"{kind.words.owner}_id": (str, ...),
            **{show.name: (show.type, None) for show in self._listed},
            "halt": (HaltView | None, None),
            "attention": (AttentionView | None, None),
            "created_at": (Timestamp, ...),
            "ended_at": (Timestamp | None, None),
        }
        view: dict[str, Any] = {
            **{show.name: _field(show) for show in self._shown},
            "cancel_requested_at": (Timestamp | None, None),
            "trace_id": (str | None, None),
            "steps": (list[StepView], ...),
            "compensations": (list[StepView], ...),
        }
        summary_model: Any = _model(f"{name}Summary", f"{name} in a list.", summary)
        self.summary = summary_model
        told = f"{name}: how far it has come, or how it ended."
        self.view: Any = _model(f"{name}View", told, view, summary_model)
        page = {kind.plural: (list[summary_model], ...), "next": (str | None, None)}
        self.list: Any = _model(f"{name}List", _PAGE, page)

    def of(self, record: Record) -> Wire:
        """Return the view of a record."""
        progress = record.progress
        made: Wire = self.view(
            **self._summary(record),
            **self._values(self._shown, record),
            cancel_requested_at=record.cancel_requested_at,
            trace_id=record.trace_id,
            steps=[_step(entry) for entry in progress.entries if not entry.compensation],
            compensations=[_step(entry) for entry in progress.entries if entry.compensation],
        )
        return made

    def page(self, records: list[Listed], after: str | None) -> Wire:
        """Return the view of a page."""
        shown = [self.summary(**self._summary(record)) for record in records]
        made: Wire = self.list(**{self._kind.plural: shown}, next=after)
        return made

    def _summary(self, record: Listed) -> dict[str, Any]:
        progress = record.progress
        return {
            f"{self._kind.noun}_id": record.case_id,
            "status": progress.status,
            "step": progress.step,
            f"{self._kind.words.owner}_id": record.owner,
            **self._values(self._listed, record),
            "halt": _as(HaltView, progress.halt),
            "attention": _as(AttentionView, progress.attention),
            "created_at": record.created_at,
            "ended_at": record.ended_at,
        }

    def _values(self, shows: list[Show[Any]], record: Listed) -> dict[str, Any]:
        if not isinstance(record, Record):
            return {}
        request = _stored(self._kind).model_validate(record.request, extra="ignore")
        terms = self._kind.terms.model_validate(record.terms)
        return {show.name: show.of(request, record.progress, terms) for show in shows}


def _model(name: str, doc: str, fields: dict[str, Any], base: type[Wire] = Wire) -> type[Wire]:
    return create_model(name, __base__=base, __doc__=doc, **fields)


def _shows(kind: Kind[Any]) -> list[Show[Any]]:
    """Return what is shown of a kind that does not say."""
    return [
        Show("request", _stored(kind), lambda request, *_: request),
        Show("results", dict[str, Any], lambda _, progress, __: progress.results),
        Show("waits", list[WaitView], lambda _, progress, __: _waits(progress)),
    ]


def _stored(kind: Kind[Any]) -> type[BaseModel]:
    request: type[BaseModel] = kind.request
    return lenient(request)


def _waits(progress: Progress) -> list[WaitView]:
    return [_as(WaitView, wait) for wait in progress.waits]


def _one_of(values: tuple[str, ...]) -> Any:
    return Literal.__getitem__(values)


def _field(show: Show[Any]) -> tuple[Any, Any]:
    return show.type, None if type(None) in get_args(show.type) else ...


def _as(view: type[Wire], value: BaseModel | None) -> Any:
    return None if value is None else view.model_validate(value.model_dump(), extra="ignore")


def _step(entry: Entry) -> StepView:
    return StepView(
        step=entry.step,
        resource=entry.resource or None,
        result=entry.result,
        attempts=entry.tries,
        reason=entry.reason,
        detail=entry.detail,
        started_at=entry.started_at,
        ended_at=entry.ended_at,
    )
