"""Connections that say nothing, half of something, or too much; served by uvicorn itself."""

import resource
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from uvicorn import Config, Server

from base import connections
from base.connections import MAX_HEAD_BYTES, Connection
from tests.support.waiting import until

SOON = 0.3
HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


async def _length(request: Request) -> PlainTextResponse:
    read = len(await request.body())
    return PlainTextResponse(f"{read} {len(request.headers)}")


@contextmanager
def served(seconds: float = 10.0) -> Iterator[Server]:
    """Serve an app on a free port, each request to be there within so many seconds."""
    patch = pytest.MonkeyPatch()
    patch.setattr(connections, "HEAD_SECONDS", seconds)
    patch.setattr(connections, "BODY_SECONDS", seconds)
    app = Starlette(routes=[Route("/", _length, methods=["GET", "POST"])])
    server = Server(Config(app, port=0, http=Connection, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started, bool, "the server to start")
        yield server
    finally:
        server.should_exit = True
        thread.join()
        patch.undo()


def port(server: Server) -> int:
    found: int = server.servers[0].sockets[0].getsockname()[1]
    return found


@contextmanager
def connected(server: Server) -> Iterator[socket.socket]:
    with closing(socket.create_connection(("127.0.0.1", port(server)), timeout=10)) as client:
        yield client


def answered(server: Server) -> bytes:
    with closing(HTTPConnection("127.0.0.1", port(server), timeout=10)) as client:
        client.request("GET", "/")
        return client.getresponse().read()


def all_of(client: socket.socket) -> bytes:
    """Return what is sent until the other side closes."""
    received = b""
    while more := client.recv(4096):
        received += more
    return received


@pytest.mark.parametrize("sent", [b"", b"GET / HT", HEAD, b"\r\n"])
def test_a_request_that_does_not_come_is_not_waited_for_long(sent: bytes) -> None:
    with served(SOON) as server, connected(server) as client:
        client.sendall(sent)
        assert all_of(client).startswith(b"HTTP/1.1 408 ")
        until(lambda: len(server.server_state.connections), (0).__eq__, "it to be forgotten")


def test_neither_is_half_of_the_next_request() -> None:
    with served(SOON) as server, connected(server) as client:
        client.sendall(HEAD + b"\r\n" + HEAD)
        received = all_of(client)
        assert received.startswith(b"HTTP/1.1 200 ")
        assert b"HTTP/1.1 408 " in received


def test_a_body_that_does_not_come_is_not_waited_for_long() -> None:
    with served(SOON) as server, connected(server) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n1234")
        assert all_of(client) == b""


def test_a_connection_that_is_kept_is_not_closed_for_being_idle_so_long() -> None:
    seconds = 1.0  # long enough for a head to come in time on a busy machine
    with served(seconds) as server, connected(server) as client:
        for _ in range(2):
            client.sendall(HEAD + b"\r\n")
            assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
            client.settimeout(2 * seconds)
            with pytest.raises(TimeoutError):
                client.recv(1)


def test_a_head_without_end_is_refused_and_not_kept() -> None:
    with served() as server, connected(server) as client:
        sent, refused = 0, False
        client.sendall(HEAD)
        while not refused and sent < 100 * MAX_HEAD_BYTES:
            try:
                sent += client.send(b"x" * 1_000 + b": y\r\n")
            except OSError:
                refused = True
        assert refused
        assert answered(server)


def test_trailers_without_end_are_not_kept() -> None:
    with served() as server, connected(server) as client:
        chunked = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
        client.sendall(chunked + b"More: 1\r\n" * 100 + b"\r\n")
        assert client.recv(4096).endswith(b"0 2")


def test_when_there_are_too_many_silent_ones_make_room_and_no_request_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "most_connections", lambda: 20)
    with ExitStack() as stack, served() as server:
        kept = HTTPConnection("127.0.0.1", port(server), timeout=10)
        stack.callback(kept.close)
        for _ in range(3):
            for _ in range(50):
                stack.enter_context(connected(server))
            assert answered(server)
            kept.request("GET", "/")
            before = kept.sock
            assert kept.getresponse().read()
            assert kept.sock is before, "a silent one has to go before one that asks now and then"
        assert len(server.server_state.connections) <= 21


def test_half_of_the_files_are_for_connections() -> None:
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    assert connections.most_connections() == min(1_000, files // 2)
