"""Freezing an account: two people, a mail, an appeal before a third, silence gives it back."""

import itertools
from datetime import timedelta

import pytest
from sqlmodel import col, select

from backend.accounts.models import Account
from backend.accounts.rules import AccountKind, AccountState, permissions_of, roles_of
from backend.actions.models import Claim
from backend.db.engine import Database
from backend.db.outbox import OutboxMessage
from backend.freezes.errors import (
    FreezeNotFoundError,
    FreezeNotPossibleError,
    OtherPersonNeededError,
)
from backend.freezes.models import Freeze
from backend.freezes.rules import FreezeReason
from backend.workflows import freeze_account
from backend.workflows.admit_claims import ClaimRequest, admit
from backend.workflows.decide_claim import decide_next
from backend.workflows.mintable import has_frozen, mintable
from tests.support import builders
from tests.support.builders import GENESIS, REGION
from tests.support.clock import FrozenClock

ROSA, SAM, TESS = "rosa", "sam", "tess"
_keys = itertools.count()


class Affair:
    """A citizen with one act, and what people decide about the account."""

    def __init__(self, database: Database, clock: FrozenClock) -> None:
        self.database, self.clock = database, clock
        builders.make_incarnation(database, clock)
        builders.make_edition(database, clock)
        self.citizen = builders.make_citizen(database, clock)
        kiosk = builders.make_kiosk(database, clock)
        request = ClaimRequest(self.citizen.id, f"key-{next(_keys):06}", kiosk.slot_code())
        with database.transaction() as session:
            (claim,) = admit(session, [request], now=clock.now())
            assert isinstance(claim, Claim)
            self.claim_id = claim.public_id

    def request(self, by: str = ROSA) -> int:
        with self.database.transaction() as session:
            row = freeze_account.request(
                session,
                self.claim_id,
                reason=FreezeReason.FORGED_CODES,
                note="Six codes of a revoked kiosk.",
                by=by,
                now=self.clock.now(),
            )
            return row.id or 0

    def answer(self, freeze_id: int, by: str, *, agrees: bool = True) -> None:
        with self.database.transaction() as session:
            freeze_account.answer(session, freeze_id, agrees=agrees, by=by, now=self.clock.now())

    def freeze(self) -> int:
        freeze_id = self.request()
        self.answer(freeze_id, SAM)
        return freeze_id

    def appeal(self) -> None:
        with self.database.transaction() as session:
            freeze_account.appeal(
                session, self.citizen.id, statement="It was my brother.", now=self.clock.now()
            )

    def state(self) -> str:
        with self.database.reading() as session:
            return session.get_one(Account, self.citizen.id).state

    def mintable(self) -> list[int]:
        with self.database.reading() as session:
            found = mintable(session, genesis_hash=GENESIS, limit=10)
            return [item.reward.reward_id for item in found]

    def mails(self) -> list[str]:
        with self.database.reading() as session:
            rows = session.exec(select(OutboxMessage).order_by(col(OutboxMessage.not_before))).all()
            return [row.payload["subject"] for row in rows]


@pytest.fixture
def affair(database: Database, clock: FrozenClock) -> Affair:
    return Affair(database, clock)


def test_one_person_alone_freezes_nobody(affair: Affair) -> None:
    freeze_id = affair.request()

    with pytest.raises(OtherPersonNeededError):
        affair.answer(freeze_id, ROSA)
    with pytest.raises(OtherPersonNeededError):
        affair.answer(freeze_id, affair.citizen.id)
    with pytest.raises(FreezeNotPossibleError):
        affair.request(by=SAM)

    assert affair.state() == AccountState.ACTIVE
    assert affair.mails() == []


def test_the_second_person_freezes_and_the_citizen_is_told(affair: Affair) -> None:
    affair.freeze()

    assert affair.state() == AccountState.FROZEN
    assert affair.mails() == ["Calanque : votre compte est suspendu"]
    roles = roles_of(AccountKind(affair.citizen.kind), ())
    assert {p.value for p in permissions_of(AccountState.FROZEN, roles)} == {"follow", "read_own"}


def test_nothing_is_minted_while_an_account_is_frozen(affair: Affair) -> None:
    with affair.database.transaction() as session:
        while decide_next(session, region=REGION, now=affair.clock.now()):
            pass
    (ready,) = affair.mintable()

    freeze_id = affair.freeze()
    assert affair.mintable() == []
    with affair.database.reading() as session:
        assert has_frozen(session, [ready])

    with affair.database.transaction() as session:
        freeze_account.lift(session, freeze_id, by=TESS, now=affair.clock.now())
    assert affair.mintable() == [ready]
    with affair.database.reading() as session:
        assert not has_frozen(session, [ready])


def test_a_declined_request_changes_nothing_and_can_be_asked_again(affair: Affair) -> None:
    affair.answer(affair.request(), SAM, agrees=False)

    assert affair.state() == AccountState.ACTIVE
    affair.request()


def test_an_appeal_is_decided_by_a_third_person(affair: Affair) -> None:
    freeze_id = affair.freeze()
    affair.appeal()

    for person in (ROSA, SAM):
        with affair.database.transaction() as session, pytest.raises(OtherPersonNeededError):
            freeze_account.uphold(session, freeze_id, by=person, now=affair.clock.now())
    with affair.database.transaction() as session:
        freeze_account.uphold(session, freeze_id, by=TESS, now=affair.clock.now())

    assert affair.state() == AccountState.FROZEN
    assert len(affair.mails()) == 2
    with pytest.raises(FreezeNotPossibleError, match="appealed before"):
        affair.appeal()


def test_lifting_needs_one_person_and_gives_the_account_back(affair: Affair) -> None:
    freeze_id = affair.freeze()
    affair.appeal()

    with affair.database.transaction() as session:
        freeze_account.lift(session, freeze_id, by=SAM, now=affair.clock.now())

    assert affair.state() == AccountState.ACTIVE
    with affair.database.transaction() as session, pytest.raises(FreezeNotFoundError):
        freeze_account.lift(session, freeze_id, by=SAM, now=affair.clock.now())


def test_silence_about_an_appeal_gives_the_account_back(affair: Affair) -> None:
    affair.freeze()
    affair.appeal()
    with affair.database.transaction() as session:
        early = affair.clock.now() + timedelta(days=29)
        assert freeze_account.lift_overdue(session, now=early) == 0

    affair.clock.advance(days=30)
    with affair.database.transaction() as session:
        assert freeze_account.lift_overdue(session, now=affair.clock.now()) == 1

    assert affair.state() == AccountState.ACTIVE
    with affair.database.reading() as session:
        [row] = session.exec(select(Freeze)).all()
        assert (row.state, row.closed_by) == ("lifted", "jobs")


def test_an_appeal_comes_in_time(affair: Affair) -> None:
    with pytest.raises(FreezeNotPossibleError, match="nothing to appeal"):
        affair.appeal()
    affair.freeze()
    affair.clock.advance(days=61)
    with pytest.raises(FreezeNotPossibleError, match="two months"):
        affair.appeal()
