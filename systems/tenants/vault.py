"""Secrets in files that only the service's user can read, each under a reference.

A secret is made here, where it is used, and goes nowhere else: what is stored, logged or sent to
another service is the reference. A real vault would take the place of this class.
"""

import secrets
from collections.abc import Callable
from pathlib import Path

from pydantic_settings import BaseSettings


class VaultSettings(BaseSettings):
    """``VAULT_FOLDER``: where the secrets are; each service has a folder of its own in it."""

    vault_folder: Path = Path("systems/tenants/data/vault")

    def of(self, service: str) -> "Vault":
        """Return the vault of a service."""
        return Vault(self.vault_folder.resolve() / service)


def password() -> str:
    """Return a new secret of 256 bits, as text without blanks."""
    return secrets.token_urlsafe(32)


class Vault:
    """One file a secret, 0600 in a folder 0700. References are ids of resources, and a name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, reference: str) -> Path:
        """Return the file of a secret."""
        assert "/" not in reference, reference
        return self.folder / reference

    def get(self, reference: str) -> str | None:
        """Return a secret, or None."""
        try:
            return self.path(reference).read_text()
        except FileNotFoundError:
            return None

    def kept(self, reference: str, make: Callable[[], str] = password) -> str:
        """Return a secret; make it if there is none. Of two who make it at once, one wins."""
        known = self.get(reference)
        if known is not None:
            return known
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = self.path(f".{secrets.token_hex(8)}")
        part.touch(mode=0o600)
        part.write_text(make())
        try:
            self.path(reference).hardlink_to(part)  # whole or not at all, and never over another
        except FileExistsError:
            pass
        finally:
            part.unlink()
        return self.path(reference).read_text()

    def forget(self, reference: str) -> None:
        """Remove a secret, if there is one."""
        self.path(reference).unlink(missing_ok=True)
