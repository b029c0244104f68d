"""An app, served over HTTP by this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Literal

import uvicorn
from fastapi import FastAPI

from tests.support.waiting import until


@contextmanager
def served(app: FastAPI, lifespan: Literal["on", "off"] = "on") -> Iterator[str]:
    """Serve the app on a free port of the loopback, and give its URL."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan=lifespan)
    server = uvicorn.Server(config)
    thread = Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started, bool, "the app to listen")
        _, port = server.servers[0].sockets[0].getsockname()
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
