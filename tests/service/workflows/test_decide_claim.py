"""Verdict, reward, counters, ledger and event: all of them or none."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import SQLModel, select

from backend.actions.models import Claim, Verdict
from backend.actions.rules import ClaimState
from backend.db import event_log
from backend.db.engine import Database
from backend.db.event_log import EventRow
from backend.kernel.ids import unpack_reward_id
from backend.ledger import names, queries
from backend.ledger import service as ledger
from backend.rewards.models import Counter, Receipt, Reward
from backend.rewards.rules import RewardState, receipt_leaf
from backend.workflows.admit_claims import ClaimRequest, admit
from backend.workflows.decide_claim import Outcome, decide_next
from tests.support import builders
from tests.support.builders import GLASS_DAY_UNITS, GLASS_UNITS, REGION, Terminal
from tests.support.clock import FrozenClock
from tests.support.works import assert_books_balance


@pytest.fixture
def kiosk(database: Database, clock: FrozenClock) -> Terminal:
    """A kiosk for glass where the first edition is in force."""
    builders.make_incarnation(database, clock)
    builders.make_edition(database, clock)
    return builders.make_kiosk(database, clock)


def _claim(database: Database, clock: FrozenClock, account_id: str, *claimed: str) -> None:
    requests = [ClaimRequest(account_id, f"key-{n:05}", code) for n, code in enumerate(claimed)]
    with database.transaction() as session:
        answers = admit(session, requests, now=clock.now())
    assert all(isinstance(answer, Claim) for answer in answers), answers


def _decide(database: Database, clock: FrozenClock) -> Outcome | None:
    with database.transaction() as session:
        return decide_next(session, region=REGION, now=clock.now())


def _rows(database: Database, table: type[SQLModel]) -> Sequence[Any]:
    with database.reading() as session:
        return session.exec(select(table)).all()


def test_a_deposit_earns_what_the_edition_says(
    database: Database, clock: FrozenClock, kiosk: Terminal
) -> None:
    _claim(database, clock, "alice", kiosk.slot_code())

    outcome = _decide(database, clock)

    assert outcome is not None
    assert (outcome.state, outcome.units) == (ClaimState.ACCEPTED, GLASS_UNITS)
    (claim,), (reward,), (receipt,) = (_rows(database, t) for t in (Claim, Reward, Receipt))
    assert claim.state == ClaimState.ACCEPTED
    assert (reward.state, reward.units) == (RewardState.READY, GLASS_UNITS)
    assert unpack_reward_id(reward.reward_id) == (0, builders.INCARNATION, claim.id)
    assert (receipt.units, receipt.edition_number, receipt.rule_id) == (GLASS_UNITS, 1, "glass")
    with database.reading() as session:
        assert queries.balance(session, names.pending("alice")) == GLASS_UNITS
        assert_books_balance(session)
        (event,) = event_log.after(session, 0)
    assert (event.kind, event.subject, event.audience) == (
        "claim_decided",
        claim.public_id,
        "alice",
    )


def test_the_leaf_of_a_receipt_can_be_recomputed(
    database: Database, clock: FrozenClock, kiosk: Terminal
) -> None:
    _claim(database, clock, "alice", kiosk.slot_code())
    _decide(database, clock)

    (receipt,) = _rows(database, Receipt)

    leaf = receipt_leaf(
        salt=bytes.fromhex(receipt.salt), public=receipt.public, private=receipt.private
    )
    assert leaf.hex() == receipt.leaf


def test_nothing_is_kept_when_the_last_write_fails(
    database: Database, clock: FrozenClock, kiosk: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    _claim(database, clock, "alice", kiosk.slot_code())

    def crash(*_: Any, **__: Any) -> None:
        raise InterruptedError

    with monkeypatch.context() as patch:
        patch.setattr(event_log, "append", crash)
        with pytest.raises(InterruptedError):
            _decide(database, clock)

    for table in (Verdict, Receipt, Reward, Counter, EventRow):
        assert _rows(database, table) == [], table
    assert [claim.state for claim in _rows(database, Claim)] == [ClaimState.PENDING]
    outcome = _decide(database, clock)
    assert outcome is not None
    assert outcome.units == GLASS_UNITS


def test_a_claim_is_decided_once_by_ten_runners(
    database: Database, clock: FrozenClock, kiosk: Terminal
) -> None:
    _claim(database, clock, "alice", *(kiosk.slot_code(seq=seq) for seq in range(5)))
    start = threading.Barrier(10)

    def run(_: int) -> int:
        start.wait()
        return sum(1 for _ in iter(lambda: _decide(database, clock), None))

    with ThreadPoolExecutor(10) as pool:
        decided = sum(pool.map(run, range(10)))

    assert decided == 5
    assert len(_rows(database, Verdict)) == 5
    with database.reading() as session:
        assert queries.balance(session, names.pending("alice")) == 5 * GLASS_UNITS


def test_caps_hold_when_fifty_verdicts_race(
    database: Database, clock: FrozenClock, kiosk: Terminal
) -> None:
    # I-6: 10 deposits a day and 3,000 units a day, whatever the order of the verdicts.
    _claim(database, clock, "alice", *(kiosk.slot_code(seq=seq) for seq in range(50)))
    start = threading.Barrier(10)

    def run(_: int) -> None:
        start.wait()
        while _decide(database, clock) is not None:
            pass

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(run, range(10)))

    with database.reading() as session:
        granted = queries.balance(session, names.pending("alice"))
        assert_books_balance(session)
    assert granted == 10 * GLASS_UNITS <= GLASS_DAY_UNITS
    assert sum(reward.units for reward in _rows(database, Reward)) == granted
    assert len(_rows(database, Receipt)) == 50


def test_people_do_not_share_a_personal_cap(
    database: Database, clock: FrozenClock, kiosk: Terminal
) -> None:
    for number in range(3):
        codes = (kiosk.slot_code(seq=number * 11 + seq) for seq in range(11))
        _claim(database, clock, f"person-{number}", *codes)

    while _decide(database, clock) is not None:
        pass

    with database.reading() as session:
        granted = [queries.balance(session, names.pending(f"person-{n}")) for n in range(3)]
    assert granted == [10 * GLASS_UNITS] * 3


def test_an_act_before_the_first_edition_goes_to_a_person(
    database: Database, clock: FrozenClock
) -> None:
    builders.make_incarnation(database, clock)
    kiosk = builders.make_kiosk(database, clock)
    builders.make_edition(database, clock, effective_from=clock.now() + timedelta(days=1))
    _claim(database, clock, "alice", kiosk.slot_code())

    outcome = _decide(database, clock)

    assert outcome is not None
    assert (outcome.state, outcome.units) == (ClaimState.REVIEW, 0)
    (verdict,) = _rows(database, Verdict)
    assert verdict.reasons[-1]["code"] == "no_edition_in_force"


def test_the_edition_at_the_act_counts_not_the_one_at_the_verdict(
    database: Database, clock: FrozenClock, kiosk: Terminal
) -> None:
    _claim(database, clock, "alice", kiosk.slot_code())
    with database.transaction() as session:
        from_then = builders.publish_second(session, effective_from=clock.advance(minutes=5))
    assert from_then == 2

    _decide(database, clock)

    assert [receipt.edition_number for receipt in _rows(database, Receipt)] == [1]


@pytest.mark.parametrize(
    ("material", "count", "mass_g", "reason"),
    [
        ("paper", 1, 100, "material_not_taken_here"),
        ("glass", 0, 0, "deposit_empty"),
        ("glass", 501, 100, "quantity_impossible"),
        ("glass", 1, 200_001, "quantity_impossible"),
    ],
)
def test_an_impossible_deposit_is_refused_with_its_reason(
    database: Database, clock: FrozenClock, material: str, count: int, mass_g: int, reason: str
) -> None:
    builders.make_incarnation(database, clock)
    builders.make_edition(database, clock)
    bin_ = builders.make_bin(database, clock)
    code = bin_.deposit_code(material=material, count=count, mass_g=mass_g)
    _claim(database, clock, "alice", code)

    outcome = _decide(database, clock)

    assert outcome is not None
    assert (outcome.state, outcome.units) == (ClaimState.REFUSED, 0)
    (verdict,) = _rows(database, Verdict)
    assert [r["code"] for r in verdict.reasons] == [reason]
    assert _rows(database, Reward) == []


def test_a_ticket_of_an_operator_earns_a_trip(database: Database, clock: FrozenClock) -> None:
    builders.make_incarnation(database, clock)
    builders.make_edition(database, clock)
    operator = builders.make_operator(database, clock)
    _claim(database, clock, "alice", operator.ticket_code(mode="bus"))

    outcome = _decide(database, clock)

    assert outcome is not None
    assert (outcome.state, outcome.units) == (ClaimState.ACCEPTED, 50)


def test_organic_waste_is_paid_in_two_tranches(database: Database, clock: FrozenClock) -> None:
    builders.make_incarnation(database, clock)
    builders.make_edition(database, clock)
    bin_ = builders.make_bin(database, clock, materials=("organic",))
    _claim(database, clock, "alice", bin_.deposit_code(material="organic", mass_g=2_000))

    outcome = _decide(database, clock)

    assert outcome is not None
    assert outcome.units == 200
    rewards = sorted(_rows(database, Reward), key=lambda reward: reward.tranche)
    assert [(r.tranche, r.units, r.state) for r in rewards] == [
        (0, 140, RewardState.READY),
        (1, 60, RewardState.HELD),
    ]
    assert rewards[1].release_at == clock.now() + timedelta(days=35)


def test_a_claim_that_nobody_can_decide_holds_up_nobody(
    database: Database, clock: FrozenClock, kiosk: Terminal
) -> None:
    _claim(database, clock, "alice", kiosk.slot_code())
    with database.transaction() as session:
        broken = session.exec(select(Claim)).one()
        broken.kind = "no-such-verifier"
        session.add(broken)
    _claim(database, clock, "bob", kiosk.slot_code(seq=1))

    first, second = _decide(database, clock), _decide(database, clock)

    assert first is not None
    assert second is not None
    assert (first.state, first.units) == (ClaimState.REVIEW, 0)
    assert (second.state, second.units) == (ClaimState.ACCEPTED, GLASS_UNITS)
    verdicts = sorted(_rows(database, Verdict), key=lambda verdict: verdict.sequence)
    assert [reason["code"] for reason in verdicts[0].reasons] == ["decision_failed"]
    with database.reading() as session:
        assert_books_balance(session)


def test_half_a_decision_is_undone_before_a_person_looks(
    database: Database, clock: FrozenClock, kiosk: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    _claim(database, clock, "alice", kiosk.slot_code())

    def crash(*_: Any, **__: Any) -> None:
        raise LookupError

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "move", crash)
        outcome = _decide(database, clock)

    assert outcome is not None
    assert outcome.state == ClaimState.REVIEW
    for table in (Receipt, Reward, Counter):
        assert _rows(database, table) == [], table
