from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_keys.datatypes import Signature
from sqlalchemy.exc import IntegrityError

from tests.support.clock import FrozenClock
from tests.support.wallets import (
    CHAIN_ID,
    CONTRACTS,
    OTHER_GENESIS,
    InProcessWallet,
    new_id,
)
from wallet_service.calldata import encode, shape_of

PAYMENT = ("address", "chain_id", "genesis_hash", "merchant_id", "payment_ref", "salt")


def cancellation(payment: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"request_id": new_id(), **{name: payment[name] for name in PAYMENT}} | changes


def cancel(issuance: InProcessWallet, payment: dict[str, Any], **changes: Any) -> Any:
    return issuance.client.post("/v1/cancellations", json=cancellation(payment, **changes))


def test_signs_what_the_token_will_recover_to_the_payer(issuance: InProcessWallet) -> None:
    alice = issuance.account()
    payment = issuance.payment(alice)
    paid = issuance.client.post("/v1/authorizations", json=payment).json()

    answer = cancel(issuance, payment).json()

    # Written down a second time by another library, from the contract's own words.
    message = encode_typed_data(
        {
            "name": "Calanque Points",
            "version": "1",
            "chainId": CHAIN_ID,
            "verifyingContract": CONTRACTS["EcoToken"],
        },
        {
            "CancelAuthorization": [
                {"name": "authorizer", "type": "address"},
                {"name": "nonce", "type": "bytes32"},
            ]
        },
        {"authorizer": alice, "nonce": bytes.fromhex(answer["nonce"][2:])},
    )
    signature = Signature(vrs=(answer["v"] - 27, int(answer["r"], 16), int(answer["s"], 16)))
    assert Account.recover_message(message, signature=signature.to_bytes()) == alice
    assert answer["nonce"] == paid["nonce"]


def test_same_request_gets_the_same_signature_and_another_is_refused(
    issuance: InProcessWallet,
) -> None:
    body = cancellation(issuance.payment(issuance.account()))

    answers = {issuance.client.post("/v1/cancellations", json=body).text for _ in range(3)}
    other = issuance.client.post("/v1/cancellations", json=body | {"request_id": new_id()})

    assert len(answers) == 1
    assert (other.status_code, other.json()["code"]) == (409, "payment_cancelled")


def test_a_payment_that_was_called_off_is_never_signed(issuance: InProcessWallet) -> None:
    payment = issuance.payment(issuance.account())
    cancel(issuance, payment)

    answer = issuance.client.post("/v1/authorizations", json=payment)

    assert (answer.status_code, answer.json()["code"]) == (409, "payment_cancelled")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"address": "0x" + "0a" * 20}, 404, "account_unknown"),
        ({"genesis_hash": OTHER_GENESIS}, 409, "genesis_differs"),
        ({"chain_id": 1}, 409, "chain_id_differs"),
        ({"merchant_id": 0}, 422, "body_malformed"),
        ({"salt": "0x11"}, 422, "body_malformed"),
        ({"nonce": "0x" + "11" * 32}, 422, "body_malformed"),
    ],
)
def test_denies(
    issuance: InProcessWallet, changes: dict[str, object], status: int, code: str
) -> None:
    answer = cancel(issuance, issuance.payment(issuance.account()), **changes)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert issuance.client.get("/v1/health").json()["journal_rows"] == 0


def test_the_guardian_calls_nothing_off(guardian: InProcessWallet) -> None:
    # It keeps no accounts, so that nothing can be asked of it.
    answer = cancel(guardian, guardian.payment("0x" + "0a" * 20))

    assert answer.json()["code"] == "account_unknown"


def test_stops_at_the_ceiling_of_the_day(
    tmp_path: Path, clock: FrozenClock, issuance: InProcessWallet
) -> None:
    spend = issuance.wallet.policy.spend
    assert spend is not None
    policy = issuance.wallet.policy.model_copy(
        update={"spend": spend.model_copy(update={"cancellations_per_day_max": 2})}
    )
    tight = InProcessWallet(tmp_path, policy=policy, clock=clock)
    alice = tight.account()

    answers = [cancel(tight, tight.payment(alice)) for _ in range(3)]
    clock.advance(days=1)
    tomorrow = cancel(tight, tight.payment(alice))
    tight.close()

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["scope"] == "spend:cancellations"
    assert tomorrow.status_code == 200


def test_a_frozen_instance_signs_no_cancellation(issuance: InProcessWallet) -> None:
    alice = issuance.account()
    with issuance.store.transaction() as session:
        session.connection().exec_driver_sql("INSERT INTO meta VALUES ('frozen', x'31')")

    answer = cancel(issuance, issuance.payment(alice))

    assert (answer.status_code, answer.json()["code"]) == (503, "frozen")


def test_the_journal_of_cancellations_is_append_only(issuance: InProcessWallet) -> None:
    cancel(issuance, issuance.payment(issuance.account()))

    for change in ("UPDATE journal_cancellation SET v = 0", "DELETE FROM journal_cancellation"):
        with pytest.raises(IntegrityError), issuance.store.transaction() as session:
            session.connection().exec_driver_sql(change)


def test_the_relayer_brings_a_cancellation_to_the_token_only(issuance: InProcessWallet) -> None:
    shape = shape_of("cancelAuthorization(address,bytes32,uint8,bytes32,bytes32)")
    data = "0x" + encode(shape, tuple(((number,),) for number in (1, 2, 27, 4, 5))).hex()

    to_token = issuance.sign(key="relayer", to=CONTRACTS["EcoToken"], data=data)
    to_desk = issuance.sign(key="relayer", to=CONTRACTS["RedemptionDesk"], data=data, nonce=1)

    assert to_token.status_code == 200
    assert (to_desk.status_code, to_desk.json()["code"]) == (403, "call_denied")
