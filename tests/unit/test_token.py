"""An app that has a token answers nothing without it, but whether it is alive."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI

from base.sidecar import Sidecar, SidecarSettings
from base.token import HEADER, FromSidecar, signed

TOKEN = "a-token-of-the-app"


def app(asks: bool) -> FastAPI:
    made = FastAPI()
    made.add_middleware(FromSidecar, token=TOKEN)
    made.state.asks_who = lambda scope: asks and scope["path"] == "/open"
    for path in ("/healthz", "/readyz", "/open"):
        made.add_api_route(path, lambda: "answered")
    return made


def ask(path: str, *shown: str | bytes, asks: bool = False) -> httpx.Response:
    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app(asks))
        headers = [(HEADER.encode(), _bytes(each)) for each in shown]
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(asked())


@pytest.mark.parametrize("path", ["/open", "/", "/docs", "/healthz/", "/healthz/x", "/HEALTHZ"])
@pytest.mark.parametrize(
    "shown", [[], [""], ["x"], [TOKEN[:-1]], [TOKEN + "x"], ["x", TOKEN], ["schlüssel"], [b"\xff"]]
)
def test_without_the_token_it_is_401(path: str, shown: list[str | bytes]) -> None:
    answer = ask(path, *shown)
    assert (answer.status_code, answer.json()["reason"]) == (401, "no_token")
    assert answer.headers["content-type"] == "application/problem+json"


def test_with_it_the_app_answers_and_of_its_health_anybody() -> None:
    assert ask("/open", TOKEN).json() == "answered"
    assert ask("/healthz").status_code == ask("/readyz").status_code == 200


def test_who_comes_without_a_token_may_be_asked_who_they_are_by_the_app_itself() -> None:
    assert ask("/open").status_code == 401
    assert ask("/open", asks=True).json() == "answered"
    assert ask("/docs", asks=True).status_code == 401


def test_a_signed_link_opens_what_it_names_and_nothing_else() -> None:
    link = signed("/open", TOKEN)
    assert ask(link).json() == "answered"
    key = link.partition("?")[2]
    for other in ("/docs", "/openapi.json", "/open/", "/open/x"):
        assert ask(f"{other}?{key}").status_code == 401
    for forged in ("/open?key=", f"/open?{key}0", f"/open?{key[:-1]}", signed("/open", "other")):
        assert ask(forged).status_code == 401
    assert signed("/open", "") == "/open"


@pytest.mark.parametrize("token", ["a-token-of-the-sidecar", ""])
def test_the_sidecar_is_shown_its_token_with_each_call(
    monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("DAPR_API_TOKEN", token)

    async def shown() -> str | None:
        sidecar = Sidecar(SidecarSettings())
        found = sidecar._session().headers.get(HEADER)
        await sidecar.close()
        return found

    assert asyncio.run(shown()) == (token or None)


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()
