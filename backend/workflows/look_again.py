"""Look again at located acts that waited for attested ones, whenever one arrives."""

from datetime import datetime

from sqlmodel import Session

from backend.actions import queries as action_queries
from backend.review import queries as review_queries
from backend.review import rules
from backend.review.models import ReviewCase
from backend.rulebook import engine
from backend.rulebook import queries as rulebook_queries
from backend.workflows import review_claim
from backend.workflows.acts import LevelCodes, act_of
from backend.workflows.doubt import reasons_to_doubt

BY_ACTS = "jobs"


def at_waiting(session: Session, account_id: str, *, region: LevelCodes, now: datetime) -> int:
    """Clear the waiting located acts of a person that its attested acts now bear.

    Returns:
        How many go back to the queue, where the rules of their day pay them.
    """
    cleared = 0
    for case in review_queries.waiting_of(session, account_id):
        codes = [reason["code"] for reason in case.reasons]
        if rules.only_waits(codes) and _fits(session, case, region):
            review_claim.decide_case(
                session,
                case.claim_public_id,
                is_accepted=True,
                reviewer_id=BY_ACTS,
                reason_code="attested_since",
                now=now,
            )
            cleared += 1
    return cleared


def _fits(session: Session, case: ReviewCase, region: LevelCodes) -> bool:
    claim = action_queries.by_public_id(session, case.claim_public_id)
    verdict = action_queries.verdict_of(session, case.claim_id)
    if claim is None or verdict is None:
        return False
    edition = rulebook_queries.in_force_at(session, claim.occurred_at)
    if edition is None:
        return False
    act = act_of(
        claim,
        kind=str(verdict.act["kind"]),
        level=verdict.level,
        facts=verdict.act,
        region=region,
    )
    worth = engine.evaluate(act, rulebook_queries.rulebook_of(edition), {}, with_lines=False)
    doubts = reasons_to_doubt(session, claim, act, units=worth.amount_units, station=None)
    return not doubts
