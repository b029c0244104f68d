"""The secrets of a system with ``SECURE=1``: a folder that nobody else may look into.

``api/<app-id>`` is what a request to the app's sidecar has to bring, ``app/<app-id>`` what the
sidecar brings to its app: made once, and the same after a restart. ``ca/`` is Sentry's, who makes
its certificate authority there. ``identity/`` has the tokens by which processes show Sentry who
they are; see `identities`.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_BYTES = 32


@dataclass(frozen=True)
class Vault:
    """The folder, and where what is in it."""

    folder: Path

    @property
    def ca(self) -> Path:
        return self.folder / "ca"

    @property
    def trust_anchors(self) -> Path:
        """Return the file with the certificate of the authority, once Sentry has run."""
        return self.ca / "ca.crt"

    @property
    def keys(self) -> Path:
        """Return the file with the public key that Sentry knows tokens by."""
        return self.folder / "keys.json"

    @property
    def sentry(self) -> Path:
        """Return Sentry's configuration."""
        return self.folder / "sentry.yaml"

    def api_token_file(self, app_id: str) -> Path:
        return self.folder / "api" / app_id

    def app_token_file(self, app_id: str) -> Path:
        return self.folder / "app" / app_id

    def identity_file(self, name: str) -> Path:
        return self.folder / "identity" / name

    def api_token(self, app_id: str) -> str:
        """Return what a request to the app's sidecar has to bring."""
        return self.api_token_file(app_id).read_text()

    def app_token(self, app_id: str) -> str:
        """Return what a request to the app itself has to bring."""
        return self.app_token_file(app_id).read_text()

    def fill(self, app_ids: Iterable[str]) -> None:
        """Make the folder, and the tokens that are missing."""
        private(self.folder)
        private(self.ca)
        for app_id in app_ids:
            for path in (self.api_token_file(app_id), self.app_token_file(app_id)):
                private(path.parent)
                if not path.is_file():
                    write(path, secrets.token_urlsafe(_BYTES))


def of(home: Path) -> Vault:
    """Return the vault of a system that lives there."""
    return Vault(home / ".dapr" / "secure")


def private(folder: Path) -> None:
    """Make a folder that only its owner can enter."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)


def write(path: Path, text: str) -> None:
    """Write a file that only its owner can read, at no moment anybody else."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    part.write_text(text)
    part.replace(path)
