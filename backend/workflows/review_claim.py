"""Review of a claim: a person decides, the citizen may appeal once, the trail stays."""

from datetime import datetime

from sqlalchemy import delete, update
from sqlmodel import Session, col

from backend.actions import queries as action_queries
from backend.actions.models import Claim, Verdict
from backend.actions.rules import ClaimState
from backend.db import event_log
from backend.kernel.errors import NotFoundError
from backend.review import queries as review_queries
from backend.review import service as review
from backend.review.errors import AppealNotPossibleError
from backend.review.models import ReviewCase
from backend.review.service import About


def about(claim: Claim) -> About:
    """Return what a case keeps of its claim."""
    return About(claim.id or 0, claim.public_id, claim.account_id)


def appeal(
    session: Session, public_id: str, *, account_id: str, statement: str, now: datetime
) -> ReviewCase:
    """Let a citizen appeal against a refusal.

    Raises:
        NotFoundError: No such claim of this account.
        AppealNotPossibleError: It is not refused, was appealed before, or too long ago.
    Effects: one case.
    """
    claim = action_queries.by_public_id(session, public_id)
    if claim is None or claim.account_id != account_id:
        raise NotFoundError("claim", public_id)
    cases = review_queries.cases_of(session, claim.id or 0)
    decided = [case.decided_at for case in cases if case.state == "refused" and case.decided_at]
    # A reward that was taken back in part leaves its claim accepted.
    if claim.state != ClaimState.REFUSED and not decided:
        raise AppealNotPossibleError("it is not refused")
    refused_at = max([claim.received_at, *decided])
    return review.open_appeal(
        session, about(claim), statement=statement, refused_at=refused_at, at=now
    )


def decide_case(
    session: Session,
    public_id: str,
    *,
    is_accepted: bool,
    reviewer_id: str,
    reason_code: str,
    now: datetime,
) -> ReviewCase:
    """Write a reviewer's decision.

    An accepted claim goes back to the queue, where the rulebook in force at the act pays it
    and caps move in the order of that verdict; the doubtful verdict moved none.

    Raises:
        ReviewCaseNotFoundError: No open case is about this claim.
        OwnCaseError: The reviewer is the citizen.
    Effects: the case; the claim's state; one event.
    """
    case = review.close(
        session,
        public_id,
        is_accepted=is_accepted,
        reviewer_id=reviewer_id,
        reason_code=reason_code,
        at=now,
    )
    state = ClaimState.PENDING if is_accepted else ClaimState.REFUSED
    claims = update(Claim).where(col(Claim.id) == case.claim_id)
    if is_accepted:
        session.execute(delete(Verdict).where(col(Verdict.claim_id) == case.claim_id))
        session.execute(claims.values(state=state, refusal_code=None))
    else:
        verdicts = update(Verdict).where(col(Verdict.claim_id) == case.claim_id)
        session.execute(verdicts.values(state=state))
        session.execute(claims.values(state=state))
    event_log.append(
        session,
        kind="claim_reviewed",
        subject=public_id,
        audience=case.account_id,
        at=now,
        state=case.state,
        reason_code=reason_code,
    )
    return case
