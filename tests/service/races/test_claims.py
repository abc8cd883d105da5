"""One person's claims, repeated and decided by everybody at once (I-6)."""

from concurrent.futures import ThreadPoolExecutor
from random import Random

from sqlmodel import col

from backend.actions.models import Claim
from backend.db.engine import Database
from backend.ledger import names, queries
from backend.rewards.models import Reward
from backend.workflows.admit_claims import ClaimRequest
from backend.workflows.decide_claim import decide_next
from tests.service.races.rounds import REQUESTS, claim_at_once, count, rounds
from tests.support import builders
from tests.support.builders import GLASS_UNITS, REGION
from tests.support.clock import FrozenClock
from tests.support.works import assert_books_balance

DEPOSITS = 12
PAID = 10
"""Deposits a day that the first edition pays for."""
RUNNERS = 4
ROUNDS_EACH = 100
"""Rounds of one bin."""


def test_repeated_claims_are_stored_once_and_never_pass_the_cap(
    database: Database, clock: FrozenClock
) -> None:
    builders.make_incarnation(database, clock)
    builders.make_edition(database, clock)
    dice = Random(4)

    with ThreadPoolExecutor(RUNNERS) as pool:
        for number in rounds("claims", database):
            if number % ROUNDS_EACH == 1:
                # What nobody empties is overfull after a ton of glass, and that is noticed.
                bin_ = builders.make_bin(database, clock)
            person = f"person-{number}"
            requests = [
                ClaimRequest(person, f"key-{number}-{n:05}", bin_.deposit_code())
                for n in range(DEPOSITS)
            ]
            sent = requests + dice.choices(requests, k=REQUESTS - DEPOSITS)
            dice.shuffle(sent)

            answers = claim_at_once(database, clock, sent, dice)
            list(pool.map(lambda _: _decide_all(database, clock), range(RUNNERS)))

            told = {(request.idempotency_key, _id_of(answer)) for request, answer in
                    zip(sent, answers, strict=True)}  # fmt: skip
            assert len(told) == DEPOSITS == count(database, Claim, col(Claim.account_id) == person)
            assert count(database, Reward, col(Reward.account_id) == person) == PAID
            with database.reading() as session:
                assert queries.balance(session, names.pending(person)) == PAID * GLASS_UNITS
            # The same bin would stand out with many people a day; the edition ends after 565 days.
            clock.advance(hours=12)
    with database.reading() as session:
        assert_books_balance(session)


def _id_of(answer: object) -> str:
    assert isinstance(answer, Claim), answer
    return answer.public_id


def _decide_all(database: Database, clock: FrozenClock) -> None:
    outcome = object()
    while outcome is not None:
        with database.transaction() as session:
            outcome = decide_next(session, region=REGION, now=clock.now())
