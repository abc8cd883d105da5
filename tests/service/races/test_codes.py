"""One code that pays once, shown by fifty people at once."""

from random import Random

from sqlmodel import col

from backend.actions.models import Claim
from backend.actions.rules import ClaimState
from backend.db.engine import Database
from backend.workflows.admit_claims import ClaimRequest
from tests.service.races.rounds import REQUESTS, claim_at_once, count, rounds
from tests.support import builders
from tests.support.clock import FrozenClock


def test_a_code_goes_to_one_of_fifty_people_in_any_round(
    database: Database, clock: FrozenClock
) -> None:
    builders.make_incarnation(database, clock)
    builders.make_edition(database, clock)
    bin_ = builders.make_bin(database, clock)
    dice = Random(5)

    for number in rounds("codes", database):
        code = bin_.deposit_code()
        requests = [
            ClaimRequest(f"person-{number}-{n}", f"key-{number}-{n:05}", code)
            for n in range(REQUESTS)
        ]

        answers = claim_at_once(database, clock, requests, dice)

        won = [a for a in answers if isinstance(a, Claim) and a.state == ClaimState.PENDING]
        (winner,) = won
        mine = col(Claim.code_ref) == winner.code_ref
        assert count(database, Claim, mine & col(Claim.code_key).is_not(None)) == 1
        # Everybody else has a refusal that can be appealed.
        refused = col(Claim.state) == ClaimState.REFUSED
        assert count(database, Claim, mine & refused) == REQUESTS - 1
        clock.advance(minutes=1)
