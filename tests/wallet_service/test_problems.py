import threading
from pathlib import Path
from typing import NoReturn

import pytest
from fastapi.routing import APIRoute
from sqlmodel import select

from tests.support.clock import FrozenClock
from tests.support.wallets import CHAIN_ID, GWEI, InProcessWallet, transaction
from wallet_service import keyring, models, transactions
from wallet_service.app import create_app
from wallet_service.errors import InvalidRequestError, SignerFaultError, StartupError
from wallet_service.hashing import address_bytes, hex_bytes
from wallet_service.keystore import KekRing, new_secret
from wallet_service.limits import Instance
from wallet_service.policy import Transaction
from wallet_service.signing.local import LocalSigner
from wallet_service.signing.transactions import _check_bytes, _fields, sign_transaction

MEMBERS = {"type", "title", "status", "detail", "code", "correlation_id", "errors"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/docs", 404),
        ("DELETE", "/v1/transactions", 405),
        ("POST", "/v1/transactions", 422),
        ("GET", "/v1/journal", 422),
    ],
)
def test_every_refusal_is_a_problem_document(
    issuance: InProcessWallet, method: str, path: str, status: int
) -> None:
    answer = issuance.client.request(method, path)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) >= MEMBERS
    assert answer.json()["status"] == status


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{", b'"text"', b"\xff\xfe", b'{"request_id": {}}', b"1e999"]
)
def test_poison_bodies_are_refused_and_logged(issuance: InProcessWallet, body: bytes) -> None:
    headers = {"content-type": "application/json"}

    for route in ("transactions", "authorizations", "accounts", "erasure"):
        answer = issuance.client.post(f"/v1/{route}", content=body, headers=headers)
        assert answer.status_code == 422

    with issuance.store.transaction() as session:
        decisions = session.exec(select(models.RequestLog.decision)).all()
    assert decisions == ["granted"] + ["unreadable"] * 4


def test_a_validation_problem_does_not_repeat_the_input(issuance: InProcessWallet) -> None:
    answer = issuance.client.post("/v1/transactions", json=transaction(data="secret-4711"))

    assert answer.json()["errors"][0]["path"] == "body.data"
    assert "4711" not in answer.text


def test_a_bug_is_logged_without_its_values_and_answered_by_an_id(
    issuance: InProcessWallet, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_arguments: object, **_options: object) -> NoReturn:
        private = "private-value-4711"
        raise RuntimeError(private)

    monkeypatch.setattr(transactions, "judge_transaction", broken)

    answer = issuance.sign()

    printed = capsys.readouterr()
    log = printed.out + printed.err
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "4711" not in answer.text
    assert answer.json()["correlation_id"] in log
    assert "RuntimeError" in log
    assert "4711" not in log
    with issuance.store.transaction() as session:
        assert session.exec(select(models.RequestLog.decision)).all()[-1] == "bug"


def test_the_application_has_the_documented_routes_only(issuance: InProcessWallet) -> None:
    page = (Path(__file__).parents[2] / "docs/wallet.md").read_text()
    routes = [
        route.path for route in create_app(issuance.wallet).routes if isinstance(route, APIRoute)
    ]

    assert len(routes) == 12
    assert all(path in page for path in routes if not path.endswith("/passkey"))


@pytest.mark.parametrize(
    "text", ["", "0x", "00" * 20, "0x" + "0g" * 20, "0x" + "00" * 19, "0x" + "00 " * 20, "0x1"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError):
        address_bytes(text)


def test_an_address_is_read_in_any_honest_spelling() -> None:
    checksummed = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"  # an example of EIP-55
    digits = checksummed[2:]

    read = {
        address_bytes(text) for text in (checksummed, "0x" + digits.lower(), "0x" + digits.upper())
    }

    assert read == {hex_bytes(checksummed)}


def test_signed_bytes_of_something_else_are_noticed() -> None:
    signer = LocalSigner(new_secret())
    asked = _transaction(signer, nonce=1)
    raw = sign_transaction(signer, _transaction(signer, nonce=2)).raw

    with pytest.raises(SignerFaultError, match="nonce"):
        _check_bytes(raw, _fields(asked), sender=signer.address)


def test_signed_bytes_of_somebody_else_are_noticed() -> None:
    signer, other = LocalSigner(new_secret()), LocalSigner(new_secret())
    asked = _transaction(signer, nonce=1)
    raw = sign_transaction(other, asked).raw

    with pytest.raises(SignerFaultError, match="sender"):
        _check_bytes(raw, _fields(asked), sender=signer.address)


def test_a_key_that_moved_elsewhere_needs_its_signer(issuance: InProcessWallet) -> None:
    ring = KekRing.read(issuance.kek_file)
    token_key = LocalSigner(new_secret())

    keyring.adopt_hsm_key(issuance.store, "minter", token_key)

    with pytest.raises(StartupError, match="PKCS11"):
        keyring.open_signers(issuance.store, ring, Instance.ISSUANCE, {})
    opened = keyring.open_signers(issuance.store, ring, Instance.ISSUANCE, {"minter": token_key})
    assert opened["minter"] is token_key
    keyring.rotate_kek(issuance.store, issuance.kek_file, Instance.ISSUANCE)


def test_an_older_store_signs_the_same_request_with_the_same_bytes(
    tmp_path: Path, clock: FrozenClock, issuance: InProcessWallet
) -> None:
    issuance.store.forget_deleted_pages()
    backup = (tmp_path / "wallet.db").read_bytes()
    body = transaction()
    before = issuance.client.post("/v1/transactions", json=body).json()
    issuance.close()
    for path in tmp_path.glob("wallet.db*"):
        path.unlink()
    (tmp_path / "wallet.db").write_bytes(backup)

    restored = InProcessWallet(tmp_path, clock=clock)
    after = restored.client.post("/v1/transactions", json=body).json()
    restored.close()

    assert after == before


def test_fifty_parallel_payments_stay_within_the_account_s_day(issuance: InProcessWallet) -> None:
    alice = issuance.account()
    statuses: list[int] = []
    threads = [
        threading.Thread(
            target=lambda: statuses.append(issuance.pay(alice, units=9_000).status_code)
        )
        for _ in range(50)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # 100 000 units a day without proof: eleven payments of 9 000.
    assert statuses.count(200) == 11
    assert statuses.count(403) == 39


def test_a_policy_that_lost_its_spend_section_enrols_nothing(
    tmp_path: Path, clock: FrozenClock, issuance: InProcessWallet
) -> None:
    alice = issuance.account()
    policy = issuance.wallet.policy.model_copy(update={"spend": None})
    closed = InProcessWallet(tmp_path, policy=policy, clock=clock)
    body = {"request_id": "r", "credential_id": "AAAA", "public_key": "AAAA", "rp_id": "localhost"}

    enrolled = closed.client.post(f"/v1/accounts/{alice}/passkey", json=body)
    paid = closed.pay(alice)
    closed.close()

    assert enrolled.json()["code"] == paid.json()["code"] == "payments_denied"


def _transaction(signer: LocalSigner, *, nonce: int) -> Transaction:
    return Transaction(
        key="minter",
        sender=signer.address,
        chain_id=CHAIN_ID,
        nonce=nonce,
        to=b"\x02" * 20,
        data=b"",
        gas=21_000,
        max_fee_per_gas_wei=GWEI,
        max_priority_fee_per_gas_wei=GWEI,
    )
