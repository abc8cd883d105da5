from pathlib import Path

import pytest

from tests.support.clock import FrozenClock
from tests.support.wallets import GENESIS, OTHER_GENESIS, InProcessWallet, new_id
from wallet_service import keyring


def _ask(instance: InProcessWallet, **changes: object) -> "object":
    body = {"request_id": new_id(), "account_ref": "alice", "genesis_hash": GENESIS}
    return instance.client.post("/v1/accounts", json=body | changes)


def test_an_account_keeps_its_address_under_any_request_id(issuance: InProcessWallet) -> None:
    assert issuance.account() == issuance.account()
    assert issuance.account(request_id="one") == issuance.account(request_id="one")


def test_each_index_and_each_genesis_has_an_address_of_its_own(issuance: InProcessWallet) -> None:
    addresses = {
        issuance.account(),
        issuance.account(index=1),
        issuance.account(index=2),
        issuance.account(genesis_hash=OTHER_GENESIS),
        issuance.account("bob"),
    }

    assert len(addresses) == 5


def test_an_index_cannot_be_left_out(issuance: InProcessWallet) -> None:
    issuance.account()

    answer = _ask(issuance, index=2)

    assert answer.json()["code"] == "index_gap"  # type: ignore[attr-defined]


def test_erasure_destroys_the_keys_and_the_link_for_ever(issuance: InProcessWallet) -> None:
    first, second = issuance.account("alice-ref"), issuance.account("alice-ref", index=1)
    request = {"request_id": "r", "account_ref": "alice-ref", "genesis_hash": GENESIS}
    issuance.client.post("/v1/accounts", json=request)

    answer = issuance.client.post("/v1/erasure", json={"account_ref": "alice-ref"})
    again = issuance.client.post("/v1/erasure", json={"account_ref": "alice-ref"})

    assert answer.json() == {"erased_addresses": 2}
    assert again.json() == {"erased_addresses": 0}
    assert issuance.pay(first).json()["code"] == "account_unknown"
    assert issuance.pay(second).json()["code"] == "account_unknown"
    reborn = _ask(issuance, account_ref="alice-ref")
    assert reborn.json()["code"] == "account_erased"  # type: ignore[attr-defined]
    repeated = issuance.client.post("/v1/accounts", json=request)
    assert repeated.json()["code"] == "account_erased"


def test_erasure_leaves_neither_salt_nor_reference_on_disk(
    tmp_path: Path, issuance: InProcessWallet
) -> None:
    body = {"request_id": "r", "account_ref": "alice-4f3a", "genesis_hash": GENESIS}
    salt = bytes.fromhex(issuance.client.post("/v1/accounts", json=body).json()["sealed_salt"][2:])
    issuance.client.post("/v1/erasure", json={"account_ref": "alice-4f3a"})

    stored = b"".join(path.read_bytes() for path in tmp_path.glob("wallet.db*"))

    assert salt not in stored
    assert b"alice-4f3a" not in stored


def test_the_second_copy_of_the_salt_brings_an_account_back_after_a_restore(
    tmp_path: Path, clock: FrozenClock, issuance: InProcessWallet
) -> None:
    issuance.wallet.store.forget_deleted_pages()
    backup = (tmp_path / "wallet.db").read_bytes()
    lost = [_ask(issuance, index=index).json() for index in (0, 1)]  # type: ignore[attr-defined]
    issuance.close()
    for path in tmp_path.glob("wallet.db*"):
        path.unlink()
    (tmp_path / "wallet.db").write_bytes(backup)

    restored = InProcessWallet(tmp_path, clock=clock)
    answers = [
        _ask(restored, index=answer["index"], sealed_salt=answer["sealed_salt"]).json()  # type: ignore[attr-defined]
        for answer in reversed(lost)
    ]
    paid = restored.pay(lost[1]["address"]).status_code
    restored.close()

    assert answers == list(reversed(lost))
    assert paid == 200


def test_a_foreign_salt_is_refused(
    tmp_path_factory: pytest.TempPathFactory, issuance: InProcessWallet
) -> None:
    stranger = InProcessWallet(tmp_path_factory.mktemp("stranger"))
    foreign = _ask(stranger).json()["sealed_salt"]  # type: ignore[attr-defined]
    stranger.close()
    own_but_of_bob = _ask(issuance, account_ref="bob").json()["sealed_salt"]  # type: ignore[attr-defined]

    answers = [
        _ask(issuance, sealed_salt=salt).json()["code"]  # type: ignore[attr-defined]
        for salt in (foreign, own_but_of_bob, "0x", "0x02ff")
    ]

    assert answers == ["salt_foreign"] * 4


def test_rotating_the_kek_moves_no_address_and_keeps_the_copied_salts(
    tmp_path: Path, clock: FrozenClock, issuance: InProcessWallet
) -> None:
    answer = _ask(issuance).json()  # type: ignore[attr-defined]
    keys = issuance.client.get("/v1/keys").json()
    issuance.close()

    keyring.rotate_kek(issuance.store, issuance.kek_file, issuance.settings.instance)
    rotated = InProcessWallet(tmp_path, clock=clock)

    same = _ask(rotated, sealed_salt=answer["sealed_salt"]).json()  # type: ignore[attr-defined]
    paid = rotated.pay(answer["address"]).status_code
    keys_after = rotated.client.get("/v1/keys").json()
    rotated.close()
    assert same == answer
    assert paid == 200
    assert keys_after == keys
