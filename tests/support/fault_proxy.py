"""A proxy between a sidecar and its app that can lose requests and answers.

Sidecar, control plane and app are the real ones; what fails is the way between sidecar and app,
exactly when and where a test says.
"""

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import Literal

import aiohttp
from aiohttp import web

from runtime.ports import shifted
from runtime.template import REPLICA_STEP, App

PROXIED_BY = 2_000
_SLOW_SECONDS = 1.0

Kind = Literal["error", "refused", "lost answer", "down", "held", "slow", "twice", "none"]

_REFUSAL = {"title": "Refused", "status": 409, "reason": "no", "detail": "It does not like it."}


@dataclass(frozen=True)
class Seen:
    """A request that came by."""

    method: str
    path: str
    body: str


def about(text: str, method: str = "", path: str = "") -> Callable[[Seen], bool]:
    """Match requests that have ``text`` in their path or body."""
    return lambda seen: (
        text in seen.path + seen.body and method in seen.method and seen.path.endswith(path)
    )


@dataclass(eq=False)
class Fault:
    """What goes wrong with the requests that match, for as many ``times`` as are left."""

    kind: Kind
    matches: Callable[[Seen], bool]
    times: float
    hits: int = 0
    hit: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def release(self) -> None:
        """Let go what is held back, before the block ends."""
        self.over.set()

    def wait(self, seconds: float = 30) -> None:
        """Wait until a request was hit."""
        assert self.hit.wait(seconds), f"no request met the fault within {seconds} s"


class FaultProxy:
    """Listens on ports of loopback and passes everything on to the app's port for each."""

    def __init__(self, app_ports: Mapping[int, int]) -> None:
        self._apps = {port: f"http://127.0.0.1:{app}" for port, app in app_ports.items()}
        self._spread: Iterator[str] | None = None
        self._faults: list[Fault] = []
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._stopped = asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()
        assert self._started.wait(10), f"the proxy on {list(self._apps)} did not start"

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(10)

    @contextmanager
    def fault(
        self, kind: Kind, matches: Callable[[Seen], bool], times: float = float("inf")
    ) -> Iterator[Fault]:
        """Let matching requests go wrong inside the block: answered with a 500 or a refusal without
        reaching the app, answered with a 500 after the app did it, dropped as if nobody listened,
        held back until the block ends, passed on after a second, passed on twice, or only
        counted."""
        fault = Fault(kind, matches, times)
        self._faults.append(fault)
        try:
            yield fault
        finally:
            self._faults.remove(fault)
            fault.over.set()

    @contextmanager
    def spread_over(self, urls: list[str]) -> Iterator[None]:
        """Pass requests on to several processes of the app in turn, inside the block."""
        self._spread = cycle(urls)
        try:
            yield
        finally:
            self._spread = None

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        async with aiohttp.ClientSession(auto_decompress=False) as self._session:
            runner = await self._listen()
            self._started.set()
            await self._stopped.wait()
            await runner.cleanup()

    async def _listen(self) -> web.AppRunner:
        app = web.Application(client_max_size=16 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        for port in self._apps:
            await web.TCPSite(runner, "127.0.0.1", port).start()
        return runner

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        fault = self._fault_for(Seen(request.method, request.path, body.decode(errors="replace")))
        if fault is not None and fault.kind == "down":
            return _dropped(request)
        if fault is not None and fault.kind == "error":
            return web.Response(status=500, text="injected fault")
        if fault is not None and fault.kind == "refused":
            problem = "application/problem+json"
            return web.json_response(_REFUSAL, status=409, content_type=problem)
        if fault is not None and fault.kind == "held":
            await asyncio.to_thread(fault.over.wait)
        if fault is not None and fault.kind == "slow":
            await asyncio.sleep(_SLOW_SECONDS)
        try:
            if fault is not None and fault.kind == "twice":
                await self._pass_on(request, body)
            answer = await self._pass_on(request, body)
        except aiohttp.ClientError:
            return _dropped(request)
        if fault is not None and fault.kind == "lost answer":
            return web.Response(status=500, text="injected fault after the deed")
        return answer

    def _fault_for(self, seen: Seen) -> Fault | None:
        for fault in self._faults:
            if fault.hits < fault.times and fault.matches(seen):
                fault.hits += 1
                fault.hit.set()
                return fault
        return None

    def _app_for(self, request: web.Request) -> str:
        if self._spread is not None:
            return next(self._spread)
        assert request.transport is not None
        return self._apps[request.transport.get_extra_info("sockname")[1]]

    async def _pass_on(self, request: web.Request, body: bytes) -> web.Response:
        async with self._session.request(
            request.method,
            self._app_for(request) + request.raw_path,
            data=body,
            headers=_end_to_end(request.headers),
            allow_redirects=False,
        ) as answer:
            return web.Response(
                status=answer.status,
                body=await answer.read(),
                headers=_end_to_end(answer.headers),
            )


@contextmanager
def one_for_each(apps: Iterable[App], replicas: int, by: int) -> Iterator[dict[str, FaultProxy]]:
    """Run a proxy between each app and its sidecar, one for all replicas of an app, in a system
    that is shifted ``by`` and ``PROXIED_BY``."""
    started = {app.app_id: FaultProxy(_proxied(app.port, replicas, by)) for app in apps}
    for proxy in started.values():
        proxy.start()
    yield started
    for proxy in started.values():
        proxy.stop()


def _proxied(port: int, replicas: int, by: int) -> dict[int, int]:
    ports = [shifted(port, by) + REPLICA_STEP * n for n in range(replicas)]
    return {app_port + PROXIED_BY: app_port for app_port in ports}


_BY_HOP = {"content-length", "transfer-encoding", "connection", "host", "date", "server"}


def _end_to_end(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _BY_HOP}


def _dropped(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=502)
