"""Reads of acts."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from backend.actions.models import Claim, Incarnation, Verdict
from backend.actions.rules import ClaimState


def by_public_id(session: Session, public_id: str) -> Claim | None:
    """Return a claim by the id that people see."""
    return session.exec(select(Claim).where(col(Claim.public_id) == public_id)).one_or_none()


def by_idempotency_key(session: Session, account_id: str, key: str) -> Claim | None:
    """Return the claim that a client's key made."""
    statement = select(Claim).where(
        col(Claim.account_id) == account_id, col(Claim.idempotency_key) == key
    )
    return session.exec(statement).one_or_none()


def by_code_of_account(session: Session, code_ref: str, account_id: str) -> Claim | None:
    """Return what an account claimed with a code."""
    statement = select(Claim).where(
        col(Claim.code_ref) == code_ref, col(Claim.account_id) == account_id
    )
    return session.exec(statement).one_or_none()


def holder_of_code(session: Session, code_key: str) -> Claim | None:
    """Return the one claim that took a code."""
    return session.exec(select(Claim).where(col(Claim.code_key) == code_key)).one_or_none()


def codes_of(session: Session, account_id: str) -> list[str]:
    """Return the codes that an account has presented."""
    statement = select(Claim.code_ref).where(col(Claim.account_id) == account_id)
    return list(session.exec(statement).all())


def next_pending(session: Session, *, now: datetime) -> Claim | None:
    """Lock and return the oldest claim that is due for its verdict and no other runner holds."""
    statement = (
        select(Claim)
        .where(
            col(Claim.state) == ClaimState.PENDING,
            col(Claim.decide_after).is_(None) | (col(Claim.decide_after) <= now),
        )
        .order_by(col(Claim.id))
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return session.exec(statement).one_or_none()


def of_account(session: Session, account_id: str, *, limit: int = 100) -> Sequence[Claim]:
    """Return the newest claims of an account, newest first."""
    statement = select(Claim).where(col(Claim.account_id) == account_id)
    return session.exec(statement.order_by(col(Claim.id).desc()).limit(limit)).all()


def verdict_of(session: Session, claim_id: int) -> Verdict | None:
    """Return the verdict on a claim, `None` while it is pending."""
    return session.exec(select(Verdict).where(col(Verdict.claim_id) == claim_id)).one_or_none()


def highest_slot_use(session: Session, prefix: str) -> Sequence[str]:
    """Return the codes taken that start with `prefix`, for a kiosk that shows the next one."""
    statement = select(Claim.code_ref).where(
        col(Claim.code_key).startswith(prefix, autoescape=True)
    )
    return session.exec(statement).all()


def count_by_state(session: Session) -> dict[str, int]:
    """Return how many claims stand in each state."""
    statement = select(Claim.state, func.count()).group_by(col(Claim.state))
    return dict(session.exec(statement).all())


def incarnation_homes(session: Session) -> Sequence[str]:
    """Return the fingerprints of the databases that asked for the incarnations in use."""
    statement = select(Incarnation.home).where(col(Incarnation.retired_at).is_(None))
    return session.exec(statement).all()


def last_received_at(session: Session) -> datetime | None:
    """Return when the newest claim was stored, `None` when there is none."""
    newest = select(Claim.received_at).order_by(col(Claim.id).desc()).limit(1)
    return session.exec(newest).one_or_none()


def undecided(session: Session, *, incarnation: int, counters: Sequence[int]) -> Sequence[str]:
    """Return the public ids of claims that wait for a verdict, by their place in reward ids."""
    statement = select(Claim.public_id).where(
        col(Claim.id).in_(counters),
        col(Claim.incarnation) == incarnation,
        col(Claim.state).in_((ClaimState.PENDING, ClaimState.REVIEW)),
    )
    return session.exec(statement.order_by(col(Claim.id))).all()


def current_incarnation(session: Session) -> int | None:
    """Return the incarnation that new claims carry, `None` before the chain gave one."""
    statement = (
        select(Incarnation.number)
        .where(col(Incarnation.retired_at).is_(None))
        .order_by(col(Incarnation.id).desc())
        .limit(1)
    )
    return session.exec(statement).one_or_none()


def verdicts_of(session: Session, claim_ids: Sequence[int]) -> dict[int, Verdict]:
    """Return claim id → verdict, for the claims that have one."""
    statement = select(Verdict).where(col(Verdict.claim_id).in_(claim_ids))
    return {verdict.claim_id: verdict for verdict in session.exec(statement).all()}


def public_ids(session: Session, claim_ids: Sequence[int]) -> dict[int, str]:
    """Return claim id → the id that people see."""
    statement = select(Claim.id, Claim.public_id).where(col(Claim.id).in_(claim_ids))
    return {claim_id or 0: public_id for claim_id, public_id in session.exec(statement).all()}


def claims_with_codes(session: Session, code_keys: Sequence[str]) -> Sequence[int]:
    """Return the ids of the claims that took these codes."""
    statement = select(Claim.id).where(col(Claim.code_key).in_(code_keys))
    return [claim_id or 0 for claim_id in session.exec(statement.order_by(col(Claim.id))).all()]
