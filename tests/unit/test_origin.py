"""Who may ask: what a browser says of a page, and the names by which an app is reached."""

import asyncio
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse

from base.browsers import Careful
from base.origin import HostSettings, OwnOrigin

OWN, EVIL = "http://localhost:8080", "http://rebind.example:8080"


def ask(
    verb: str, host: str = "localhost:8080", names: str = "", through: bool = False, **says: Any
) -> httpx.Response:
    """Ask as a browser or curl does; or as a sidecar or proxy passes that on."""
    app = OwnOrigin(PlainTextResponse("done"), HostSettings(allowed_hosts=names).names())
    headers = {name.replace("_", "-"): value for name, value in says.items()} | {"Host": host}

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app=Careful(app))
        async with httpx.AsyncClient(transport=transport, base_url=OWN) as client:
            request = client.build_request(verb, "/", headers=headers)
            if through:
                del request.headers["connection"]
            return await client.send(request)

    return asyncio.run(asked())


def reason(answer: httpx.Response) -> str:
    if answer.status_code == 200:
        return ""
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
    return str(answer.json()["reason"])


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8080", "LOCALHOST.:1", "127.0.0.1:8080", "[::1]:8080", "10.1.2.3:80"],
)
def test_localhost_and_addresses_are_known_as_of_curl_sidecars_and_probes(host: str) -> None:
    assert reason(ask("POST", host)) == reason(ask("GET", host)) == ""


@pytest.mark.parametrize(
    "host", ["rebind.example:8080", "localhost.rebind.example", "127.0.0.1.rebind.example", "[", ""]
)
@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_a_page_whose_name_was_made_to_lead_here_neither_reads_nor_changes(
    host: str, verb: str
) -> None:
    said: dict[str, Any] = {"Origin": f"http://{host}", "Sec_Fetch_Site": "same-origin"}
    assert reason(ask(verb, host, **said)) == "other_host"


def test_a_name_that_is_allowed_is_known_and_no_other() -> None:
    names = "trips.example, Trips.internal"
    for name in ("trips.example", "trips.internal:443", "localhost"):
        origin = f"https://{name}"
        assert reason(ask("POST", name, names, Origin=origin, Sec_Fetch_Site="same-origin")) == ""
    assert reason(ask("POST", "other.example", names)) == "other_host"


@pytest.mark.parametrize("site", ["cross-site", "same-site", "made-up"])
def test_a_form_of_another_page_is_refused(site: str) -> None:
    said: dict[str, Any] = {"Origin": "http://localhost:9999", "Sec_Fetch_Mode": "navigate"}
    assert reason(ask("POST", Sec_Fetch_Site=site, **said)) == "other_origin"


@pytest.mark.parametrize("origin", [EVIL, "null", "http://localhost:9999"])
def test_a_browser_that_says_only_the_origin_is_understood(origin: str) -> None:
    assert reason(ask("POST", Origin=origin)) == "other_origin"
    assert reason(ask("POST", Origin=OWN)) == ""


def test_another_page_may_link_here_but_load_nothing() -> None:
    assert reason(ask("GET", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate")) == ""
    assert reason(ask("GET", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors")) == (
        "other_origin"
    )


FETCHED = {"Sec_Fetch_Site": "same-origin", "Sec_Fetch_Mode": "cors"}


@pytest.mark.parametrize("browser", [FETCHED, {"Accept_Language": "en"}, {"Accept_Language": ""}])
@pytest.mark.parametrize("page", [{"Origin": EVIL}, {"Referer": f"{EVIL}/"}, {}])
def test_a_page_whose_name_was_made_to_lead_to_a_sidecar_is_refused_here(
    browser: dict[str, str], page: dict[str, str]
) -> None:
    """The sidecar gives an address as Host, and passes on what the browser said."""
    assert reason(ask("GET", "127.0.0.1:8080", through=True, **(browser | page))) == "other_origin"
    sent = browser | page | {"Origin": EVIL}  # which browsers say of all that changes something
    assert reason(ask("POST", "127.0.0.1:8080", through=True, **sent)) == "other_origin"


def test_an_address_typed_by_hand_and_curl_go_through_a_sidecar() -> None:
    said: dict[str, Any] = {"Sec_Fetch_Site": "none", "Sec_Fetch_Mode": "navigate"}
    assert reason(ask("GET", through=True, **said)) == ""
    assert reason(ask("POST", through=True)) == ""


@pytest.mark.parametrize("through", [True, False], ids=["behind a proxy", "itself"])
def test_the_console_is_its_own_page(through: bool) -> None:
    said: dict[str, Any] = {"Sec_Fetch_Site": "same-origin"}
    assert reason(ask("GET", through=through, Referer=f"{OWN}/", **said)) == ""
    assert reason(ask("POST", through=through, Origin=OWN, **said)) == ""


def test_a_console_behind_a_plain_proxy_that_gives_its_name_can_be_opened() -> None:
    said: dict[str, Any] = {"Accept_Language": "en", "through": True}
    assert reason(ask("GET", "trips.internal", "trips.internal", **said)) == ""


def test_whatever_is_answered_runs_and_loads_nothing() -> None:
    for answer in (ask("GET"), ask("GET", "rebind.example")):
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["x-content-type-options"] == "nosniff"
