from pathlib import Path

import pytest
from eth_account import Account
from eth_keys.datatypes import Signature

from tests.support.clock import FrozenClock
from tests.support.wallets import (
    CHAIN_ID,
    CONTRACTS,
    DAY_S,
    OTHER_GENESIS,
    InProcessWallet,
    new_id,
)
from wallet_service import models
from wallet_service.eip712 import Payment, authorization_digest, authorization_nonce
from wallet_service.hashing import address_bytes, hex_bytes


def test_signs_what_the_token_will_recover_to_the_payer(issuance: InProcessWallet) -> None:
    alice = issuance.account()
    body = issuance.payment(alice)

    answer = issuance.client.post("/v1/authorizations", json=body).json()

    payment = Payment(
        chain_id=CHAIN_ID,
        token=address_bytes(CONTRACTS["EcoToken"]),
        desk=address_bytes(CONTRACTS["RedemptionDesk"]),
        payer=address_bytes(alice),
        units=1_000,
        merchant_id=7,
        payment_ref=hex_bytes(body["payment_ref"]),
        salt=hex_bytes(body["salt"]),
        valid_after=0,
        valid_before=body["valid_before"],
    )
    signature = Signature(vrs=(answer["v"] - 27, int(answer["r"], 16), int(answer["s"], 16)))
    recovered = signature.recover_public_key_from_msg_hash(authorization_digest(payment))
    assert recovered.to_checksum_address() == alice
    assert answer["nonce"] == "0x" + authorization_nonce(payment).hex()
    assert answer["v"] in {27, 28}


def test_same_request_gets_the_same_signature(issuance: InProcessWallet) -> None:
    body = issuance.payment(issuance.account())

    answers = {issuance.client.post("/v1/authorizations", json=body).text for _ in range(3)}

    assert len(answers) == 1


def test_a_payment_reference_is_signed_once_even_with_another_salt(
    issuance: InProcessWallet,
) -> None:
    body = issuance.payment(issuance.account())
    issuance.client.post("/v1/authorizations", json=body)

    other_salt = body | {"request_id": new_id(), "salt": "0x" + "77" * 32}
    answer = issuance.client.post("/v1/authorizations", json=other_salt)

    assert (answer.status_code, answer.json()["code"]) == (409, "payment_signed")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"address": "0x" + "0a" * 20}, 404, "account_unknown"),
        ({"genesis_hash": OTHER_GENESIS}, 409, "genesis_differs"),
        ({"chain_id": 1}, 409, "chain_id_differs"),
        ({"units": 0}, 422, "body_malformed"),
        ({"units": -5}, 422, "body_malformed"),
        ({"units": 2**48}, 422, "body_malformed"),
        ({"units": 50_001}, 403, "proof_required"),
        ({"merchant_id": 0}, 422, "body_malformed"),
        ({"merchant_id": 2**64}, 422, "body_malformed"),
        ({"valid_before": 1}, 403, "validity_denied"),
        ({"valid_before": 2**48 - 1}, 403, "validity_denied"),
        ({"payment_ref": "0x11"}, 422, "body_malformed"),
        ({"proof": {"kind": "trust me"}}, 422, "body_malformed"),
    ],
)
def test_denies(
    issuance: InProcessWallet, changes: dict[str, object], status: int, code: str
) -> None:
    alice = issuance.account()

    answer = issuance.client.post("/v1/authorizations", json=issuance.payment(alice) | changes)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert issuance.client.get("/v1/health").json()["journal_rows"] == 0


def test_pays_without_proof_up_to_the_account_s_day(
    issuance: InProcessWallet, clock: FrozenClock
) -> None:
    alice, bob = issuance.account("alice"), issuance.account("bob")

    spent = [issuance.pay(alice, units=40_000).status_code for _ in range(2)]
    over = issuance.pay(alice, units=20_001)
    rest = issuance.pay(alice, units=20_000)
    of_bob = issuance.pay(bob, units=40_000)
    clock.advance(days=1)
    next_day = issuance.pay(alice, units=40_000)

    assert spent == [200, 200]
    assert over.json()["code"] == "proof_required"
    assert (rest.status_code, of_bob.status_code, next_day.status_code) == (200, 200, 200)


@pytest.mark.parametrize(
    ("limit", "scope"),
    [
        ("merchant_units_per_day_max", "spend:merchant:7"),
        ("global_units_per_day_max", "spend:global"),
    ],
)
def test_stops_at_the_day_of_the_merchant_and_of_everybody(
    tmp_path: Path, clock: FrozenClock, issuance: InProcessWallet, limit: str, scope: str
) -> None:
    spend = issuance.wallet.policy.spend
    assert spend is not None
    policy = issuance.wallet.policy.model_copy(
        update={"spend": spend.model_copy(update={limit: 2_500})}
    )
    tight = InProcessWallet(tmp_path, policy=policy, clock=clock)
    accounts = [tight.account(name) for name in ("a", "b", "c")]

    answers = [tight.pay(address) for address in accounts]
    tight.close()

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["scope"] == scope


def test_the_account_s_key_cannot_be_opened_in_another_account_s_place(
    issuance: InProcessWallet,
) -> None:
    alice, bob = issuance.account("alice"), issuance.account("bob")
    with issuance.store.transaction() as session:
        stolen = session.get_one(models.Account, alice)
        session.get_one(models.Account, bob).sealed_salt = stolen.sealed_salt

    answer = issuance.pay(bob)

    assert (answer.status_code, answer.json()["code"]) == (503, "signer_fault")


def test_a_changed_address_is_noticed_before_anything_is_signed(
    issuance: InProcessWallet,
) -> None:
    issuance.account("alice")
    thief = Account.create().address
    with issuance.store.transaction() as session:
        session.connection().exec_driver_sql("UPDATE account SET address = ?", (thief,))

    answer = issuance.pay(thief)

    assert answer.json()["code"] == "signer_fault"


def test_validity_is_counted_from_the_wallet_s_own_clock(
    issuance: InProcessWallet, clock: FrozenClock
) -> None:
    alice = issuance.account()
    body = issuance.payment(alice)
    clock.advance(seconds=3 * DAY_S)

    answer = issuance.client.post("/v1/authorizations", json=body)

    assert answer.json()["code"] == "validity_denied"
