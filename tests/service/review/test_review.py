"""Doubt, decision and appeal: what is held, who decides, what is paid afterwards."""

import itertools
from datetime import timedelta

import pytest

from backend.actions import queries as actions
from backend.actions.models import Claim
from backend.actions.rules import ClaimState
from backend.db import event_log
from backend.db.engine import Database
from backend.kernel.errors import EcoError, NotFoundError
from backend.ledger import names
from backend.ledger import queries as ledger
from backend.review import queries
from backend.review.errors import AppealNotPossibleError, OwnCaseError, ReviewCaseNotFoundError
from backend.workflows import review_claim
from backend.workflows.admit_claims import ClaimRequest, admit
from backend.workflows.decide_claim import Outcome, decide_next
from tests.support import builders
from tests.support.builders import GLASS_UNITS, REGION, Terminal
from tests.support.clock import FrozenClock

ALICE, REVIEWER = "alice", "rosa"
_keys = itertools.count()


@pytest.fixture
def glass_bin(database: Database, clock: FrozenClock) -> Terminal:
    """A bin for glass where the first edition is in force."""
    builders.make_incarnation(database, clock)
    builders.make_edition(database, clock)
    return builders.make_bin(database, clock)


def claim(database: Database, clock: FrozenClock, code: str) -> tuple[str, Outcome | None]:
    with database.transaction() as session:
        (answer,) = admit(
            session, [ClaimRequest(ALICE, f"key-{next(_keys):05}", code)], now=clock.now()
        )
        if isinstance(answer, EcoError):
            return str(answer.facts["claim_id"]), None
        public_id = answer.public_id
    return public_id, decide(database, clock)


def decide(database: Database, clock: FrozenClock) -> Outcome | None:
    with database.transaction() as session:
        return decide_next(session, region=REGION, now=clock.now())


def review(
    database: Database, clock: FrozenClock, public_id: str, *, accepts: bool, by: str = REVIEWER
) -> None:
    with database.transaction() as session:
        review_claim.decide_case(
            session,
            public_id,
            is_accepted=accepts,
            reviewer_id=by,
            reason_code="plausible" if accepts else "not_plausible",
            now=clock.now(),
        )


def held(database: Database, clock: FrozenClock, glass_bin: Terminal) -> str:
    """Claim 90 bottles in a month, which is paid, and then one more."""
    for count in (15, 15, 15, 15, 15, 15):
        _, outcome = claim(database, clock, glass_bin.deposit_code(count=count))
        assert outcome is not None
        assert outcome.state == ClaimState.ACCEPTED
        clock.advance(days=2)
    public_id, outcome = claim(database, clock, glass_bin.deposit_code(count=1))
    assert outcome is not None
    assert (outcome.state, outcome.units) == (ClaimState.REVIEW, 0)
    return public_id


def test_more_glass_than_a_household_has_waits_for_a_person(
    database: Database, clock: FrozenClock, glass_bin: Terminal
) -> None:
    public_id = held(database, clock, glass_bin)

    with database.reading() as session:
        [case] = queries.open_cases(session)
        assert (case.claim_public_id, case.cause) == (public_id, "doubt")
        assert case.reasons[-1] == {
            "code": "items_many",
            "facts": {"material": "glass", "items": 91, "limit": 90},
        }
        assert case.due_at == clock.now() + timedelta(days=14)


def test_an_accepted_case_is_paid_under_the_rules_of_its_act(
    database: Database, clock: FrozenClock, glass_bin: Terminal
) -> None:
    public_id = held(database, clock, glass_bin)
    with database.reading() as session:
        before = ledger.balance(session, names.pending(ALICE))

    review(database, clock, public_id, accepts=True)
    outcome = decide(database, clock)

    assert outcome is not None
    assert (outcome.state, outcome.units) == (ClaimState.ACCEPTED, GLASS_UNITS)
    with database.reading() as session:
        assert ledger.balance(session, names.pending(ALICE)) == before + GLASS_UNITS
        assert queries.open_cases(session) == []
        kinds = [event.kind for event in event_log.after(session, 0)]
        assert kinds[-2:] == ["claim_reviewed", "claim_decided"]
    assert decide(database, clock) is None


def test_a_refused_case_pays_nothing_and_can_be_appealed_once(
    database: Database, clock: FrozenClock, glass_bin: Terminal
) -> None:
    public_id = held(database, clock, glass_bin)
    review(database, clock, public_id, accepts=False)

    with database.transaction() as session:
        review_claim.appeal(
            session, public_id, account_id=ALICE, statement=" A party. ", now=clock.now()
        )
        found = actions.by_public_id(session, public_id)
        assert found is not None
        assert found.state == ClaimState.REFUSED
    review(database, clock, public_id, accepts=False)

    with pytest.raises(AppealNotPossibleError, match="that decision stands"):
        appeal(database, clock, public_id)
    with database.reading() as session:
        trail = [(c.cause, c.state, c.statement) for c in queries.cases_of(session, _id(found))]
        assert trail == [("doubt", "refused", ""), ("appeal", "refused", "A party.")]
    assert decide(database, clock) is None


def test_a_late_code_is_paid_when_the_appeal_is_accepted(
    database: Database, clock: FrozenClock, glass_bin: Terminal
) -> None:
    code = glass_bin.deposit_code()
    clock.advance(hours=25)
    public_id, outcome = claim(database, clock, code)
    assert outcome is None

    appeal(database, clock, public_id)
    review(database, clock, public_id, accepts=True)
    outcome = decide(database, clock)

    assert outcome is not None
    assert (outcome.state, outcome.units) == (ClaimState.ACCEPTED, GLASS_UNITS)


def test_a_reviewer_cannot_decide_about_an_act_of_their_own(
    database: Database, clock: FrozenClock, glass_bin: Terminal
) -> None:
    public_id = held(database, clock, glass_bin)

    with pytest.raises(OwnCaseError):
        review(database, clock, public_id, accepts=True, by=ALICE)
    with pytest.raises(ReviewCaseNotFoundError):
        review(database, clock, "unknown", accepts=True)


def test_only_ones_own_refusals_can_be_appealed_in_time(
    database: Database, clock: FrozenClock, glass_bin: Terminal
) -> None:
    paid, _ = claim(database, clock, glass_bin.deposit_code())
    code = glass_bin.deposit_code()
    clock.advance(hours=25)
    late, _ = claim(database, clock, code)

    with pytest.raises(AppealNotPossibleError, match="not refused"):
        appeal(database, clock, paid)
    with pytest.raises(NotFoundError):
        appeal(database, clock, late, by="mallory")
    clock.advance(days=61)
    with pytest.raises(AppealNotPossibleError, match="two months"):
        appeal(database, clock, late)


def test_a_counter_that_contradicts_the_machines_others_is_held(
    database: Database, clock: FrozenClock, glass_bin: Terminal
) -> None:
    claim(database, clock, glass_bin.deposit_code(counter=5_000))
    clock.advance(minutes=5)

    public_id, outcome = claim(database, clock, glass_bin.deposit_code(counter=2))

    assert outcome is not None
    assert outcome.state == ClaimState.REVIEW
    with database.reading() as session:
        [case] = queries.open_cases(session)
        assert case.claim_public_id == public_id
        assert case.reasons[-1]["code"] == "device_in_doubt"


def test_counters_may_arrive_in_any_order(
    database: Database, clock: FrozenClock, glass_bin: Terminal
) -> None:
    early = glass_bin.deposit_code(counter=1)
    clock.advance(minutes=5)
    late = glass_bin.deposit_code(counter=2)

    outcomes = [claim(database, clock, code)[1] for code in (late, early)]

    assert [o.state for o in outcomes if o] == [ClaimState.ACCEPTED, ClaimState.ACCEPTED]


def appeal(database: Database, clock: FrozenClock, public_id: str, *, by: str = ALICE) -> None:
    with database.transaction() as session:
        review_claim.appeal(
            session, public_id, account_id=by, statement="I was there.", now=clock.now()
        )


def _id(found: Claim) -> int:
    return found.id or 0
