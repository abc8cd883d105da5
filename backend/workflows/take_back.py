"""Take a pending reward back after its verdict: tranches, counters, mass, and the trail."""

from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col

from backend.actions import queries as action_queries
from backend.actions.models import Claim, Verdict
from backend.actions.rules import ClaimState
from backend.collections import service as collections
from backend.db import event_log
from backend.kernel.errors import NotFoundError
from backend.review import service as review
from backend.review.errors import NothingPendingError
from backend.review.models import ReviewCase
from backend.rewards import queries as reward_queries
from backend.rewards.rules import RewardState
from backend.workflows import adjust
from backend.workflows.review_claim import about


def take_back(
    session: Session, public_id: str, *, reviewer_id: str, reason_code: str, now: datetime
) -> ReviewCase:
    """Take back what is pending of an accepted claim's reward; what was minted stays.

    Raises:
        NotFoundError: No such claim.
        OwnCaseError: The reviewer is the citizen.
        NothingPendingError: Nothing of it is pending.
    Effects: tranches cancelled, counters and ledger back, mass withdrawn; the claim is
        refused when none of it was paid; trail, receipt line, mail, event.
    """
    claim = action_queries.by_public_id(session, public_id)
    if claim is None:
        raise NotFoundError("claim", public_id)
    claim_id = claim.id or 0
    case = review.note_taken_back(
        session, about(claim), reviewer_id=reviewer_id, reason_code=reason_code, at=now
    )
    if adjust.take_back(session, claim_id, reason_code=reason_code, now=now) == 0:
        raise NothingPendingError
    collections.withdraw_deposit(session, claim_id, is_withdrawn=True)
    left = reward_queries.of_claim(session, claim_id)
    if all(reward.state == RewardState.CANCELLED for reward in left):
        _refuse(session, claim_id)
    event_log.append(
        session,
        kind="claim_reviewed",
        subject=public_id,
        audience=claim.account_id,
        at=now,
        state=case.state,
        reason_code=reason_code,
    )
    return case


def _refuse(session: Session, claim_id: int) -> None:
    for table, key in ((Claim, col(Claim.id)), (Verdict, col(Verdict.claim_id))):
        session.execute(update(table).where(key == claim_id).values(state=ClaimState.REFUSED))
