"""The front of an environment: it listens where that answers, and passes every connection on to
the release that the environment's link names at that moment.

``python -m systems.pipeline.deployer.front FOLDER PORT``. It is a process of its own: it outlives
the service, and knows nothing but the link and who listens where.
"""

import asyncio
import contextlib
import json
import sys
from pathlib import Path

_NOBODY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 24\r\n"
    b"Connection: close\r\n\r\nNo release is live here.\n"
)
_CHUNK = 64 * 1024


def port_of_live(folder: Path) -> int | None:
    """Return where the release that is live listens; None if there is none."""
    try:
        release = (folder / "current").readlink().name
        return int(json.loads((folder / "instances" / f"{release}.json").read_text())["port"])
    except (OSError, ValueError, KeyError):
        return None


async def serve(folder: Path, port: int) -> None:
    """Serve for ever."""

    async def passed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await _pass_on(folder, reader, writer)
        writer.close()

    server = await asyncio.start_server(passed, "127.0.0.1", port)
    await server.serve_forever()


async def _pass_on(
    folder: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        live = port_of_live(folder)
        if live is None:
            raise ConnectionRefusedError
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", live)
    except OSError:
        await reader.read(_CHUNK)
        writer.write(_NOBODY)
        await writer.drain()
        return
    there = asyncio.create_task(_pumped(reader, inner_writer))
    try:
        await _pumped(inner_reader, writer)
    finally:
        there.cancel()
        inner_writer.close()


async def _pumped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(_CHUNK):
        writer.write(chunk)
        await writer.drain()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
