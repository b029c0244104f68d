"""Tokens of an identity provider, true and forged; and logging in there."""

import base64
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey
from pydantic import ValidationError

from sagas.people import provider
from sagas.people.settings import PeopleSettings
from services.identity import folder
from services.identity.app import app as identity
from services.identity.grants import challenge_of
from tests.support.served import served
from tests.unit.errands import MILK
from tests.unit.peopled import Peopled
from tests.unit.test_door import problem

AUDIENCE = "errand-orchestrator"


class Issuer:
    """A provider that signs whatever is asked. ``asked`` counts how often its keys were looked at;
    ``down``: it does not tell them."""

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256", auto_kid=True)
        self.url, self.asked, self.down = "", 0, False
        self.app = FastAPI()

        @self.app.get("/.well-known/openid-configuration")
        async def doors() -> dict[str, str]:
            at = {name: f"{self.url}/{name}" for name in ("authorization", "token")}
            told = {f"{name}_endpoint": there for name, there in at.items()}
            return {"issuer": self.url, "jwks_uri": f"{self.url}/keys", **told}

        @self.app.get("/keys")
        async def keys() -> dict[str, Any]:
            self.asked += 1
            return {} if self.down else {"keys": [self.key.as_dict(private=False)]}

    def token(self, key: Any = None, alg: str = "ES256", **changes: Any) -> str:
        """Return a token for an approver; what is None is left out."""
        claims: dict[str, Any] = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "anna",
            "roles": ["approver", "king"],
            "exp": int(time.time()) + 600,
        }
        said = {name: value for name, value in (claims | changes).items() if value is not None}
        return jwt.encode({"alg": alg, "kid": self.key.kid}, said, key or self.key)


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    with served(issuer.app) as issuer.url:
        yield issuer


@pytest.fixture
def world(tmp_path: Path, issuer: Issuer) -> Peopled:
    return Peopled(tmp_path, oidc_issuer=issuer.url)


def asked(world: Peopled, token: str) -> httpx.Response:
    return world.ask("GET", "/kind", headers={"Authorization": f"Bearer {token}"})


def signed_with_what_everybody_knows(issuer: Issuer) -> str:
    said, _, _ = unsigned(issuer, "HS256").rpartition(".")
    signature = hmac.digest(issuer.key.as_pem(private=False), said.encode(), "sha256")
    return f"{said}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def unsigned(issuer: Issuer, alg: str, signature: str = "") -> str:
    def part(said: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()

    claims = {"iss": issuer.url, "aud": AUDIENCE, "sub": "anna", "roles": ["operator"]}
    head = {"alg": alg, "kid": issuer.key.kid}
    return f"{part(head)}.{part(claims | {'exp': int(time.time()) + 600})}.{signature}"


def test_a_token_says_who_one_is_and_what(world: Peopled, issuer: Issuer) -> None:
    assert asked(world, issuer.token()).status_code == 200
    assert asked(world, issuer.token(aud=["else", AUDIENCE])).status_code == 200
    headers = {"Authorization": f"Bearer {issuer.token(sub='c1')}"}
    answer = world.ask("PUT", "/errands/e1", MILK, headers=headers)
    told = problem(answer, 403, "not_allowed")["detail"]
    assert told == "c1 (approver) may not begin anything: that is for customer."


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "console"},
        {"aud": None},
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"exp": int(time.time()) - 60},
        {"exp": None},
        {"exp": "soon"},
        {"nbf": int(time.time()) + 3600},
        {"sub": None},
        {"sub": ""},
        {"sub": "an\nna"},
        {"sub": {"$ne": 1}},
    ],
    ids=str,
)
def test_a_token_that_is_not_for_us_or_not_now_proves_nothing(
    world: Peopled, issuer: Issuer, changes: dict[str, Any]
) -> None:
    problem(asked(world, issuer.token(**changes)), 401, "unauthenticated")


def test_a_forged_token_proves_nothing(world: Peopled, issuer: Issuer) -> None:
    other = ECKey.generate_key("P-256")
    good = issuer.token()
    head, claims, signature = good.split(".")
    for forged in (
        issuer.token(other),
        signed_with_what_everybody_knows(issuer),
        unsigned(issuer, "none"),
        unsigned(issuer, "None"),
        unsigned(issuer, "ES256"),
        f"{head}.{unsigned(issuer, 'ES256').split('.')[1]}.{signature}",
        f"{head}.{claims}.",
        "..",
        "a.b.c",
        f"{head}.{claims}.{signature[:-4]}AAAA",
    ):
        problem(asked(world, forged), 401, "unauthenticated")
    assert asked(world, good).status_code == 200


def test_what_has_no_role_here_may_nothing(world: Peopled, issuer: Issuer) -> None:
    for roles in (None, [], ["king"], "king", 7, ["service"]):
        assert asked(world, issuer.token(roles=roles)).status_code == 403
    assert asked(world, issuer.token(roles="king auditor")).status_code == 200


def test_roles_and_names_may_lie_in_other_claims(tmp_path: Path, issuer: Issuer) -> None:
    world = Peopled(
        tmp_path, oidc_issuer=issuer.url, oidc_roles="realm_access.roles", oidc_name="email"
    )
    token = issuer.token(roles=None, realm_access={"roles": ["auditor"]}, email="o@example.com")
    assert asked(world, token).status_code == 200
    assert asked(world, issuer.token(email="o@example.com")).status_code == 403
    assert asked(world, issuer.token()).status_code == 401


def test_keys_are_kept_and_asked_for_anew_when_they_change(
    world: Peopled, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = issuer.token()
    assert [asked(world, first).status_code for _ in range(3)] == [200] * 3
    assert issuer.asked == 1
    issuer.key = ECKey.generate_key("P-256", auto_kid=True)
    for _ in range(3):  # who sends false tokens does not make us ask each time
        assert asked(world, issuer.token()).status_code == 401
    assert issuer.asked == 1
    monkeypatch.setattr(provider, "_BETWEEN_SECONDS", 0.0)
    assert asked(world, issuer.token()).status_code == 200
    assert issuer.asked == 2
    assert asked(world, first).status_code == 401


def test_an_issuer_that_is_down_is_no_reason_to_let_anybody_in(
    tmp_path: Path, issuer: Issuer
) -> None:
    world = Peopled(tmp_path, oidc_issuer=issuer.url)
    issuer.down = True
    answer = asked(world, issuer.token())
    problem(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "1"
    unreachable = Peopled(tmp_path, oidc_issuer="http://127.0.0.1:9")
    problem(asked(unreachable, issuer.token()), 503, "unavailable")
    assert unreachable.ask("GET", "/kind", headers=world.as_one("o", "auditor")).status_code == 200


def test_an_issuer_is_not_asked_where_others_listen() -> None:
    with pytest.raises(ValidationError, match="over https"):
        PeopleSettings(oidc_issuer="http://issuer.example")
    assert PeopleSettings(oidc_issuer="https://issuer.example").are_on


# --- logging in ---


class Site:
    """A world whose people log in at the small provider, and a browser between the two."""

    def __init__(self, world: Peopled, passwords: dict[str, str]) -> None:
        self.world, self.passwords = world, passwords

    def start(self, then: str = "/") -> tuple[str, dict[str, str]]:
        """Begin to log in: return where the browser is led, and its cookie."""
        led = self.world.ask("GET", "/login/start", params={"next": then})
        assert led.status_code == 303
        return led.headers["location"], {"Cookie": led.headers["set-cookie"].partition(";")[0]}

    def log_in(self, there: str, name: str = "customer-123", password: str = "") -> httpx.Response:
        form = {"name": name, "password": password or self.passwords[name]}
        return httpx.post(there, data=form)

    def come_back(self, answer: httpx.Response, cookie: dict[str, str]) -> httpx.Response:
        assert answer.status_code == 303, answer.text
        back = urlsplit(answer.headers["location"])
        return self.world.ask("GET", f"{back.path}?{back.query}", headers=cookie)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    kept = tmp_path / "identity"
    monkeypatch.setenv("IDENTITY_FOLDER", str(kept))
    monkeypatch.setenv("IDENTITY_ISSUER", "http://later")
    file = folder.set_up_demo(kept, "console", ["http://localhost/login/done"], AUDIENCE)
    lines = [line.split("\t") for line in file.read_text().splitlines()]
    with served(identity) as url:
        identity.state.issuer = url
        world = Peopled(tmp_path, oidc_issuer=url)
        yield Site(world, {name: password for name, password, _ in lines})


def set_cookies(answer: httpx.Response) -> list[str]:
    return [cookie.partition("=")[0] for cookie in answer.headers.get_list("set-cookie")]


def test_somebody_logs_in_and_comes_back_to_where_they_were(site: Site) -> None:
    there, cookie = site.start("/console/errands")
    assert "code_challenge_method=S256" in there
    assert "Log in to localhost" in httpx.get(there).text
    back = site.come_back(site.log_in(there), cookie)
    assert (back.status_code, back.headers["location"]) == (303, "/console/errands")
    session, *how = back.headers.get_list("set-cookie")[0].split("; ")
    assert f"Max-Age={8 * 3600}" in how  # however soon the token ends
    page = site.world.ask("GET", "/", headers={"Cookie": session}).text
    assert "<span>customer-123 <small>customer</small></span>" in page


def test_a_wrong_password_leads_nowhere_and_not_often(site: Site) -> None:
    there, _ = site.start()
    tries = [site.log_in(there, password=f"guess-{n}").status_code for n in range(6)]
    assert tries == [401] * 5 + [429]
    assert site.log_in(there).status_code == 429
    assert site.log_in(there, "nobody", "guess").status_code == 401
    assert site.log_in(there, "anna").status_code == 303


def test_a_login_counts_only_in_the_browser_that_began_it_and_once(site: Site) -> None:
    there, cookie = site.start()
    answer = site.log_in(there)
    _, others = site.start()
    for foreign in ({}, others, {"Cookie": "errand_login=x.y.z"}):
        refused = site.come_back(answer, foreign)
        assert refused.status_code == 400
        assert "errand_session" not in set_cookies(refused)
    first = site.come_back(answer, cookie)
    assert set_cookies(first) == ["errand_session", "errand_login"]
    again = site.come_back(answer, cookie)
    assert (again.status_code, set_cookies(again)) == (400, ["errand_login"])


def test_a_code_of_another_login_is_not_taken(site: Site) -> None:
    """Whoever has got hold of a code cannot log in with it in a login of their own."""
    stolen = parse_qs(urlsplit(site.log_in(site.start()[0]).headers["location"]).query)["code"][0]
    there, cookie = site.start()
    state = parse_qs(urlsplit(there).query)["state"][0]
    done = site.world.ask("GET", f"/login/done?code={stolen}&state={state}", headers=cookie)
    assert (done.status_code, set_cookies(done)) == (400, ["errand_login"])


def test_what_comes_back_from_another_issuer_is_not_taken(site: Site) -> None:
    there, cookie = site.start()
    back = site.log_in(there).headers["location"]
    mixed = back.partition("&iss=")[0] + "&iss=https%3A%2F%2Felsewhere.example"
    done = site.world.ask("GET", mixed.removeprefix("http://localhost"), headers=cookie)
    assert done.status_code == 400


def test_an_id_token_is_not_for_calling(site: Site) -> None:
    there, _ = site.start()
    question = {name: values[0] for name, values in parse_qs(urlsplit(there).query).items()}
    verifier = "v" * 43
    asked_for = question | {"code_challenge": challenge_of(verifier)}
    url = there.partition("?")[0]
    form = {"name": "anna", "password": site.passwords["anna"]}
    answer = httpx.post(url, params=asked_for, data=form)
    code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
    brought = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": "console",
        "redirect_uri": question["redirect_uri"],
        "code_verifier": verifier,
    }
    given = httpx.post(url.replace("/authorize", "/token"), data=brought).json()
    assert asked(site.world, given["access_token"]).status_code == 200
    assert asked(site.world, given["id_token"]).status_code == 401
    again = httpx.post(url.replace("/authorize", "/token"), data=brought)
    assert (again.status_code, again.json()) == (400, {"error": "invalid_grant"})


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"client_id": "other"}, ""),
        ({"redirect_uri": "http://evil.example/"}, ""),
        ({"redirect_uri": "http://localhost/login/done/../x"}, ""),
        ({"redirect_uri": "http://localhost.evil.example/login/done"}, ""),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ],
    ids=str,
)
def test_the_provider_leads_only_where_was_agreed(
    site: Site, change: dict[str, str], error: str
) -> None:
    there, _ = site.start()
    question = {name: values[0] for name, values in parse_qs(urlsplit(there).query).items()}
    form = {"name": "anna", "password": site.passwords["anna"]}
    for answer in (
        httpx.get(there.partition("?")[0], params=question | change),
        httpx.post(there.partition("?")[0], params=question | change, data=form),
    ):
        if not error:
            assert (answer.status_code, "location" in answer.headers) == (400, False)
        else:
            told = parse_qs(urlsplit(answer.headers["location"]).query)
            assert answer.headers["location"].startswith("http://localhost/login/done?")
            assert (told["error"], "code" in told) == ([error], False)


def test_a_form_of_another_page_logs_nobody_in(site: Site) -> None:
    there, _ = site.start()
    form = {"name": "anna", "password": site.passwords["anna"]}
    answer = httpx.post(there, data=form, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_what_the_provider_keeps_is_its_owners_alone(tmp_path: Path, site: Site) -> None:
    kept = list((tmp_path / "identity").iterdir())
    assert {path.name for path in kept} == {"known.json", "signing.pem", "passwords.txt"}
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
    known = (tmp_path / "identity" / "known.json").read_text()
    assert "$argon2id$" in known
    assert not any(password in known for password in site.passwords.values())
