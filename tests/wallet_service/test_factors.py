import threading
from typing import Any

import pytest
from sqlmodel import select

from tests.support.clock import FrozenClock
from tests.support.passkeys import Passkey
from tests.support.wallets import CHAIN_ID, CONTRACTS, InProcessWallet, new_id
from wallet_service import models
from wallet_service.eip712 import Payment, payment_digest
from wallet_service.factors import enrolment_digest, replacement_digest, seal_pin
from wallet_service.hashing import address_bytes, hex_bytes

LARGE = 60_000


def _digest(body: dict[str, Any]) -> bytes:
    return payment_digest(
        Payment(
            chain_id=CHAIN_ID,
            token=b"",
            desk=address_bytes(CONTRACTS["RedemptionDesk"]),
            payer=address_bytes(body["address"]),
            units=body["units"],
            merchant_id=body["merchant_id"],
            payment_ref=hex_bytes(body["payment_ref"]),
            salt=hex_bytes(body["salt"]),
            valid_after=0,
            valid_before=0,
        )
    )


def _seal(instance: InProcessWallet, pin: str, digest: bytes) -> str:
    key = instance.client.get("/v1/health").json()["pin_key"]
    return seal_pin(hex_bytes(key), pin, digest)


def _enrol(instance: InProcessWallet, address: str, pin: str = "4711", **changes: Any) -> Any:
    body = {"request_id": new_id(), "sealed": _seal(instance, pin, enrolment_digest(address))}
    return instance.client.post(f"/v1/accounts/{address}/pin", json=body | changes)


def _pay_with_pin(instance: InProcessWallet, address: str, pin: str) -> Any:
    body = instance.payment(address, units=LARGE)
    body["proof"] = {"kind": "pin", "sealed": _seal(instance, pin, _digest(body))}
    return instance.client.post("/v1/authorizations", json=body)


def _pay_with_passkey(
    instance: InProcessWallet, address: str, passkey: Passkey, **options: Any
) -> Any:
    body = instance.payment(address, units=LARGE)
    body["proof"] = {"kind": "passkey", "assertion": passkey.answer(_digest(body), **options)}
    return instance.client.post("/v1/authorizations", json=body)


def test_a_pin_over_the_payment_lets_a_large_one_pass(issuance: InProcessWallet) -> None:
    alice = issuance.account()

    enrolled = _enrol(issuance, alice)
    paid = _pay_with_pin(issuance, alice, "4711")

    assert enrolled.status_code == 200
    assert paid.status_code == 200


def test_a_proof_of_one_payment_does_not_fit_another(issuance: InProcessWallet) -> None:
    alice = issuance.account()
    _enrol(issuance, alice)
    body = issuance.payment(alice, units=LARGE)
    proof = {"kind": "pin", "sealed": _seal(issuance, "4711", _digest(body))}

    for change in ({"units": LARGE + 1}, {"merchant_id": 8}, {"salt": "0x" + "55" * 32}):
        answer = issuance.client.post("/v1/authorizations", json=body | change | {"proof": proof})
        assert answer.json()["code"] == "pin_sealed_wrongly"


def test_five_wrong_pins_lock_and_time_unlocks(
    issuance: InProcessWallet, clock: FrozenClock
) -> None:
    alice = issuance.account()
    _enrol(issuance, alice)

    wrong = [_pay_with_pin(issuance, alice, "0000").json()["code"] for _ in range(5)]
    right_too_late = _pay_with_pin(issuance, alice, "4711").json()["code"]
    clock.advance(seconds=901)
    right_later = _pay_with_pin(issuance, alice, "4711").status_code

    assert wrong == ["pin_wrong"] * 5
    assert right_too_late == "pin_locked"
    assert right_later == 200


def test_parallel_guesses_get_no_more_tries_than_one_after_another(
    issuance: InProcessWallet,
) -> None:
    alice = issuance.account()
    _enrol(issuance, alice)
    codes: list[str] = []
    threads = [
        threading.Thread(
            target=lambda: codes.append(_pay_with_pin(issuance, alice, "0000").json()["code"])
        )
        for _ in range(15)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(codes) == ["pin_locked"] * 10 + ["pin_wrong"] * 5


def test_a_right_pin_forgives_earlier_wrong_ones(issuance: InProcessWallet) -> None:
    alice = issuance.account()
    _enrol(issuance, alice)
    tries = ["0000", "0000", "0000", "0000", "4711", "0000", "0000", "4711"]

    codes = [_pay_with_pin(issuance, alice, pin).status_code for pin in tries]

    assert codes == [403, 403, 403, 403, 200, 403, 403, 200]


def test_a_granted_payment_is_repeated_without_asking_the_proof_again(
    issuance: InProcessWallet,
) -> None:
    alice, passkey = issuance.account(), Passkey()
    passkey.enrol(issuance, alice)
    body = issuance.payment(alice, units=LARGE)
    body["proof"] = {"kind": "passkey", "assertion": passkey.answer(_digest(body))}

    answers = {issuance.client.post("/v1/authorizations", json=body).text for _ in range(2)}

    assert len(answers) == 1


@pytest.mark.parametrize("pin", ["123", "1234567890123", "12a4", "", "١٢٣٤"])
def test_refuses_what_is_no_pin(issuance: InProcessWallet, pin: str) -> None:
    assert _enrol(issuance, issuance.account(), pin).status_code == 422


@pytest.mark.parametrize("sealed", ["AA", "A" * 43, "A" * 100, "A", "-_" * 60])
def test_refuses_a_seal_that_does_not_open(issuance: InProcessWallet, sealed: str) -> None:
    alice = issuance.account()

    answer = _enrol(issuance, alice, sealed=sealed)

    assert answer.status_code == 422


def test_a_replaced_pin_counts_after_the_delay_only(
    issuance: InProcessWallet, clock: FrozenClock
) -> None:
    alice = issuance.account()
    _enrol(issuance, alice, "4711")
    _enrol(issuance, alice, "9999")

    before = [_pay_with_pin(issuance, alice, pin).status_code for pin in ("9999", "4711")]
    clock.advance(days=3, seconds=1)
    after = [_pay_with_pin(issuance, alice, pin).status_code for pin in ("4711", "9999")]

    assert before == [403, 200]
    assert after == [403, 200]


def test_a_replacement_proved_with_the_old_pin_counts_at_once(issuance: InProcessWallet) -> None:
    alice = issuance.account()
    _enrol(issuance, alice, "4711")
    sealed = _seal(issuance, "9999", enrolment_digest(alice))
    proof = {"kind": "pin", "sealed": _seal(issuance, "4711", replacement_digest(alice, sealed))}

    _enrol(issuance, alice, sealed=sealed, proof=proof)

    assert _pay_with_pin(issuance, alice, "9999").status_code == 200


def test_guessing_the_old_pin_through_replacements_is_counted_too(
    issuance: InProcessWallet,
) -> None:
    alice = issuance.account()
    _enrol(issuance, alice, "4711")

    codes = []
    for _ in range(6):
        sealed = _seal(issuance, "9999", enrolment_digest(alice))
        guess = _seal(issuance, "0000", replacement_digest(alice, sealed))
        answer = _enrol(issuance, alice, sealed=sealed, proof={"kind": "pin", "sealed": guess})
        codes.append(answer.json()["code"])

    assert codes == ["pin_wrong"] * 5 + ["pin_locked"]


def test_a_passkey_over_the_payment_lets_a_large_one_pass(issuance: InProcessWallet) -> None:
    alice, passkey = issuance.account(), Passkey()

    enrolled = passkey.enrol(issuance, alice)
    paid = [_pay_with_passkey(issuance, alice, passkey).status_code for _ in range(2)]

    assert enrolled.status_code == 200
    assert paid == [200, 200]


@pytest.mark.parametrize(
    "options",
    [
        {"origin": "https://phishing.example"},
        {"rp_id": "phishing.example"},
        {"flags": 0x01},
        {"flags": 0x04},
    ],
    ids=["origin", "relying party", "user not verified", "user not present"],
)
def test_refuses_a_passkey_answer_given_elsewhere_or_unverified(
    issuance: InProcessWallet, options: dict[str, Any]
) -> None:
    alice, passkey = issuance.account(), Passkey()
    passkey.enrol(issuance, alice)

    answer = _pay_with_passkey(issuance, alice, passkey, **options)

    assert answer.json()["code"] == "passkey_refused"


def test_refuses_a_copied_passkey_whose_counter_stands_still(issuance: InProcessWallet) -> None:
    alice, passkey = issuance.account(), Passkey()
    passkey.enrol(issuance, alice)
    _pay_with_passkey(issuance, alice, passkey)
    passkey.count = 0

    assert _pay_with_passkey(issuance, alice, passkey).json()["code"] == "passkey_refused"


def test_refuses_a_passkey_that_covers_another_payment_or_key(issuance: InProcessWallet) -> None:
    alice, passkey, other = issuance.account(), Passkey(), Passkey()
    passkey.enrol(issuance, alice)
    other.credential_id = passkey.credential_id
    body = issuance.payment(alice, units=LARGE)

    codes = []
    for assertion in (passkey.answer(b"\1" * 32), other.answer(_digest(body))):
        proof = {"kind": "passkey", "assertion": assertion}
        answer = issuance.client.post(
            "/v1/authorizations", json=body | {"request_id": new_id(), "proof": proof}
        )
        codes.append(answer.json()["code"])

    assert codes == ["passkey_refused"] * 2


@pytest.mark.parametrize(
    "assertion", [{}, {"id": "!"}, {"id": "AAAA"}, {"id": 5}, {"id": ["AAAA"]}]
)
def test_refuses_a_malformed_assertion(
    issuance: InProcessWallet, assertion: dict[str, Any]
) -> None:
    alice, passkey = issuance.account(), Passkey()
    passkey.enrol(issuance, alice)
    proof = {"kind": "passkey", "assertion": assertion}

    answer = issuance.pay(alice, units=LARGE, proof=proof)

    assert answer.status_code in {403, 422}


def test_refuses_passkeys_of_foreign_parties_and_broken_keys(issuance: InProcessWallet) -> None:
    alice, passkey = issuance.account(), Passkey()

    foreign = passkey.enrol(issuance, alice, rp_id="phishing.example")
    broken = passkey.enrol(issuance, alice, public_key="AAAA")

    assert foreign.json()["code"] == "rp_id_denied"
    assert broken.json()["code"] == "cose_malformed"


def test_an_account_without_a_factor_has_no_proof(issuance: InProcessWallet) -> None:
    alice = issuance.account()

    assert _pay_with_pin(issuance, alice, "4711").json()["code"] == "factor_missing"
    assert _pay_with_passkey(issuance, alice, Passkey()).json()["code"] == "factor_missing"


def test_the_same_enrolment_is_done_once(issuance: InProcessWallet) -> None:
    alice, passkey = issuance.account(), Passkey()
    sealed = _seal(issuance, "4711", enrolment_digest(alice))
    pins = {_enrol(issuance, alice, sealed=sealed, request_id="pin").text for _ in range(2)}
    keys = {passkey.enrol(issuance, alice, request_id="key").text for _ in range(2)}

    other = issuance.account("other")
    moved = passkey.enrol(issuance, other, request_id="key")

    assert (len(pins), len(keys)) == (1, 1)
    assert moved.json()["code"] == "request_id_reused"


def test_a_factor_ends_with_the_account(issuance: InProcessWallet) -> None:
    alice = issuance.account()
    _enrol(issuance, alice)
    issuance.client.post("/v1/erasure", json={"account_ref": "alice"})

    assert _enrol(issuance, alice).json()["code"] == "account_unknown"
    with issuance.store.transaction() as session:
        assert session.exec(select(models.Factor)).all() == []
