"""What the recoverer may sign: recoveries of accounts of this store, wrapped or bare."""

from typing import Any

import pytest

from backend.factors import rules
from tests.support.passkeys import Passkey
from tests.support.wallets import (
    CHAIN_ID,
    CONTRACTS,
    GENESIS,
    OTHER_GENESIS,
    InProcessWallet,
    new_id,
)
from wallet_service.calldata import Argument, bytes_argument, bytes_of, decode, encode, shape_of
from wallet_service.departures import departure_digest
from wallet_service.errors import PolicyDeniedError
from wallet_service.factors import enrolment_digest, seal_pin
from wallet_service.hashing import address_bytes
from wallet_service.limits import CANCEL, RECOVER, SCHEDULE

OWN_WALLET = 0xB0B
PIN = "4711"
TOKEN = int(CONTRACTS["EcoToken"], 16)


def scalar(number: int) -> Argument:
    return ((number,),)


def recover(previous: int, replacement: int) -> bytes:
    return encode(shape_of(RECOVER), (scalar(previous), scalar(replacement)))


def schedule(inner: bytes, *, target: int = TOKEN) -> bytes:
    arguments = (scalar(target), bytes_argument(inner), scalar(1_800_000_000))
    return encode(shape_of(SCHEDULE), arguments)


def cancel(inner: bytes, *, caller: int) -> bytes:
    return encode(shape_of(CANCEL), (scalar(caller), scalar(TOKEN), bytes_argument(inner)))


def ask(issuance: InProcessWallet, data: bytes, *, to: str = "PointsAccessManager") -> Any:
    return issuance.sign(key="recoverer", to=CONTRACTS[to], data="0x" + data.hex())


def number_of(address: str) -> int:
    return int.from_bytes(address_bytes(address), "big")


def recoverer(issuance: InProcessWallet) -> int:
    return int.from_bytes(issuance.wallet.signers["recoverer"].address, "big")


def agree(
    issuance: InProcessWallet, alice: str, *, pin: str = PIN, passkey: Passkey | None = None,
    sealed_for: int = OWN_WALLET, target: int = OWN_WALLET, nonce: str = "0x" + "07" * 32,
    genesis_hash: str = GENESIS,
) -> Any:  # fmt: skip
    """Give a citizen's word, made for one wallet and handed in for another if told so."""
    digest = departure_digest(
        chain_id=CHAIN_ID,
        token=address_bytes(CONTRACTS["EcoToken"]),
        source=address_bytes(alice),
        target=sealed_for.to_bytes(20, "big"),
        nonce=bytes.fromhex(nonce[2:]),
    )
    proof: dict[str, Any] = {"kind": "pin", "sealed": _seal(issuance, pin, digest)}
    if passkey:
        proof = {"kind": "passkey", "assertion": passkey.answer(digest)}
    body = {
        "request_id": new_id(), "chain_id": CHAIN_ID, "nonce": nonce,
        "genesis_hash": genesis_hash, "target": "0x" + target.to_bytes(20, "big").hex(),
        "proof": proof,
    }  # fmt: skip
    return issuance.client.post(f"/v1/accounts/{alice}/departure", json=body)


def _seal(issuance: InProcessWallet, pin: str, digest: bytes) -> str:
    key = issuance.client.get("/v1/health").json()["pin_key"]
    return seal_pin(bytes.fromhex(key[2:]), pin, digest)


def with_pin(issuance: InProcessWallet) -> str:
    alice = issuance.account()
    body = {"request_id": new_id(), "sealed": _seal(issuance, PIN, enrolment_digest(alice))}
    assert issuance.client.post(f"/v1/accounts/{alice}/pin", json=body).status_code == 200
    return alice


def test_announces_no_departure_that_its_owner_has_not_agreed_to(
    issuance: InProcessWallet,
) -> None:
    alice = with_pin(issuance)
    leave = schedule(recover(number_of(alice), OWN_WALLET))

    before = ask(issuance, leave)
    wrong = agree(issuance, alice, pin="0000")
    other = agree(issuance, alice, sealed_for=0xBAD)
    still = ask(issuance, leave)
    agreed = agree(issuance, alice)
    after = ask(issuance, leave)
    elsewhere = issuance.sign(
        key="recoverer", to=CONTRACTS["PointsAccessManager"], nonce=1,
        data="0x" + schedule(recover(number_of(alice), 0xBAD)).hex(),
    )  # fmt: skip

    assert (before.status_code, before.json()["code"]) == (403, "departure_unproved")
    assert (wrong.status_code, wrong.json()["code"]) == (403, "pin_wrong")
    assert other.json()["code"] == "pin_sealed_wrongly"
    assert still.json()["code"] == "departure_unproved"
    assert (agreed.status_code, agreed.json()["proof"]) == (200, "pin")
    assert after.status_code == 200
    assert elsewhere.json()["code"] == "departure_unproved"


def test_wrong_pins_for_departures_lock_as_those_for_payments_do(
    issuance: InProcessWallet,
) -> None:
    alice = with_pin(issuance)

    codes = [agree(issuance, alice, pin="0000").json()["code"] for _ in range(6)]

    assert codes[0] == "pin_wrong"
    assert codes[-1] == "pin_locked"
    assert agree(issuance, alice).json()["code"] == "pin_locked"


def test_a_passkey_lets_points_leave_for_the_wallet_that_it_signed_for(
    issuance: InProcessWallet,
) -> None:
    alice, passkey = issuance.account(), Passkey()
    passkey.enrol(issuance, alice)
    leave = schedule(recover(number_of(alice), OWN_WALLET))

    elsewhere = agree(issuance, alice, passkey=passkey, target=0xBAD)
    before = ask(issuance, leave)
    agreed = agree(issuance, alice, passkey=passkey)
    after = ask(issuance, leave)

    assert (elsewhere.status_code, elsewhere.json()["code"]) == (403, "passkey_refused")
    assert before.json()["code"] == "departure_unproved"
    assert (agreed.status_code, agreed.json()["proof"]) == (200, "passkey")
    assert after.status_code == 200


def test_a_word_for_another_chain_is_refused_although_that_chain_is_pinned_too(
    issuance: InProcessWallet,
) -> None:
    alice = with_pin(issuance)
    body = {"chain_id": CHAIN_ID, "genesis_hash": OTHER_GENESIS, "contracts": CONTRACTS}
    assert issuance.client.put("/v1/policy/deployment", json=body).status_code == 200

    answer = agree(issuance, alice, genesis_hash=OTHER_GENESIS)

    assert (answer.status_code, answer.json()["code"]) == (409, "genesis_differs")


def test_an_account_without_a_factor_agrees_to_nothing(issuance: InProcessWallet) -> None:
    answer = agree(issuance, issuance.account())

    assert (answer.status_code, answer.json()["code"]) == (403, "factor_missing")


def test_the_backend_computes_the_same_digest() -> None:
    facts = {"source": "0x" + "0a" * 20, "target": "0x" + "0b" * 20, "nonce": "0x" + "0c" * 32}
    here = departure_digest(
        chain_id=CHAIN_ID,
        token=address_bytes(CONTRACTS["EcoToken"]),
        **{name: bytes.fromhex(text[2:]) for name, text in facts.items()},
    )

    there = rules.departure_digest(chain_id=CHAIN_ID, token=CONTRACTS["EcoToken"], **facts)

    assert here == there


def test_announces_does_and_withdraws_the_move_of_an_account(issuance: InProcessWallet) -> None:
    owner = with_pin(issuance)
    agree(issuance, owner)
    alice = number_of(owner)
    inner = recover(alice, OWN_WALLET)

    answers = [
        issuance.sign(key="recoverer", to=CONTRACTS[to], data="0x" + data.hex(), nonce=nonce)
        for nonce, (to, data) in enumerate(
            [
                ("PointsAccessManager", schedule(inner)),
                ("PointsAccessManager", cancel(inner, caller=recoverer(issuance))),
                ("EcoToken", inner),
                ("EcoToken", recover(OWN_WALLET, alice)),
            ]
        )
    ]

    assert [answer.status_code for answer in answers] == [200] * 4


@pytest.mark.parametrize("wrap", ["bare", "scheduled"])
def test_moves_nothing_between_two_foreign_addresses(issuance: InProcessWallet, wrap: str) -> None:
    issuance.account()
    inner = recover(0xBAD, OWN_WALLET)

    answer = (
        ask(issuance, inner, to="EcoToken") if wrap == "bare" else ask(issuance, schedule(inner))
    )

    assert (answer.status_code, answer.json()["code"]) == (403, "recovery_foreign")


def test_schedules_nothing_but_a_recovery(issuance: InProcessWallet) -> None:
    unpause = encode(shape_of("unpauseMint()"), ())

    answer = ask(issuance, schedule(unpause))

    assert (answer.status_code, answer.json()["code"]) == (403, "selector_denied")


def test_schedules_on_the_pinned_token_only(issuance: InProcessWallet) -> None:
    alice = number_of(issuance.account())

    answer = ask(issuance, schedule(recover(alice, OWN_WALLET), target=0xBAD))

    assert (answer.status_code, answer.json()["code"]) == (403, "operation_denied")


def test_withdraws_its_own_announcements_only(issuance: InProcessWallet) -> None:
    alice = number_of(issuance.account())

    answer = ask(issuance, cancel(recover(alice, OWN_WALLET), caller=0xBAD))

    assert (answer.status_code, answer.json()["code"]) == (403, "operation_foreign")


def test_reads_no_recovery_with_bytes_left_over(issuance: InProcessWallet) -> None:
    alice = number_of(issuance.account())

    answer = ask(issuance, schedule(recover(alice, OWN_WALLET) + b"\1"))

    assert answer.json()["code"] == "calldata_not_canonical"


def test_no_other_key_recovers(issuance: InProcessWallet) -> None:
    alice = number_of(issuance.account())
    data = "0x" + recover(alice, OWN_WALLET).hex()

    for key in ("minter", "treasurer", "registrar", "relayer", "rules"):
        answer = issuance.sign(key=key, to=CONTRACTS["EcoToken"], data=data)
        assert answer.json()["code"] == "call_denied"


@pytest.mark.parametrize("length", [0, 1, 31, 32, 33, 68])
def test_bytes_are_read_as_they_were_written(length: int) -> None:
    content = bytes(range(1, length + 1))
    shape = shape_of(SCHEDULE)

    arguments = decode(shape, encode(shape, (scalar(7), bytes_argument(content), scalar(9))))

    assert (arguments[0], bytes_of(arguments[1]), arguments[2]) == (scalar(7), content, scalar(9))


@pytest.mark.parametrize("change", ["offset", "padding", "length", "cut"])
def test_bytes_in_another_encoding_are_refused(change: str) -> None:
    shape = shape_of(SCHEDULE)
    data = bytearray(encode(shape, (scalar(7), bytes_argument(b"abc"), scalar(9))))
    match change:
        case "offset":
            data[4 + 63] += 32
        case "padding":
            data[-1] = 1
        case "length":
            data[4 + 127] = 200
        case "cut":
            del data[-32:]

    with pytest.raises(PolicyDeniedError):
        decode(shape, bytes(data))


def test_a_store_of_before_learns_the_manager_and_nothing_else_moves(
    issuance: InProcessWallet,
) -> None:
    with issuance.store.transaction() as session:
        session.connection().exec_driver_sql(
            "UPDATE deployment SET contracts = json_remove(contracts, '$.PointsAccessManager')"
        )

    other_token = issuance.pin(contracts=CONTRACTS | {"EcoToken": "0x" + "aa" * 20})
    learned = issuance.pin()
    changed = issuance.pin(contracts=CONTRACTS | {"PointsAccessManager": "0x" + "aa" * 20})

    assert other_token.json()["code"] == "deployment_differs"
    assert learned.status_code == 200
    assert changed.json()["code"] == "deployment_differs"
