"""An OpenID provider: where its doors are, its keys, and what it gives for a code."""

import asyncio
import time
from typing import Any
from urllib.parse import urlencode

import aiohttp
import orjson
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import BaseModel, ValidationError

from base.errors import Unavailable
from sagas.people.sessions import Login
from sagas.people.settings import PeopleSettings
from sagas.people.tokens import NotGood, OtherKey, claims_of

_FRESH_SECONDS = 600.0
_STALE_SECONDS = 3600.0
_BETWEEN_SECONDS = 10.0
_LARGEST = 256 * 1024
_PATIENCE = aiohttp.ClientTimeout(total=5)


class _Doors(BaseModel):
    """What the provider tells of itself at /.well-known/openid-configuration."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class Provider:
    """The identity provider that the settings name. Methods raise Unavailable when it cannot be
    reached, and NotGood for what it did not say."""

    def __init__(self, settings: PeopleSettings, audience: str) -> None:
        self._settings = settings
        self._issuer = settings.oidc_issuer.rstrip("/")
        self._audience = settings.oidc_audience or audience
        self._doors: _Doors | None = None
        self._keys: KeySet | None = None
        self._asked_at = self._got_at = float("-inf")
        self._asking = asyncio.Lock()

    async def claims(self, token: str) -> dict[str, Any]:
        """Return what a token says that came with a call."""
        return await self._claims(token, self._audience)

    async def way_in(self, login: Login, challenge: str, back: str) -> str:
        """Return where somebody logs in, to come ``back`` then."""
        doors = await self._known_doors()
        question = {
            "response_type": "code",
            "client_id": self._settings.oidc_client_id,
            "redirect_uri": back,
            "scope": "openid profile",
            "state": login.state,
            "nonce": login.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        separator = "&" if "?" in doors.authorization_endpoint else "?"
        return f"{doors.authorization_endpoint}{separator}{urlencode(question)}"

    async def logged_in(self, code: str, login: Login, back: str) -> dict[str, Any]:
        """Return what the provider says of who came back with a code."""
        doors = await self._known_doors()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": login.verifier,
            "client_id": self._settings.oidc_client_id,
        }
        if secret := self._settings.oidc_client_secret.get_secret_value():
            form["client_secret"] = secret
        given = await self._ask("POST", doors.token_endpoint, form)
        token = given.get("id_token")
        if not isinstance(token, str):
            raise NotGood("The provider gave no id_token for the code.")
        return await self._claims(token, self._settings.oidc_client_id, login.nonce)

    async def _claims(self, token: str, audience: str, nonce: str = "") -> dict[str, Any]:
        settings = self._settings
        algorithms, issuer = settings.oidc_algorithms, (await self._known_doors()).issuer
        keys = await self._known_keys(_FRESH_SECONDS)
        try:
            return claims_of(token, keys, algorithms, issuer, audience, nonce)
        except OtherKey:  # it may be a new one; but false tokens make us ask only now and then
            keys = await self._known_keys(_BETWEEN_SECONDS)
            return claims_of(token, keys, algorithms, issuer, audience, nonce)

    async def _known_doors(self) -> _Doors:
        if self._doors is None:
            told = await self._ask("GET", f"{self._issuer}/.well-known/openid-configuration")
            try:
                doors = _Doors.model_validate(told)
            except ValidationError as bad:
                raise Unavailable(f"{self._issuer} tells of no doors: {bad}") from bad
            if doors.issuer.rstrip("/") != self._issuer:
                raise Unavailable(f"{self._issuer} says that it is {doors.issuer}.")
            self._doors = doors
        return self._doors

    async def _known_keys(self, no_older_than: float) -> KeySet:
        async with self._asking:
            now = time.monotonic()
            age, asked = now - self._got_at, now - self._asked_at
            if self._keys and (age < no_older_than or asked < _BETWEEN_SECONDS):
                return self._keys
            self._asked_at = now
            try:
                told = await self._ask("GET", (await self._known_doors()).jwks_uri)
                self._keys, self._got_at = KeySet.import_key_set(told), now  # type: ignore[arg-type]
            except (Unavailable, JoseError, KeyError, ValueError) as fault:
                if self._keys is None or age > _STALE_SECONDS:
                    raise Unavailable(f"{self._issuer} tells of no keys: {fault}") from fault
            return self._keys

    async def _ask(self, verb: str, url: str, form: dict[str, str] | None = None) -> dict[str, Any]:
        accept = {"Accept": "application/json"}
        try:  # it is asked seldom: no connection is kept
            async with (
                aiohttp.ClientSession(timeout=_PATIENCE) as session,
                session.request(
                    verb, url, data=form, allow_redirects=False, headers=accept
                ) as answer,
            ):
                told = _json(await _bounded(answer))
        except (aiohttp.ClientError, TimeoutError, ValueError) as fault:
            raise Unavailable(f"{verb} {url}: {fault!r}") from fault
        if verb == "POST" and 400 <= answer.status < 500:
            raise NotGood(f"The provider refuses: {str(told.get('error', answer.status))[:100]}.")
        if answer.status != 200:
            raise Unavailable(f"{verb} {url} answered {answer.status}")
        return told


async def _bounded(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > _LARGEST:
            raise ValueError("the answer is too long")
    return bytes(body)


def _json(body: bytes) -> dict[str, Any]:
    told = orjson.loads(body)
    if not isinstance(told, dict):
        raise ValueError("no JSON object")
    return told
