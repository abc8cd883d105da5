"""Freezes of accounts: asked for by one person, agreed by another, appealed by the citizen."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, status
from pydantic import BaseModel, Field

from backend.accounts.rules import Actor, Permission
from backend.freezes import queries
from backend.freezes.models import Freeze
from backend.freezes.rules import FreezeReason
from backend.http.deps import Now, ReadSession, WriteSession, requires
from backend.workflows import freeze_account

router = APIRouter(tags=["freezes"])

Reviewer = Annotated[Actor, requires(Permission.REVIEW_CLAIMS)]


class FreezeCreate(BaseModel):
    """The account behind an act; reviewers know acts, not names."""

    claim: str = Field(description="Id of the act that led to it.")
    reason_code: FreezeReason
    note: str = Field(default="", max_length=2000, description="Evidence, for reviewers only.")


class FreezeAnswer(BaseModel):
    """The second person's word."""

    agrees: bool


class FreezeAppeal(BaseModel):
    """Why the citizen thinks that the freeze is wrong."""

    statement: str = Field(min_length=1, max_length=2000)


class FreezePublic(BaseModel):
    """A freeze as reviewers see it, without the citizen's name."""

    id: int
    state: str = Field(description="requested, frozen, declined or lifted.")
    reason_code: str
    claim_public_id: str
    note: str
    requested_at: datetime
    confirmed_at: datetime | None
    statement: str
    appealed_at: datetime | None
    appeal_due_at: datetime | None
    appeal_decided_at: datetime | None
    closed_at: datetime | None


class OwnFreezePublic(BaseModel):
    """A freeze as its citizen sees it."""

    state: str
    reason_code: str
    confirmed_at: datetime | None
    appealed_at: datetime | None
    appeal_due_at: datetime | None
    appeal_decided_at: datetime | None


@router.get("/freezes", summary="List freezes, the newest first")
def get_freezes(session: ReadSession, actor: Reviewer) -> list[FreezePublic]:
    """Return freezes with their trail."""
    del actor
    return [_public(row) for row in queries.newest(session)]


@router.post("/freezes", status_code=status.HTTP_201_CREATED, summary="Ask to freeze an account")
def post_freeze(
    body: FreezeCreate, session: WriteSession, clock: Now, actor: Reviewer
) -> FreezePublic:
    """Be the first of two people; the account works until the second agrees."""
    row = freeze_account.request(
        session,
        body.claim,
        reason=body.reason_code,
        note=body.note,
        by=actor.account_id,
        now=clock.now(),
    )
    return _public(row)


@router.post("/freezes/{freeze_id}/answer", summary="Agree to a freeze, or decline it")
def post_answer(
    freeze_id: int, body: FreezeAnswer, session: WriteSession, clock: Now, actor: Reviewer
) -> FreezePublic:
    """Be the second of two people."""
    row = freeze_account.answer(
        session, freeze_id, agrees=body.agrees, by=actor.account_id, now=clock.now()
    )
    return _public(row)


@router.post("/freezes/{freeze_id}/uphold", summary="Decide an appeal: the freeze stands")
def post_uphold(freeze_id: int, session: WriteSession, clock: Now, actor: Reviewer) -> FreezePublic:
    """Be a third person."""
    row = freeze_account.uphold(session, freeze_id, by=actor.account_id, now=clock.now())
    return _public(row)


@router.post("/freezes/{freeze_id}/lift", summary="Give an account back")
def post_lift(freeze_id: int, session: WriteSession, clock: Now, actor: Reviewer) -> FreezePublic:
    """End a freeze, with or without an appeal."""
    return _public(freeze_account.lift(session, freeze_id, by=actor.account_id, now=clock.now()))


@router.post("/me/freeze/appeal", summary="Appeal against the freeze of one's own account")
def post_appeal(
    body: FreezeAppeal,
    session: WriteSession,
    clock: Now,
    actor: Annotated[Actor, requires(Permission.READ_OWN)],
) -> OwnFreezePublic:
    """Ask a third person to look at it, once, within two months."""
    row = freeze_account.appeal(
        session, actor.account_id, statement=body.statement, now=clock.now()
    )
    return OwnFreezePublic.model_validate(row.model_dump(include=set(OwnFreezePublic.model_fields)))


def _public(row: Freeze) -> FreezePublic:
    return FreezePublic.model_validate(row.model_dump(include=set(FreezePublic.model_fields)))
