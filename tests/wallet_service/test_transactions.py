import threading
from pathlib import Path

import pytest
from eth_account import Account
from hexbytes import HexBytes
from sqlmodel import col, select

from tests.support.clock import FrozenClock
from tests.support.wallets import (
    CHAIN_ID,
    CONTRACTS,
    GENESIS,
    GWEI,
    OTHER_GENESIS,
    InProcessWallet,
    bumped,
    issue_calldata,
    new_id,
    reward_word,
    transaction,
)
from wallet_service import models, transactions
from wallet_service.calldata import shape_of
from wallet_service.errors import SignerFaultError
from wallet_service.keystore import CURVE_ORDER, new_secret
from wallet_service.signing.local import LocalSigner
from wallet_service.signing.protocol import Signature
from wallet_service.store import write_meta


def test_signs_bytes_that_recover_to_the_key(issuance: InProcessWallet) -> None:
    answer = issuance.sign().json()

    minter = issuance.client.get("/v1/keys").json()["keys"][0]
    assert minter["label"] == "minter"
    assert answer["sender"] == minter["address"]
    assert Account.recover_transaction(HexBytes(answer["raw"])) == minter["address"]


def test_same_request_gets_the_same_bytes(issuance: InProcessWallet) -> None:
    body = transaction()

    answers = {issuance.client.post("/v1/transactions", json=body).text for _ in range(3)}

    assert len(answers) == 1


def test_same_request_gets_the_same_bytes_after_a_restart(
    tmp_path: Path, clock: FrozenClock
) -> None:
    body = transaction()
    before = InProcessWallet(tmp_path, clock=clock)
    before.pin()
    first = before.client.post("/v1/transactions", json=body).text
    before.close()

    after = InProcessWallet(tmp_path, clock=clock)
    second = after.client.post("/v1/transactions", json=body).text
    rival = after.sign(data=issue_calldata(reward_word(units=101)))
    after.close()

    assert second == first
    assert rival.json()["code"] == "nonce_taken"


def test_same_request_id_with_another_body_is_refused(issuance: InProcessWallet) -> None:
    issuance.sign(request_id="once")

    answer = issuance.sign(request_id="once", nonce=1)

    assert (answer.status_code, answer.json()["code"]) == (409, "request_id_reused")


def test_parallel_copies_of_one_request_sign_once(issuance: InProcessWallet) -> None:
    body = transaction()
    answers: list[str] = []
    threads = [
        threading.Thread(
            target=lambda: answers.append(issuance.client.post("/v1/transactions", json=body).text)
        )
        for _ in range(12)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(answers)) == 1
    assert issuance.client.get("/v1/health").json()["journal_rows"] == 1


def test_parallel_rivals_for_one_nonce_leave_one_winner(issuance: InProcessWallet) -> None:
    codes: list[int] = []
    threads = [
        threading.Thread(
            target=lambda units=units: codes.append(
                issuance.sign(data=issue_calldata(reward_word(units=units))).status_code
            )
        )
        for units in range(1, 11)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(codes) == [200] + [409] * 9


def test_replaces_only_with_both_fees_ten_percent_higher(issuance: InProcessWallet) -> None:
    first = issuance.sign()

    too_low = issuance.sign(**bumped(109))
    tip_too_low = issuance.sign(**(bumped(120) | {"max_priority_fee_per_gas_wei": GWEI}))
    enough = issuance.sign(**bumped(110))

    assert first.status_code == 200
    assert too_low.json()["code"] == "fee_bump_too_small"
    assert tip_too_low.json()["code"] == "fee_bump_too_small"
    assert enough.status_code == 200
    assert enough.json()["tx_hash"] != first.json()["tx_hash"]


def test_fills_a_gap_with_a_transfer_of_nothing_to_itself(issuance: InProcessWallet) -> None:
    sender = issuance.sign().json()["sender"]

    filler = issuance.sign(to=sender, data="0x", gas=21_000)
    payload_after = issuance.sign(**bumped(150))
    other_payload = issuance.sign(data=issue_calldata(reward_word(units=7)), **bumped(200))

    assert filler.status_code == 200
    assert payload_after.status_code == 200
    assert other_payload.json()["code"] == "nonce_taken"


def test_signs_no_payload_at_a_nonce_that_was_filled_first(issuance: InProcessWallet) -> None:
    sender = issuance.client.get("/v1/keys").json()["keys"][0]["address"]
    issuance.sign(to=sender, data="0x", gas=21_000)

    answer = issuance.sign(**bumped(200))

    assert (answer.status_code, answer.json()["code"]) == (409, "nonce_taken")


def test_same_nonce_is_free_on_another_genesis(issuance: InProcessWallet) -> None:
    issuance.pin(genesis_hash=OTHER_GENESIS)
    issuance.sign()

    answer = issuance.sign(genesis_hash=OTHER_GENESIS, data=issue_calldata(reward_word(units=3)))

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"key": "guardian"}, 404, "key_unknown"),
        ({"key": "treasurer"}, 403, "call_denied"),
        ({"to": CONTRACTS["EcoToken"]}, 403, "call_denied"),
        ({"to": "0x" + "99" * 20}, 403, "call_denied"),
        ({"data": "0x"}, 403, "call_denied"),
        ({"data": "0xdeadbeef"}, 403, "call_denied"),
        ({"data": issue_calldata() + "00"}, 403, "calldata_not_canonical"),
        ({"value_wei": 1}, 403, "value_denied"),
        ({"gas": 14_260_634}, 403, "gas_denied"),
        ({"max_fee_per_gas_wei": 501 * GWEI}, 403, "fee_denied"),
        (
            {"max_fee_per_gas_wei": 90 * GWEI, "max_priority_fee_per_gas_wei": 51 * GWEI},
            403,
            "tip_denied",
        ),
        ({"max_priority_fee_per_gas_wei": 11 * GWEI}, 422, "fee_order"),
        ({"chain_id": 1}, 409, "chain_id_differs"),
        ({"genesis_hash": OTHER_GENESIS}, 409, "deployment_not_pinned"),
        ({"to": "0x52908400098527886E0F7030069857D2E4169Ee7"}, 422, "address_checksum"),
        ({"nonce": -1}, 422, "body_malformed"),
        ({"nonce": True}, 422, "body_malformed"),
        ({"gas": "21000"}, 422, "body_malformed"),
        ({"data": "0x123"}, 422, "body_malformed"),
        ({"surprise": 1}, 422, "body_malformed"),
        (
            {"data": issue_calldata(reward_word(units=100_001))},
            403,
            "item_units_denied",
        ),
        (
            {"data": issue_calldata(reward_word(number=1), reward_word(number=1))},
            403,
            "reward_id_repeated",
        ),
        ({"data": issue_calldata(reward_word(recipient=0))}, 403, "recipient_missing"),
        (
            {"data": issue_calldata(*(reward_word(number=n) for n in range(301)))},
            403,
            "items_denied",
        ),
        (
            {"data": issue_calldata(*(reward_word(number=n, units=100_000) for n in range(101)))},
            403,
            "call_units_denied",
        ),
    ],
)
def test_denies(
    issuance: InProcessWallet, changes: dict[str, object], status: int, code: str
) -> None:
    answer = issuance.sign(**changes)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert issuance.client.get("/v1/health").json()["journal_rows"] == 0


def test_a_refused_request_may_pass_later_under_the_same_id(issuance: InProcessWallet) -> None:
    body = transaction(genesis_hash=OTHER_GENESIS)
    refused = issuance.client.post("/v1/transactions", json=body)
    issuance.pin(genesis_hash=OTHER_GENESIS)

    granted = issuance.client.post("/v1/transactions", json=body)

    assert (refused.status_code, granted.status_code) == (409, 200)


def test_stops_at_the_units_of_the_day_and_goes_on_the_next(
    tmp_path: Path, clock: FrozenClock, issuance: InProcessWallet
) -> None:
    rules = issuance.wallet.policy
    tight = tuple(
        rule.model_copy(update={"units_per_day_max": 250}) if rule.key == "minter" else rule
        for rule in rules.calls
    )
    small = InProcessWallet(tmp_path, policy=rules.model_copy(update={"calls": tight}), clock=clock)
    granted = [small.sign(nonce=nonce).status_code for nonce in range(3)]
    replaced = small.sign(nonce=1, **bumped(120))
    full = small.sign(nonce=3)
    clock.advance(days=1)
    next_day = small.sign(nonce=3)
    small.close()

    assert granted == [200, 200, 429]
    assert replaced.status_code == 200
    assert full.json()["code"] == "limit_reached"
    assert full.headers["retry-after"] == "60"
    assert next_day.status_code == 200


def test_stops_at_the_fees_of_the_day_counting_only_the_rise_of_a_replacement(
    tmp_path: Path, clock: FrozenClock, issuance: InProcessWallet
) -> None:
    # One call of 1 000 000 gas at 10 gwei costs 10 000 000 gwei at most.
    fees = issuance.wallet.policy.fees.model_copy(update={"fee_gwei_per_day_max": 21_000_000})
    policy = issuance.wallet.policy.model_copy(update={"fees": fees})
    poor = InProcessWallet(tmp_path, policy=policy, clock=clock)

    first = poor.sign(nonce=0).status_code
    rise = poor.sign(nonce=0, **bumped(110)).status_code
    second = poor.sign(nonce=1).status_code
    third = poor.sign(nonce=1, **bumped(110)).status_code
    poor.close()

    assert (first, rise, second, third) == (200, 200, 200, 429)


def test_the_journal_lists_nonces_with_their_dearest_fees(
    issuance: InProcessWallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = issuance.sign(nonce=0).json()["sender"]
    issuance.sign(nonce=2, **bumped(150))
    filler = issuance.sign(nonce=2, to=sender, data="0x", gas=21_000).json()
    issuance.sign(nonce=5)
    query: dict[str, str | int] = {"key": "minter", "genesis_hash": GENESIS, "from_nonce": 1}

    entries = issuance.client.get("/v1/journal", params=query).json()["entries"]
    monkeypatch.setattr(transactions, "JOURNAL_PAGE", 1)
    page = issuance.client.get("/v1/journal", params=query).json()["entries"]
    elsewhere = issuance.client.get("/v1/journal", params=query | {"genesis_hash": OTHER_GENESIS})
    unknown = issuance.client.get("/v1/journal", params=query | {"key": "guardian"})

    assert [entry["nonce"] for entry in entries] == [2, 5]
    assert entries[0] == {
        "nonce": 2,
        "max_fee_per_gas_wei": 15 * GWEI,
        "max_priority_fee_per_gas_wei": 3 * GWEI // 2,
        "tx_hash": filler["tx_hash"],
    }
    assert page == entries[:1]
    assert elsewhere.json() == {"entries": []}
    assert unknown.status_code == 404


class LyingSigner:
    """Claims one address and signs with another key, or returns rubbish."""

    def __init__(self, lie: str) -> None:
        self._claimed = LocalSigner(new_secret())
        self._other = LocalSigner(new_secret())
        self._lie = lie

    @property
    def address(self) -> bytes:
        return self._claimed.address

    def sign(self, digest: bytes) -> Signature:
        honest = self._claimed.sign(digest)
        if self._lie == "away":
            raise SignerFaultError("The token does not answer.")
        return {
            "other key": self._other.sign(digest),
            "other digest": self._claimed.sign(digest[::-1]),
            "high s": Signature(honest.r, CURVE_ORDER - honest.s, 1 - honest.parity),
            "wrong parity": Signature(honest.r, honest.s, 1 - honest.parity),
            "parity two": Signature(honest.r, honest.s, 2),
            "zero r": Signature(0, honest.s, honest.parity),
            "huge r": Signature(2**256 - 1, honest.s, honest.parity),
            "endless r": Signature(2**300, honest.s, honest.parity),
        }[self._lie]


@pytest.mark.parametrize(
    "lie",
    [
        "away",
        "other key",
        "other digest",
        "high s",
        "wrong parity",
        "parity two",
        "zero r",
        "huge r",
        "endless r",
    ],
)
def test_keeps_nothing_of_a_signer_that_lies(tmp_path: Path, clock: FrozenClock, lie: str) -> None:
    cheated = InProcessWallet(tmp_path, signers={"minter": LyingSigner(lie)}, clock=clock)
    cheated.pin()

    answer = cheated.sign()
    rows = cheated.client.get("/v1/health").json()["journal_rows"]
    cheated.close()

    assert (answer.status_code, answer.json()["code"]) == (503, "signer_fault")
    assert "raw" not in answer.json()
    assert rows == 0


def test_every_request_is_in_the_log_with_its_decision(issuance: InProcessWallet) -> None:
    body = transaction(request_id="logged")
    issuance.client.post("/v1/transactions", json=body)
    issuance.client.post("/v1/transactions", json=body)
    issuance.sign(request_id="denied", nonce=1, to=CONTRACTS["EcoToken"])
    issuance.client.post("/v1/transactions", json={"nonsense": 1})

    with issuance.store.transaction() as session:
        rows = session.exec(select(models.RequestLog).order_by(col(models.RequestLog.id))).all()

    assert [(row.request_id, row.decision) for row in rows] == [
        ("", "granted"),
        ("logged", "granted"),
        ("logged", "repeated"),
        ("denied", "call_denied"),
        ("", "unreadable"),
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal_signature SET nonce = 9",
        "DELETE FROM journal_signature",
        "UPDATE journal_nonce SET nonce = 9",
        "DELETE FROM journal_nonce",
        "UPDATE request_log SET decision = 'granted'",
        "DELETE FROM request_log",
        "DELETE FROM request",
    ],
)
def test_the_journal_is_append_only(issuance: InProcessWallet, statement: str) -> None:
    issuance.sign()

    with (
        pytest.raises(Exception, match="append-only"),
        issuance.store.transaction() as session,
    ):
        session.connection().exec_driver_sql(statement)


def test_a_frozen_instance_signs_nothing_and_asks_to_wait(issuance: InProcessWallet) -> None:
    address = issuance.account()
    with issuance.store.transaction() as session:
        write_meta(session, "frozen", b"1")

    transaction_answer, payment_answer = issuance.sign(), issuance.pay(address)

    assert (transaction_answer.status_code, payment_answer.status_code) == (503, 503)
    assert transaction_answer.json()["code"] == "frozen"
    assert issuance.client.get("/v1/health").json()["status"] == "frozen"


def test_the_guardian_stops_and_never_mints(guardian: InProcessWallet) -> None:
    pause = "0x" + shape_of("pauseMint()").selector.hex()
    unpause = "0x" + shape_of("unpauseMint()").selector.hex()
    fields = {"key": "guardian", "to": CONTRACTS["EcoToken"], "gas": 100_000}

    assert guardian.sign(**fields, data=pause).status_code == 200
    assert guardian.sign(**fields, data=unpause, nonce=1).json()["code"] == "call_denied"
    assert guardian.sign().json()["code"] == "key_unknown"
    assert guardian.pay("0x" + "0a" * 20).status_code == 404
    account = {"request_id": new_id(), "account_ref": "x", "genesis_hash": GENESIS}
    assert guardian.client.post("/v1/accounts", json=account).json()["code"] == "accounts_denied"


def test_fills_a_gap_with_no_more_gas_than_a_transfer_needs(issuance: InProcessWallet) -> None:
    sender = issuance.client.get("/v1/keys").json()["keys"][0]["address"]

    answer = issuance.sign(to=sender, data="0x", gas=30_001)

    assert answer.json()["code"] == "filler_gas"


def test_signs_for_no_chain_outside_the_policy(
    tmp_path: Path, clock: FrozenClock, issuance: InProcessWallet
) -> None:
    elsewhere = issuance.wallet.policy.model_copy(
        update={"chain_ids": (1,), "disposable_chain_ids": ()}
    )
    moved = InProcessWallet(tmp_path, policy=elsewhere, clock=clock)
    answer = moved.sign()
    moved.close()

    assert answer.json()["code"] == "chain_denied"
    assert CHAIN_ID not in elsewhere.chain_ids
