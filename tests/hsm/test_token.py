import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clock import FrozenClock
from tests.support.signers import SignerConformance
from tests.support.softhsm import LABEL, PIN
from tests.support.wallets import InProcessWallet
from wallet_service import keyring
from wallet_service.errors import SignerFaultError, StartupError
from wallet_service.hashing import checksummed
from wallet_service.keystore import KekRing
from wallet_service.limits import Instance
from wallet_service.signing.hsm import Token, open_token, token_signers
from wallet_service.signing.protocol import Signer
from wallet_service.store import Store


@pytest.fixture(scope="session")
def token(hsm_module: Path) -> Iterator[Token]:
    opened = Token(hsm_module, label=LABEL, pin=PIN)
    yield opened
    opened.close()


def _new_key(token: Token) -> Signer:
    return token.make_key(secrets.token_hex(6))


class TestTokenSigner(SignerConformance):
    @pytest.fixture
    def signer(self, token: Token) -> Signer:
        return _new_key(token)

    @pytest.fixture
    def other(self, token: Token) -> Signer:
        return _new_key(token)


def test_a_key_is_found_again_under_its_label(token: Token) -> None:
    made = token.make_key("found-again")

    found = token.signer("found-again")

    assert found is not None
    assert found.address == made.address
    assert token.signer("never-made") is None


def test_a_label_is_used_once(token: Token) -> None:
    token.make_key("twice")

    with pytest.raises(StartupError, match="already holds"):
        token.make_key("twice")


def test_the_token_logs_in_again_after_a_fault(token: Token) -> None:
    signer = token.make_key("flapping")
    token.close()

    assert signer.sign(b"\1" * 32).r > 0


def test_a_key_that_went_away_is_a_fault_and_not_a_signature(token: Token) -> None:
    with pytest.raises(SignerFaultError, match="NoSuchKey"):
        token.sign("never-made", b"\1" * 32)


def test_a_missing_library_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="cannot be opened"):
        Token(tmp_path / "none.so", label=LABEL, pin=PIN)


def test_the_pin_file_must_be_private(tmp_path: Path, hsm_module: Path) -> None:
    pin_file = tmp_path / "pin"
    pin_file.write_text(PIN + "\n")
    pin_file.chmod(0o644)

    with pytest.raises(StartupError, match="chmod 600"):
        open_token(hsm_module, label=LABEL, pin_file=pin_file)
    with pytest.raises(StartupError, match="cannot be read"):
        open_token(hsm_module, label=LABEL, pin_file=tmp_path / "none")
    with pytest.raises(StartupError, match="PIN_FILE"):
        open_token(hsm_module, label=LABEL, pin_file=None)


def _command(
    folder: Path, module: Path, *arguments: str, pin: str = PIN, label: str = LABEL
) -> subprocess.CompletedProcess[str]:
    pin_file = folder / "pin"
    pin_file.write_text(pin)
    pin_file.chmod(0o600)
    environment = {
        "WALLET_INSTANCE": "issuance",
        "WALLET_SOCKET": str(folder / "wallet.sock"),
        "WALLET_STORE": str(folder / "wallet.db"),
        "WALLET_KEK_FILE": str(folder / "kek.json"),
        "WALLET_PKCS11_MODULE": str(module),
        "WALLET_PKCS11_TOKEN": label,
        "WALLET_PKCS11_PIN_FILE": str(pin_file),
    }
    return subprocess.run(
        [sys.executable, "-m", "wallet_service", *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def test_a_key_moves_to_the_token_and_signs_from_there(
    tmp_path: Path, hsm_module: Path, clock: FrozenClock, token: Token
) -> None:
    stored = json.loads(_command(tmp_path, hsm_module, "init").stdout)
    moved = _command(tmp_path, hsm_module, "move-to-hsm", "--key", "minter")
    addresses = json.loads(moved.stdout)

    token.close()
    signers = token_signers(token, ["minter", "rules"])
    running = InProcessWallet(tmp_path, clock=clock, hsm=signers)
    running.pin()
    answer = running.sign()
    running.close()

    assert answer.status_code == 200
    assert answer.json()["sender"] == addresses["minter"] == checksummed(signers["minter"].address)
    assert addresses["minter"] != stored["minter"]
    assert addresses["rules"] == stored["rules"]


@pytest.mark.parametrize(
    ("label", "pin"), [("no such token", PIN), (LABEL, "000000")], ids=["token", "pin"]
)
def test_a_token_that_does_not_open_stops_the_start(
    tmp_path: Path, hsm_module: Path, label: str, pin: str
) -> None:
    _command(tmp_path, hsm_module, "init")

    started = _command(tmp_path, hsm_module, "serve", pin=pin, label=label)

    assert started.returncode == 1
    assert "cannot be opened" in started.stderr


def test_only_a_key_of_this_instance_moves(tmp_path: Path, hsm_module: Path) -> None:
    refused = _command(tmp_path, hsm_module, "move-to-hsm", "--key", "guardian")

    assert refused.returncode == 1
    assert "minter" in refused.stderr


def test_a_stored_key_that_moved_to_the_token_needs_the_token(
    tmp_path: Path, clock: FrozenClock, token: Token
) -> None:
    InProcessWallet(tmp_path, clock=clock).close()
    store = Store(tmp_path / "wallet.db")
    keyring.adopt_hsm_key(store, "rules", _new_key(token))

    with pytest.raises(StartupError, match="PKCS11"):
        keyring.open_signers(store, KekRing.read(tmp_path / "kek.json"), Instance.ISSUANCE, {})
    store.dispose()
