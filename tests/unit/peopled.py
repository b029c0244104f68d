"""A made-up kind's app at whose door people are asked who they are."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from sagas import Kind
from sagas.people.identity import Role
from sagas.people.keys import Keys
from sagas.people.people import People
from sagas.people.settings import PeopleSettings
from tests.unit.errands import ERRAND, World

SIDECAR = "the-token-of-the-sidecar"
OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}


class Peopled(World):
    """A world whose people are in a file of keys; ``set`` are further settings."""

    def __init__(self, folder: Path, kind: Kind[Any] = ERRAND, **set: Any) -> None:
        super().__init__(kind)
        settings = PeopleSettings.model_validate(
            {
                "people": folder / "people.json",
                "session_key": folder / "session.key",
                "app_api_token": SIDECAR,
                "oidc_issuer": "",
            }
            | set
        )
        assert settings.people is not None
        self.file = settings.people
        self.key("first", ["auditor"])
        self.people = People(settings, kind.app_id, kind.services)
        self.app.state.people = self.people

    def key(self, name: str, roles: Sequence[Role]) -> str:
        """Return a new key."""
        return Keys(self.file).make(name, roles)

    def as_one(self, name: str, *roles: Role) -> dict[str, str]:
        """Return the headers of one who has a key."""
        return {"Authorization": f"Bearer {self.key(name, roles)}"}

    def logged_in(self, name: str, *roles: Role) -> dict[str, str]:
        """Return the cookie of one who logged in with a key."""
        form = {"key": self.key(name, roles)}
        answer = self.ask("POST", "/login", data=form, headers=OWN_PAGE)
        assert answer.status_code == 303, answer.text
        return {"Cookie": cookie_of(answer)}


def through_sidecar(*callers: str, token: str = SIDECAR) -> list[tuple[str, str]]:
    """Return the headers that a sidecar adds to a call of another app."""
    return [("dapr-api-token", token), *(("dapr-caller-app-id", caller) for caller in callers)]


def cookie_of(answer: httpx.Response) -> str:
    """Return the first cookie that an answer sets, as a browser sends it."""
    return answer.headers["set-cookie"].partition(";")[0]
