"""What a page in somebody's browser, and whoever reaches a port of this machine, can send."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection
from resource import RLIMIT_NOFILE, getrlimit, setrlimit
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil

PAGE = {
    "Origin": "http://attacker.example",
    "Referer": "http://attacker.example/",
    "Sec-Fetch-Site": "cross-site",
    "Sec-Fetch-Mode": "navigate",
    "Content-Type": "text/plain",
}
"""What a browser says of a form on a page of another site."""


def rebound(port: int) -> dict[str, str]:
    """Return what a browser says of a page whose own name was made to lead to this machine."""
    host = f"rebind.example:{port}"
    return {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}


def form(url: str, body: str = "") -> httpx.Response:
    """Send what the form of a page of another site would."""
    return httpx.post(url, content=body, headers=PAGE, timeout=30)


def own(
    url: str, verb: str = "GET", body: str = "", headers: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Ask as an app asks its sidecar, with the mark that browsers cannot send; return status and
    text. httpx, like a browser, cannot send it either."""
    where = urlsplit(url)
    with closing(HTTPConnection(where.netloc, timeout=30)) as sidecar:
        sidecar.request(verb, f"{where.path}?{where.query}?<", body, dict(headers or {}))
        answer = sidecar.getresponse()
        return answer.status, answer.read().decode()


def refusal(answer: httpx.Response) -> Any:
    """Return why an app refused it; None if it did not."""
    return answer.json().get("reason") if answer.status_code == 403 else None


@contextmanager
def silent(url: str, count: int) -> Iterator[list[socket.socket]]:
    """Connect so many times and say nothing, as long as the context lasts."""
    before = getrlimit(RLIMIT_NOFILE)
    setrlimit(RLIMIT_NOFILE, (max(before[0], min(before[1], 2 * count)), before[1]))
    where = urlsplit(url)
    try:
        with ExitStack() as stack:
            clients = []
            for _ in range(count):
                client = stack.enter_context(socket.socket())
                client.setblocking(False)
                client.connect_ex((where.hostname, where.port))
                clients.append(client)
            yield clients
    finally:
        setrlimit(RLIMIT_NOFILE, before)


@contextmanager
def few_files(process: psutil.Process, count: int) -> Iterator[None]:
    """Let a process open no more files than this, as many systems do."""
    before = process.rlimit(psutil.RLIMIT_NOFILE)
    process.rlimit(psutil.RLIMIT_NOFILE, (count, before[1]))
    try:
        yield
    finally:
        process.rlimit(psutil.RLIMIT_NOFILE, before)


def endless_head(url: str, most: int) -> int:
    """Send a request's head without end; return after how many bytes it was refused."""
    where, sent = urlsplit(url), 0
    line = b"x: " + b"a" * 65_000 + b"\r\n"
    with socket.create_connection((where.hostname, where.port), timeout=20) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
        while sent < most:
            try:
                sent += client.send(line)
            except OSError:
                break
    return sent
