"""Taking a pending reward back, and giving it back after an appeal."""

import itertools

import pytest
from sqlmodel import col, select, update

from backend.actions import queries as actions
from backend.actions.models import Claim
from backend.actions.rules import ClaimState
from backend.collections.models import DepositMass
from backend.db.engine import Database
from backend.ledger import names
from backend.ledger import queries as ledger
from backend.review.errors import NothingPendingError, OwnCaseError
from backend.rewards import queries as rewards
from backend.rewards.models import Counter, Reward
from backend.rewards.rules import RewardState
from backend.workflows import notices, review_claim
from backend.workflows.admit_claims import ClaimRequest, admit
from backend.workflows.decide_claim import decide_next
from backend.workflows.take_back import take_back
from tests.support import builders
from tests.support.builders import GLASS_UNITS, REGION, Terminal
from tests.support.clock import FrozenClock
from tests.support.works import assert_books_balance

ALICE, ROSA = "alice", "rosa"
_keys = itertools.count()


@pytest.fixture
def glass_bin(database: Database, clock: FrozenClock) -> Terminal:
    """A bin for glass at a trusted station."""
    builders.make_incarnation(database, clock)
    builders.make_edition(database, clock)
    return builders.make_bin(database, clock)


def deposit(database: Database, clock: FrozenClock, terminal: Terminal, bottles: int) -> Claim:
    request = ClaimRequest(ALICE, f"key-{next(_keys):06}", terminal.deposit_code(count=bottles))
    with database.transaction() as session:
        (answer,) = admit(session, [request], now=clock.now())
        assert isinstance(answer, Claim)
    decide(database, clock)
    clock.advance(minutes=5)
    return answer


def decide(database: Database, clock: FrozenClock) -> None:
    with database.transaction() as session:
        assert decide_next(session, region=REGION, now=clock.now()) is not None


def take(database: Database, clock: FrozenClock, claim: Claim, *, by: str = ROSA) -> None:
    with database.transaction() as session:
        take_back(
            session,
            claim.public_id,
            reviewer_id=by,
            reason_code="not_plausible",
            now=clock.now(),
        )


def counters(database: Database) -> dict[str, int]:
    with database.reading() as session:
        return {row.key: row.used for row in session.exec(select(Counter)).all() if row.used}


def pending(database: Database) -> int:
    with database.reading() as session:
        assert_books_balance(session)
        return ledger.balance(session, names.pending(ALICE))


def state_of(database: Database, claim: Claim) -> str:
    with database.reading() as session:
        found = actions.by_public_id(session, claim.public_id)
        assert found is not None
        return found.state


def test_everything_that_the_grant_moved_moves_back(
    database: Database, clock: FrozenClock, glass_bin: Terminal
) -> None:
    deposit(database, clock, glass_bin, 2)
    before = counters(database)
    claim = deposit(database, clock, glass_bin, 5)

    take(database, clock, claim)

    assert counters(database) == before
    assert pending(database) == 2 * GLASS_UNITS
    assert state_of(database, claim) == ClaimState.REFUSED
    with database.reading() as session:
        [reward] = rewards.of_claim(session, claim.id or 0)
        [row] = rewards.adjustments_of(session, [claim.id or 0])[claim.id or 0]
        assert reward.state == RewardState.CANCELLED
        assert session.get_one(DepositMass, claim.id).is_withdrawn
    assert "Repris avant d'être versé : 10 points sur 10" in notices.adjustment(row, "fr")
    with pytest.raises(NothingPendingError):
        take(database, clock, claim)


def test_what_is_on_its_way_to_the_chain_stays(
    database: Database, clock: FrozenClock, glass_bin: Terminal
) -> None:
    claim = deposit(database, clock, glass_bin, 5)
    with database.transaction() as session:
        session.execute(
            update(Reward).where(col(Reward.claim_id) == claim.id).values(state="batched")
        )

    with pytest.raises(NothingPendingError):
        take(database, clock, claim)

    assert pending(database) == 5 * GLASS_UNITS
    assert state_of(database, claim) == ClaimState.ACCEPTED


def test_nobody_takes_back_from_themselves(
    database: Database, clock: FrozenClock, glass_bin: Terminal
) -> None:
    claim = deposit(database, clock, glass_bin, 1)

    with pytest.raises(OwnCaseError):
        take(database, clock, claim, by=ALICE)


def test_an_appeal_won_gives_it_back_under_its_old_id_within_the_caps(
    database: Database, clock: FrozenClock, glass_bin: Terminal
) -> None:
    claim = deposit(database, clock, glass_bin, 10)
    take(database, clock, claim)
    # 3,000 units a day: another 8 bottles leave room for 7.
    deposit(database, clock, glass_bin, 8)
    with database.transaction() as session:
        review_claim.appeal(
            session, claim.public_id, account_id=ALICE, statement="I did.", now=clock.now()
        )
    with database.transaction() as session:
        review_claim.decide_case(
            session,
            claim.public_id,
            is_accepted=True,
            reviewer_id=ROSA,
            reason_code="evidence_added",
            now=clock.now(),
        )

    decide(database, clock)

    assert state_of(database, claim) == ClaimState.ACCEPTED
    assert pending(database) == 15 * GLASS_UNITS
    with database.reading() as session:
        [reward] = rewards.of_claim(session, claim.id or 0)
        assert (reward.state, reward.units) == (RewardState.READY, 7 * GLASS_UNITS)
        assert not session.get_one(DepositMass, claim.id).is_withdrawn
    assert max(counters(database).values()) <= 15 * GLASS_UNITS
