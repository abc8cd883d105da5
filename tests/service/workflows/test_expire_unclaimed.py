"""A first reward without an account: a week to sign up, then it goes back."""

from sqlmodel import select

from backend.accounts import sessions
from backend.db.engine import Database
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.rewards.models import Adjustment, Reward
from backend.workflows import expire_unclaimed
from backend.workflows.admit_claims import ClaimRequest, admit
from backend.workflows.decide_claim import decide_next
from tests.support import builders
from tests.support.builders import GLASS_UNITS, REGION
from tests.support.clock import FrozenClock

WEEK_S = 7 * 24 * 3600


def first_reward(database: Database, clock: FrozenClock) -> str:
    """Let a phone without account scan a kiosk; return its account."""
    builders.make_incarnation(database, clock)
    builders.make_edition(database, clock)
    kiosk = builders.make_kiosk(database, clock)
    with database.transaction() as session:
        phone = sessions.start_anonymous(session, now=clock.now()).account.id
        admit(session, [ClaimRequest(phone, "key-00001", kiosk.slot_code())], now=clock.now())
    with database.transaction() as session:
        decide_next(session, region=REGION, now=clock.now())
    return phone


def pending(database: Database, account_id: str) -> int:
    with database.reading() as session:
        return ledger_queries.balance(session, names.pending(account_id))


def expire(database: Database, clock: FrozenClock) -> int:
    with database.transaction() as session:
        return expire_unclaimed.expire(session, now=clock.now())


def test_points_wait_a_week_on_the_phone(database: Database, clock: FrozenClock) -> None:
    phone = first_reward(database, clock)
    until = clock.now().timestamp() + WEEK_S
    clock.advance(seconds=WEEK_S - 1)

    assert expire(database, clock) == 0
    assert pending(database, phone) == GLASS_UNITS
    with database.reading() as session:
        kept = expire_unclaimed.kept_until(session, phone)
    assert kept is not None
    assert kept.timestamp() == until


def test_who_signs_up_in_time_keeps_them(database: Database, clock: FrozenClock) -> None:
    phone = first_reward(database, clock)
    clock.advance(seconds=WEEK_S - 1)
    with database.transaction() as session:
        kept = sessions.sign_in(
            session, "lou@test.example", anonymous_id=phone, now=clock.now()
        ).account.id
    clock.advance(seconds=30 * 24 * 3600)

    assert expire(database, clock) == 0
    assert pending(database, kept) == GLASS_UNITS


def test_after_a_week_they_go_back_and_the_receipt_says_why(
    database: Database, clock: FrozenClock
) -> None:
    phone = first_reward(database, clock)
    clock.advance(seconds=WEEK_S)

    assert expire(database, clock) == 1
    assert expire(database, clock) == 0
    assert pending(database, phone) == 0
    with database.reading() as session:
        assert session.exec(select(Reward.state)).one() == "cancelled"
        [row] = session.exec(select(Adjustment)).all()
        assert (row.units, row.facts["reason_code"]) == (GLASS_UNITS, "no_account")
        assert ledger_queries.balance(session, names.ISSUANCE) == 0
