"""What an app says of whether it is ready."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI

from base.app import create_app
from base.errors import Unavailable
from base.sidecar import Sidecar


@asynccontextmanager
async def _live(_: FastAPI, __: Sidecar) -> AsyncIterator[None]:
    yield


async def _lacks_its_store(_: FastAPI) -> None:
    raise Unavailable("state store loan-store is not found")


def test_an_app_that_is_not_ready_says_why_in_one_line_of_its_log(
    capsys: pytest.CaptureFixture[str],
) -> None:
    app = create_app("Loans", _live, _lacks_its_store, "Its store is reachable")

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get("/readyz")

    answer = asyncio.run(ask())
    assert (answer.status_code, answer.json()["type"]) == (503, "not_ready")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "state store loan-store is not found"
    told = [
        line
        for line in capsys.readouterr().err.splitlines()
        if "Not ready" in line or "Traceback" in line
    ]
    assert len(told) == 1
    assert "Not ready: state store loan-store is not found" in told[0]
