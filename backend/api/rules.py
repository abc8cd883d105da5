"""The rulebook: what is in force, and how the next edition comes about."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, status
from pydantic import BaseModel, Field

from backend.accounts.rules import Actor, Permission
from backend.http.deps import Now, ReadSession, WriteSession, public, requires
from backend.kernel.errors import NotFoundError
from backend.rulebook import queries, service
from backend.rulebook.models import Edition

router = APIRouter(tags=["rules"])


class EditionCreate(BaseModel):
    """A new edition."""

    source_text: str = Field(max_length=500_000, description="The YAML document.")


class EditionPublic(BaseModel):
    """An edition as anybody sees it."""

    number: int
    state: str
    document_hash: str = Field(description="SHA-256 of the canonical document; stands on chain.")
    effective_from: datetime | None


class EditionDocument(EditionPublic):
    """An edition with its text."""

    source_text: str
    document: str


class ForecastPublic(BaseModel):
    """What a draft would have cost over past acts or a synthetic city."""

    state: str = Field(description="waiting, running, done or failed.")
    progress_percent: int
    basis: str = Field(description="past_acts, or population while there are too few.")
    acts: int
    result: dict[str, Any] | None
    error: str | None


@router.get("/rules", dependencies=[public()], summary="List the published editions")
def get_editions(session: ReadSession) -> list[EditionPublic]:
    """Return published editions, newest first."""
    return [_public(e) for e in queries.newest_first(session) if e.state == "published"]


@router.get("/rules/current", dependencies=[public()], summary="Read the rules in force now")
def get_current(session: ReadSession, clock: Now) -> EditionDocument:
    """Return the edition in force, document included, so that anybody can check its hash."""
    edition = queries.in_force_at(session, clock.now())
    if edition is None:
        raise NotFoundError("edition", "in force")
    return EditionDocument.model_validate(edition, from_attributes=True)


@router.post("/rules", status_code=status.HTTP_201_CREATED, summary="Draft the next edition")
def post_draft(
    body: EditionCreate,
    session: WriteSession,
    clock: Now,
    actor: Annotated[Actor, requires(Permission.DRAFT_RULES)],
) -> EditionPublic:
    """Validate and store a draft; nothing changes until a second person approves it."""
    return _public(
        service.draft(
            session,
            source_text=body.source_text,
            author_account_id=actor.account_id,
            at=clock.now(),
        )
    )


@router.get("/rules/{number}/forecast", summary="See what a draft would cost")
def get_forecast(
    number: int,
    session: ReadSession,
    _actor: Annotated[Actor, requires(Permission.READ_RULES)],
) -> ForecastPublic:
    """Return the forecast of a draft, or how far it is."""
    forecast = queries.forecast_of(session, number)
    if forecast is None:
        raise NotFoundError("forecast", str(number))
    return ForecastPublic.model_validate(forecast, from_attributes=True)


@router.delete(
    "/rules/{number}", status_code=status.HTTP_204_NO_CONTENT, summary="Throw a draft away"
)
def delete_draft(
    number: int,
    session: WriteSession,
    actor: Annotated[Actor, requires(Permission.DRAFT_RULES)],
) -> None:
    """Discard a draft; an approved edition cannot be discarded."""
    del actor
    service.discard(session, number)


@router.post("/rules/{number}/approve", summary="Approve somebody else's draft")
def post_approve(
    number: int,
    session: WriteSession,
    actor: Annotated[Actor, requires(Permission.APPROVE_RULES)],
) -> EditionPublic:
    """Approve a draft; it is published on chain and takes effect after the notice."""
    return _public(service.approve(session, number, approver_account_id=actor.account_id))


@router.post("/rules/{number}/cancel", summary="Withdraw an edition before it takes effect")
def post_cancel(
    number: int,
    session: WriteSession,
    clock: Now,
    _actor: Annotated[Actor, requires(Permission.APPROVE_RULES)],
) -> EditionPublic:
    """Take a published edition back; the guardian withdraws it on chain within seconds."""
    return _public(service.request_cancel(session, number, now=clock.now()))


def _public(edition: Edition) -> EditionPublic:
    return EditionPublic.model_validate(edition, from_attributes=True)
