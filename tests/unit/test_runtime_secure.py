"""What is made before a secure system starts: tokens, identities, and what daprd is told."""

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError
from joserfc.jwk import KeySet

from runtime import __main__, loopback
from runtime.dapr import Dapr
from runtime.errors import SetupError
from runtime.secure import identities
from runtime.secure import vault as vaults
from runtime.secure.vault import Vault
from runtime.template import Changes


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    vault = vaults.of(tmp_path)
    vault.fill(["flight-service", "hotel-service"])
    return vault


def read(vault: Vault, name: str) -> jwt.Token:
    keys = KeySet.import_key_set(json.loads(vault.keys.read_text()))
    return jwt.decode(vault.identity_file(name).read_text(), keys)


def authority(vault: Vault, ends: datetime) -> None:
    """Put the certificate of an authority where Sentry would, one that ends then."""
    key = ed25519.Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cluster.local")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(ends - timedelta(days=365))
        .not_valid_after(ends)
        .sign(key, None)
    )
    vault.trust_anchors.write_bytes(made.public_bytes(Encoding.PEM))


def test_tokens_outlive_a_restart_and_all_differ(vault: Vault) -> None:
    def tokens() -> list[str]:
        apps = ("flight-service", "hotel-service")
        return [tell(app) for app in apps for tell in (vault.api_token, vault.app_token)]

    before = tokens()
    vault.fill(["flight-service", "hotel-service", "payment-service"])
    assert tokens() == before
    assert len({*before, vault.api_token("payment-service")}) == 5


def test_only_the_owner_can_read_it_whatever_the_umask(tmp_path: Path) -> None:
    was = os.umask(0)
    try:
        vault = vaults.of(tmp_path)
        vault.fill(["flight-service"])
        identities.issue(vault, ["flight-service"])
    finally:
        os.umask(was)
    paths = [vault.folder, *vault.folder.rglob("*")]
    assert {path.stat().st_mode & 0o777 for path in paths if path.is_dir()} == {0o700}
    assert {path.stat().st_mode & 0o777 for path in paths if path.is_file()} == {0o600}


def test_each_process_has_a_token_for_its_own_name_only(vault: Vault) -> None:
    identities.issue(vault, ["flight-service"])
    names = {
        "flight-service": "spiffe://public/ns/default/flight-service",
        "dapr-placement": "spiffe://localhost/ns/default/dapr-placement",
        "dapr-scheduler": "spiffe://localhost/ns/default/dapr-scheduler",
    }
    assert {path.name for path in (vault.folder / "identity").iterdir()} == names.keys()
    for name, subject in names.items():
        claims = read(vault, name).claims
        assert claims["sub"] == subject
        assert claims["aud"] == ["spiffe://localhost/ns/default/dapr-sentry"]
        lasts = datetime.fromtimestamp(claims["exp"], UTC) - datetime.now(UTC)
        assert timedelta(days=364) < lasts <= timedelta(days=365)


def test_the_key_that_signs_is_nowhere_and_another_one_at_the_next_start(vault: Vault) -> None:
    identities.issue(vault, ["flight-service"])
    kept = vault.identity_file("flight-service").read_text()
    assert "d" not in json.loads(vault.keys.read_text())["keys"][0]
    files = [path for path in vault.folder.rglob("*") if path.is_file()]
    assert not [
        path for path in files if "PRIVATE" in path.read_text() or '"d"' in path.read_text()
    ]
    identities.issue(vault, ["flight-service"])
    with pytest.raises(InvalidKeyIdError):
        jwt.decode(kept, KeySet.import_key_set(json.loads(vault.keys.read_text())))


def test_an_authority_at_its_end_is_told_before_anything_starts(vault: Vault) -> None:
    authority(vault, datetime.now(UTC) + timedelta(days=1))
    identities.issue(vault, ["flight-service"])
    authority(vault, datetime.now(UTC) - timedelta(days=1))
    with pytest.raises(SetupError, match=r"authority in .*/ca ended on 20.* Remove that folder"):
        identities.issue(vault, ["flight-service"])


def test_a_sidecar_gets_the_secrets_of_its_own_app_and_no_other(
    vault: Vault, tmp_path: Path
) -> None:
    """In its environment; on its command line there is where Sentry is, and no secret."""
    identities.issue(vault, ["flight-service", "hotel-service"])
    vault.trust_anchors.write_text("the authority\n")
    daprd = tmp_path / "with space" / ".dapr" / "bin" / "daprd"
    daprd.parent.mkdir(parents=True)
    daprd.write_text('#!/bin/sh\nenv\necho "words: $*"\n')
    daprd.chmod(0o755)
    dapr = Dapr(Path("dapr"), tmp_path / "with space", "made up")
    script = loopback.runtime_path(dapr, tmp_path, vault, 1234) / ".dapr" / "bin" / "daprd"
    told = subprocess.run(
        [script, "--app-id", "flight-service", "--log-level", "info"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    own = {vault.api_token("flight-service"), vault.app_token("flight-service")}
    assert f"DAPR_API_TOKEN={vault.api_token('flight-service')}\n" in told
    assert f"APP_API_TOKEN={vault.app_token('flight-service')}\n" in told
    assert "DAPR_TRUST_ANCHORS=the authority\n" in told
    assert f"DAPR_SENTRY_TOKEN_FILE={vault.identity_file('flight-service')}\n" in told
    assert vault.api_token("hotel-service") not in told
    [words] = [line for line in told.splitlines() if line.startswith("words: ")]
    assert "--enable-mtls --sentry-address 127.0.0.1:1234" in words
    assert not [secret for secret in own if secret in words]


def test_without_an_app_id_it_only_tells_its_version(vault: Vault, tmp_path: Path) -> None:
    daprd = tmp_path / ".dapr" / "bin" / "daprd"
    daprd.parent.mkdir(parents=True, exist_ok=True)
    daprd.write_text("#!/bin/sh\nenv\n")
    daprd.chmod(0o755)
    dapr = Dapr(Path("dapr"), tmp_path, "made up")
    script = loopback.runtime_path(dapr, tmp_path / "runtime", vault) / ".dapr" / "bin" / "daprd"
    told = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert "API_TOKEN" not in told.stdout
    assert not told.stderr


@pytest.mark.parametrize(("said", "secure"), [("1", True), ("0", False), ("", False)])
def test_secure_is_a_setting_like_the_others(
    monkeypatch: pytest.MonkeyPatch, said: str, secure: bool
) -> None:
    monkeypatch.setenv("SECURE", said)
    assert __main__._changes().secure is secure


def test_another_word_for_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECURE", "yes")
    with pytest.raises(SetupError, match="SECURE is 1, or 0, not 'yes'"):
        __main__._changes()


def test_a_secure_system_keeps_what_it_has_apart() -> None:
    kept = {Changes(secure=s, profile=p).keeps for s in (False, True) for p in ("", "postgres")}
    assert kept == {".", "secure", "postgres", "secure/postgres"}
