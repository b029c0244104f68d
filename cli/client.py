"""An orchestrator, as the command line talks with it."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, NoReturn, TypeVar
from urllib.parse import quote

import httpx
from pydantic import ValidationError

from cli.exits import UNREACHABLE, WRONG, stop
from cli.models import Case, Kind, is_case, read_case

DEFAULT_URL = "http://127.0.0.1:8080"

_SECONDS = 60
_NO_HEADERS: Mapping[str, str] = {}

T = TypeVar("T")


class Client:
    """Asks the orchestrator at ``url``, first for its kind unless that is given; with a ``key``,
    or a token, in the name of whose it is.

    Every method exits with 2 when the request was wrong, and with 3 when nobody answers, when it is
    not its turn, or when what answers is no orchestrator.
    """

    def __init__(self, url: str, kind: Kind | None = None, key: str = "") -> None:
        self.url = url.rstrip("/")
        self._proof = {"Authorization": f"Bearer {key}"} if key else {}
        self._kind = kind

    @cached_property
    def kind(self) -> Kind:
        """The kind that the orchestrator serves."""
        return self._kind or self._read(Kind.model_validate, self.described)

    @cached_property
    def described(self) -> dict[str, Any]:
        """What the orchestrator tells of its kind."""
        answer = self._ask("GET", "/kind")
        if answer.status_code == httpx.codes.NOT_FOUND:
            self._no_orchestrator("it tells of no kind at /kind")
        return self._good(answer)

    def begin(self, case_id: str, request: object, wait: bool = True, hint: str = "") -> Case:
        """Ask for a case and return it, if one shall ``wait`` for it at its end or after 30 s.
        ``hint`` is said besides when nobody answers."""
        how = {} if wait else {"Prefer": "respond-async"}
        path = self._path(case_id)
        return self._case(self._ask("PUT", path, hint, how, json=request))

    def look(self, case_id: str) -> Case:
        """Return a case as it is now."""
        return self._case(self._ask("GET", self._path(case_id)))

    def cancel(self, case_id: str) -> Case:
        """Cancel a case, and return it as it is now."""
        return self._case(self._ask("POST", self._path(case_id, "cancel")))

    def resume(self, case_id: str) -> Case:
        """Let a case that needs attention go on, and return it as it is now."""
        return self._case(self._ask("POST", self._path(case_id, "resume")))

    def tell(self, case_id: str, signal: str, word: dict[str, Any]) -> Case:
        """Say the word that a case waits for, and return the case as it is now."""
        return self._case(self._ask("POST", self._path(case_id, "signals", signal), json=word))

    def newest(self, owner: str, status: str, limit: int) -> list[Case]:
        """Return the newest cases; an empty ``owner`` or ``status`` means any."""
        question = {self.kind.owner: owner, "status": status, "limit": limit}
        asked = {name: value for name, value in question.items() if value}
        page = self._good(self._ask("GET", f"/{self.kind.nouns}", params=asked))
        return self._read(lambda page: [self._told(one) for one in page[self.kind.nouns]], page)

    def events(self, case_id: str) -> Iterator[dict[str, Any]]:
        """Return the audit trail of a case as it happens, until its end."""
        url = self.url + self._path(case_id, "events")
        try:
            headers = {**_shown(), **self._proof}
            with httpx.stream("GET", url, timeout=None, headers=headers) as stream:
                if stream.is_error:
                    stream.read()
                    self._good(stream)
                for line in stream.iter_lines():
                    if line.startswith("data:"):
                        yield json.loads(line.removeprefix("data:"))
        except (httpx.HTTPError, httpx.InvalidURL) as fault:
            stop(UNREACHABLE, f"Nobody answers at {self.url}: {fault}")

    def _path(self, case_id: str, *further: str) -> str:
        parts = (self.kind.nouns, case_id, *further)
        return "".join(f"/{quote(part, safe='')}" for part in parts)

    def _ask(
        self,
        method: str,
        path: str,
        hint: str = "",
        headers: Mapping[str, str] = _NO_HEADERS,
        **more: Any,
    ) -> httpx.Response:
        headers = {**_shown(), **headers, **self._proof}
        try:
            return httpx.request(method, self.url + path, timeout=_SECONDS, headers=headers, **more)
        except (httpx.HTTPError, httpx.InvalidURL) as fault:
            said = f"Nobody answers at {self.url}: {fault}. `make up` starts the system; --url "
            said += f"or the environment says where it is. {hint}"
            stop(UNREACHABLE, said.rstrip())

    def _case(self, answer: httpx.Response) -> Case:
        """Return the case in an answer, which may be the problem that it did not end well."""
        body = self._body(answer)
        if is_case(self.kind, body):
            return self._told(body)
        if isinstance(within := body.get(self.kind.noun), dict):
            return self._told(within)
        return self._told(self._good(answer))

    def _told(self, body: dict[str, Any]) -> Case:
        return self._read(lambda body: read_case(self.kind, body), body)

    def _good(self, answer: httpx.Response) -> dict[str, Any]:
        """Return the body of an answer that is no problem."""
        body = self._body(answer)
        if answer.is_error:
            may_pass = answer.status_code == httpx.codes.TOO_MANY_REQUESTS or answer.is_server_error
            said = ": ".join(filter(None, (body.get("title"), body.get("detail"))))
            if answer.status_code == httpx.codes.UNAUTHORIZED:
                self._not_known(said)
            stop(UNREACHABLE if may_pass else WRONG, said or f"HTTP {answer.status_code}")
        return body

    def _body(self, answer: httpx.Response) -> dict[str, Any]:
        try:
            body = answer.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            self._no_orchestrator(f"HTTP {answer.status_code}, and no JSON object")
        return body

    def _read(self, read: Callable[[dict[str, Any]], T], body: dict[str, Any]) -> T:
        try:
            return read(body)
        except (ValidationError, KeyError) as strange:
            self._no_orchestrator(f"what it tells cannot be read: {strange}")

    def _not_known(self, said: str) -> NoReturn:
        brought = "This key is not taken" if self._proof else "It asks who you are"
        stop(WRONG, f"{brought}: give a key with --key or in SAGA_KEY. {said}")

    def _no_orchestrator(self, why: str) -> NoReturn:
        stop(UNREACHABLE, f"What answers at {self.url} is no orchestrator of this kind: {why}.")


def _shown() -> dict[str, str]:
    """Return what to show a secure system: ``DAPR_API_TOKEN``, that of the app or the sidecar
    which is asked."""
    token = os.environ.get("DAPR_API_TOKEN")
    return {"dapr-api-token": token} if token else {}
