"""Review: the queue, a reviewer's decision, a citizen's appeal."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, status
from pydantic import BaseModel, Field

from backend.accounts.rules import Actor, Permission
from backend.http.deps import Now, ReadSession, WriteSession, requires
from backend.review import queries
from backend.review.models import ReviewCase
from backend.review.service import DECIDED_WITHIN
from backend.workflows import review_claim
from backend.workflows.take_back import take_back

router = APIRouter(tags=["reviews"])


class AppealCreate(BaseModel):
    """Why a citizen thinks that a refusal is wrong."""

    statement: str = Field(min_length=1, max_length=2000)


class DecisionCreate(BaseModel):
    """A reviewer's decision."""

    decision: Literal["accept", "refuse"]
    reason_code: Literal[
        "plausible", "evidence_added", "not_plausible", "not_by_this_person", "code_not_valid"
    ] = Field(description="Public code; the citizen sees its sentence.")


class CasePublic(BaseModel):
    """A case as reviewers see it, without the citizen's name."""

    claim: str = Field(description="Id of the claim.")
    cause: str = Field(description="doubt or appeal.")
    state: str
    reasons: list[dict[str, Any]] = Field(description="Signals: codes and facts.")
    statement: str
    opened_at: datetime
    due_at: datetime
    decided_at: datetime | None
    reason_code: str | None


@router.get("/reviews", summary="List open cases, the most urgent first")
def get_cases(
    session: ReadSession,
    clock: Now,
    actor: Annotated[Actor, requires(Permission.REVIEW_CLAIMS)],
) -> list[CasePublic]:
    """Return open cases; located acts that still wait for attested ones are left out."""
    del actor
    due_before = clock.now() + DECIDED_WITHIN
    return [_public(case) for case in queries.open_cases(session, due_before=due_before)]


@router.post("/reviews/{claim_id}/decision", summary="Decide a case")
def post_decision(
    claim_id: str,
    body: DecisionCreate,
    session: WriteSession,
    clock: Now,
    actor: Annotated[Actor, requires(Permission.REVIEW_CLAIMS)],
) -> CasePublic:
    """Accept or refuse; nobody decides about an act of their own."""
    return _public(
        review_claim.decide_case(
            session,
            claim_id,
            is_accepted=body.decision == "accept",
            reviewer_id=actor.account_id,
            reason_code=body.reason_code,
            now=clock.now(),
        )
    )


class TakeBackCreate(BaseModel):
    """Why a pending reward is taken back."""

    reason_code: Literal[
        "not_plausible", "not_by_this_person", "code_not_valid", "mass_missing"
    ] = Field(description="Public code; the citizen sees its sentence.")


@router.post("/reviews/{claim_id}/take-back", summary="Take back what is pending of a reward")
def post_take_back(
    claim_id: str,
    body: TakeBackCreate,
    session: WriteSession,
    clock: Now,
    actor: Annotated[Actor, requires(Permission.REVIEW_CLAIMS)],
) -> CasePublic:
    """Cancel pending parts after the verdict; what was paid stays, the citizen can appeal."""
    return _public(
        take_back(
            session,
            claim_id,
            reviewer_id=actor.account_id,
            reason_code=body.reason_code,
            now=clock.now(),
        )
    )


@router.post(
    "/claims/{claim_id}/appeal", status_code=status.HTTP_201_CREATED, summary="Appeal a refusal"
)
def post_appeal(
    claim_id: str,
    body: AppealCreate,
    session: WriteSession,
    clock: Now,
    actor: Annotated[Actor, requires(Permission.READ_OWN)],
) -> CasePublic:
    """Ask a person to look at a refusal of one's own, once, within two months."""
    return _public(
        review_claim.appeal(
            session,
            claim_id,
            account_id=actor.account_id,
            statement=body.statement,
            now=clock.now(),
        )
    )


def _public(case: ReviewCase) -> CasePublic:
    return CasePublic(
        claim=case.claim_public_id,
        **case.model_dump(include=set(CasePublic.model_fields) - {"claim"}),
    )
