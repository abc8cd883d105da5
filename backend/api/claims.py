"""Claims: the one hot path, and what became of them."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response, status
from pydantic import BaseModel, Field

from backend.accounts.rules import Actor, Permission
from backend.actions import queries
from backend.actions.models import Claim
from backend.api.intake import Intake
from backend.http.deps import ReadSession, requires
from backend.kernel.errors import EcoError, NotFoundError
from backend.rewards import queries as reward_queries
from backend.rulebook import engine
from backend.territory.geo import Position
from backend.workflows import notices
from backend.workflows.admit_claims import ClaimRequest, Whereabouts

router = APIRouter(tags=["claims"])


class PositionCreate(BaseModel):
    """Where the phone is, once, for a sticker; only the distance to it is kept."""

    latitude_e6: int = Field(ge=-90_000_000, le=90_000_000, description="Micro-degrees (WGS 84).")
    longitude_e6: int = Field(
        ge=-180_000_000, le=180_000_000, description="Micro-degrees (WGS 84)."
    )
    accuracy_m: int = Field(ge=0, le=1_000_000, description="Radius that holds it with 68 %.")

    def whereabouts(self) -> Whereabouts:
        """Return it in the words of the workflow."""
        return Whereabouts(Position(self.latitude_e6, self.longitude_e6), self.accuracy_m)


class ClaimCreate(BaseModel):
    """What a phone sends after a scan."""

    code: str = Field(
        min_length=8, max_length=700, description="The URL of the QR, the bare or the short code."
    )
    position: PositionCreate | None = Field(
        default=None, description="Needed for a sticker (problem `position_needed`)."
    )


class TranchePublic(BaseModel):
    """One part of a reward."""

    units: int
    state: str = Field(description="held, ready, batched, confirmed, cancelled or forfeited.")
    release_at: datetime


class ClaimPublic(BaseModel):
    """A claim as its owner sees it."""

    id: str
    state: str = Field(description="pending, accepted, refused or review.")
    kind: str
    occurred_at: datetime
    received_at: datetime
    refusal_code: str | None = None
    reasons: list[dict[str, Any]] = Field(default=[], description="Codes and facts.")
    units: int | None = Field(default=None, description="What it earned, once decided.")
    edition: int | None = Field(default=None, description="Rulebook edition that was applied.")
    explanation: list[str] = Field(default=[], description="Why this amount, in words.")
    tranches: list[TranchePublic] = []
    changes: list[str] = Field(
        default=[], description="What became of the reward since, in words; `units` counts it in."
    )


@router.post(
    "/claims",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Claim a reward with the code that a terminal, a bin or an operator signed",
)
async def post_claim(
    request: Request,
    response: Response,
    body: ClaimCreate,
    idempotency_key: Annotated[str, Header(min_length=8, max_length=64)],
    actor: Annotated[Actor, requires(Permission.CLAIM)],
) -> ClaimPublic:
    """Store the claim durably and answer; the verdict follows within milliseconds."""
    intake: Intake = request.app.state.intake
    whereabouts = body.position.whereabouts() if body.position is not None else None
    answer = await intake.submit(
        ClaimRequest(actor.account_id, idempotency_key, body.code, whereabouts)
    )
    if isinstance(answer, EcoError):
        raise answer
    response.headers["Location"] = f"/api/v1/claims/{answer.public_id}"
    return _public(answer)


@router.get("/claims/{claim_id}", summary="See what became of a claim of one's own")
def get_claim(
    claim_id: str,
    session: ReadSession,
    actor: Annotated[Actor, requires(Permission.READ_OWN)],
) -> ClaimPublic:
    """Return state, reasons, amount, explanation and tranches."""
    claim = queries.by_public_id(session, claim_id)
    if claim is None or claim.account_id != actor.account_id:
        raise NotFoundError("claim", claim_id)
    public = _public(claim)
    verdict = queries.verdict_of(session, claim.id or 0)
    receipt = reward_queries.receipt_of(session, claim.id or 0)
    if verdict is not None:
        public.reasons = verdict.reasons
        public.units = 0
    if receipt is not None:
        changes = reward_queries.adjustments_of(session, [receipt.claim_id])
        rows = changes.get(receipt.claim_id, [])
        public.units = receipt.units + notices.net_units(rows)
        public.changes = [notices.adjustment(row, actor.language) for row in rows]
        public.edition = receipt.edition_number
        lines = [engine.Line(line["code"], line["facts"]) for line in receipt.lines]
        public.explanation = list(engine.explain(lines, actor.language))
        public.tranches = [
            TranchePublic(units=r.units, state=r.state, release_at=r.release_at)
            for r in reward_queries.of_claim(session, receipt.claim_id)
        ]
    return public


def _public(claim: Claim) -> ClaimPublic:
    return ClaimPublic(
        id=claim.public_id,
        state=claim.state,
        kind=claim.kind,
        occurred_at=claim.occurred_at,
        received_at=claim.received_at,
        refusal_code=claim.refusal_code,
    )
