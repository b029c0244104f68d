"""A local mail server that keeps each mail as a file, for a system without a real one.

The file is named after the subject and the content, so a mail that is delivered again after a crash
replaces itself.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.header import decode_header, make_header
from hashlib import blake2s
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session
from pydantic_settings import BaseSettings


class SinkSettings(BaseSettings):
    """``MAIL_SINK_PORT``: where it listens on loopback, 0 for no sink; ``MAIL_SINK_FOLDER``."""

    mail_sink_port: int = 0
    mail_sink_folder: Path = Path("data/mails")


class _Keeper:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:
        content = envelope.content or b""
        assert isinstance(content, bytes), "the server does not decode what it receives"
        await asyncio.to_thread(_keep, self._folder / file_name(content), content)
        return "250 Kept"


def file_name(content: bytes) -> str:
    """Return the name for a mail: its subject, and a digest of what it says."""
    mail = message_from_bytes(content)
    subject = str(make_header(decode_header(mail.get("Subject", "mail"))))
    body = mail.get_payload(decode=True)
    digest = blake2s(body if isinstance(body, bytes) else content, digest_size=4).hexdigest()
    return f"{re.sub(r'[^A-Za-z0-9_-]+', '-', subject)[:80].strip('-')}-{digest}.eml"


def _keep(path: Path, content: bytes) -> None:
    partial = path.with_suffix(".part")
    partial.write_bytes(content)
    partial.replace(path)


@asynccontextmanager
async def sink(settings: SinkSettings) -> AsyncIterator[None]:
    """Run the sink, if the settings want one, for as long as the context lasts."""
    if not settings.mail_sink_port:
        yield
        return
    settings.mail_sink_folder.mkdir(parents=True, exist_ok=True)
    keeper = _Keeper(settings.mail_sink_folder)
    # Replicas of this service share the port.
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(keeper, enable_SMTPUTF8=True),
        "127.0.0.1",
        settings.mail_sink_port,
        reuse_port=True,
    )
    async with server:
        yield
