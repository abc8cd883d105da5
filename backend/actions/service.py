"""Writes of acts: store a claim once, decide it once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col

from backend.actions import queries
from backend.actions.errors import (
    CodeAlreadyUsedError,
    CodeEarlyError,
    CodeExpiredError,
    DeviceRevokedError,
    IdempotencyKeyReusedError,
    SerialAlreadyUsedError,
)
from backend.actions.models import Claim, Incarnation, Verdict
from backend.actions.rules import ClaimState, Evidence, Judgement
from backend.db.upsert import insert_or_skip
from backend.kernel.errors import EcoError
from backend.kernel.ids import new_id

_REFUSALS: Mapping[str, Callable[[str], EcoError]] = {
    "code_early": CodeEarlyError,
    "code_already_used": CodeAlreadyUsedError,
    "code_expired": CodeExpiredError,
    "device_revoked": DeviceRevokedError,
    "serial_already_used": SerialAlreadyUsedError,
}


@dataclass(frozen=True)
class Submission:
    """One request to the intake, its code read and its signature checked.

    Attributes:
        account_id: Who claims.
        idempotency_key: Made by the client, at most 64 characters.
        body_hash: SHA-256 hex of the request body.
        code: The code as presented, kept for appeals.
        evidence: What the code says.
        refusal_code: Set when the code is authentic but late or its device withdrawn.
        taken_code: How a code that another claim took is refused.
        decide_after: Until when the verdict waits for another witness.
        public_id: Id that people already know the act by; a new one when left out.
    """

    account_id: str
    idempotency_key: str
    body_hash: str
    code: str
    evidence: Evidence
    refusal_code: str | None
    taken_code: str = "code_already_used"
    decide_after: datetime | None = None
    public_id: str | None = None


def submit(
    session: Session, submission: Submission, *, incarnation: int, at: datetime
) -> Claim | EcoError:
    """Store a claim, or find the one that stands.

    The code goes to the first claim that inserts its `code_key`; every later
    claimant gets a stored refusal. The error is returned, not raised: the refusal
    must be committed with the rest of the group.

    Returns:
        The claim (a repeat gets the stored one), or the error to answer with.
    """
    standing = queries.by_idempotency_key(
        session, submission.account_id, submission.idempotency_key
    )
    if standing is not None:
        return _answer(standing, submission)
    if submission.refusal_code is None:
        taken = _claim_of(submission, incarnation, at, refusal_code=None)
        if insert_or_skip(session, taken) is not None:
            return _stored(session, taken)
    own = queries.by_code_of_account(session, submission.evidence.code_key, submission.account_id)
    if own is not None:
        return _answer(own, None)
    refusal = _claim_of(
        submission, incarnation, at, refusal_code=submission.refusal_code or submission.taken_code
    )
    insert_or_skip(session, refusal)
    return _answer(_stored(session, refusal), None)


def decide(session: Session, claim: Claim, judgement: Judgement, *, at: datetime) -> Verdict:
    """Write the verdict of a pending claim.

    Effects: one verdict; the claim leaves PENDING.
    """
    verdict = Verdict(
        claim_id=claim.id or 0,
        state=judgement.state,
        level=judgement.level,
        reasons=[{"code": r.code, "facts": dict(r.facts)} for r in judgement.reasons],
        act={"kind": judgement.act_kind, **judgement.act},
        decided_at=at,
    )
    session.add(verdict)
    session.execute(update(Claim).where(col(Claim.id) == claim.id).values(state=judgement.state))
    session.flush()
    return verdict


def open_incarnation(
    session: Session, *, genesis_hash: str, number: int, home: str, at: datetime
) -> None:
    """Record the incarnation that the chain handed out; new claims carry it from now on.

    Args:
        home: Fingerprint of this database: a copy of it must not use the same counters.
    """
    row = Incarnation(genesis_hash=genesis_hash, number=number, home=home, opened_at=at)
    insert_or_skip(session, row)


def retire_incarnations(session: Session, *, at: datetime) -> None:
    """Stop using every incarnation so far: after a restore their counters may be taken."""
    session.execute(
        update(Incarnation).where(col(Incarnation.retired_at).is_(None)).values(retired_at=at)
    )


def move_to_account(session: Session, *, source_id: str, target_id: str) -> None:
    """Hand the claims of a merged account to the one that keeps them.

    A refusal of the source for a code that the target also presented stays
    where it is: one account has one claim per code.
    """
    presented = queries.codes_of(session, target_id)
    session.execute(
        update(Claim)
        .where(col(Claim.account_id) == source_id, col(Claim.code_ref).not_in(presented))
        .values(account_id=target_id)
    )


def _claim_of(
    submission: Submission, incarnation: int, at: datetime, *, refusal_code: str | None
) -> Claim:
    evidence = submission.evidence
    is_refused = refusal_code is not None
    return Claim(
        public_id=submission.public_id or new_id(),
        incarnation=incarnation,
        account_id=submission.account_id,
        idempotency_key=submission.idempotency_key,
        body_hash=submission.body_hash,
        kind=evidence.kind,
        code_ref=evidence.code_key,
        code_key=None if is_refused else evidence.code_key,
        device_number=evidence.device_number,
        occurred_at=evidence.occurred_at,
        received_at=at,
        decide_after=submission.decide_after,
        evidence={"facts": dict(evidence.facts), "code": submission.code},
        state=ClaimState.REFUSED if is_refused else ClaimState.PENDING,
        refusal_code=refusal_code,
    )


def _stored(session: Session, claim: Claim) -> Claim:
    found = queries.by_public_id(session, claim.public_id)
    if found is None:
        # The insert was skipped: another request with the same key or code won the race.
        found = queries.by_idempotency_key(
            session, claim.account_id, claim.idempotency_key
        ) or queries.by_code_of_account(session, claim.code_ref, claim.account_id)
    if found is None:
        msg = "a skipped claim has neither its key nor its code in the table"
        raise AssertionError(msg)
    return found


def _answer(claim: Claim, submission: Submission | None) -> Claim | EcoError:
    if submission is not None and claim.body_hash != submission.body_hash:
        return IdempotencyKeyReusedError()
    if claim.refusal_code is not None:
        return _REFUSALS[claim.refusal_code](claim.public_id)
    return claim
