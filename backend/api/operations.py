"""What staff do when the pipeline needs a person: orphans of the chain, quarantined rewards."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from backend.accounts.rules import Actor, Permission
from backend.batches import queries as batch_queries
from backend.books import queries as book_queries
from backend.books import service as books
from backend.http.deps import ConfigDep, Now, ReadSession, WriteSession, requires
from backend.kernel.errors import NotFoundError
from backend.rewards import queries as reward_queries
from backend.rewards import service as rewards
from backend.workflows import adopt_orphan

router = APIRouter(prefix="/operations", tags=["operations"])


class OrphanPublic(BaseModel):
    """A transaction that made or moved points and that no row of ours explains."""

    tx_hash: str
    kind: str = Field(description="mint, spend, refund or cash_out.")
    block_number: int
    units: int
    items: list[dict[str, Any]] = Field(
        description="What each credit, payment, refund or burn was."
    )
    found_at: datetime
    proposed_by: str | None = Field(description="First person who vouched for it.")


class PipelinePublic(BaseModel):
    """How the pipeline does."""

    batches: dict[str, int] = Field(description="State → transactions.")
    orphans: list[OrphanPublic]
    quarantined: list[int] = Field(description="Ids of rewards that were set aside.")
    is_recovering: bool = Field(description="True from a restore until the chain is scanned.")


class Done(BaseModel):
    """How many things a call changed."""

    count: int


@router.get("/pipeline", summary="See how the pipeline does")
def get_pipeline(
    session: ReadSession, _actor: Annotated[Actor, requires(Permission.READ_OPERATIONS)]
) -> PipelinePublic:
    """Return transactions by state, orphans of the chain and quarantined rewards."""
    return PipelinePublic(
        batches=batch_queries.count_by_state(session),
        orphans=[
            OrphanPublic.model_validate(orphan, from_attributes=True)
            for orphan in book_queries.open_orphans(session)
        ],
        quarantined=list(reward_queries.quarantined(session)),
        is_recovering=book_queries.open_restoration(session) is not None,
    )


@router.post("/orphans/{tx_hash}/propose", summary="Vouch for an orphan as the first person")
def post_proposal(
    tx_hash: str,
    session: WriteSession,
    actor: Annotated[Actor, requires(Permission.RUN_OPERATIONS)],
) -> Done:
    """Record who vouches first; nothing is booked yet."""
    books.propose_adoption(session, tx_hash, by=actor.account_id)
    return Done(count=1)


@router.post("/orphans/{tx_hash}/adopt", summary="Vouch as the second person and book the orphan")
def post_adoption(
    tx_hash: str,
    session: WriteSession,
    clock: Now,
    config: ConfigDep,
    actor: Annotated[Actor, requires(Permission.RUN_OPERATIONS)],
) -> Done:
    """Take it into the books; after a mint, issuance goes on once the admin lifts the pause."""
    count = adopt_orphan.adopt(
        session,
        tx_hash=tx_hash,
        by=actor.account_id,
        rate_micro_cents_per_unit=config.rate_micro_cents_per_unit,
        now=clock.now(),
    )
    return Done(count=count)


@router.post("/rewards/{reward_id}/release", summary="Put a quarantined reward back in the queue")
def post_release(
    reward_id: int,
    session: WriteSession,
    _actor: Annotated[Actor, requires(Permission.RUN_OPERATIONS)],
) -> Done:
    """Release a reward whose cause is gone; it is minted under the same id."""
    if not rewards.release_from_quarantine(session, reward_id):
        raise NotFoundError("quarantined_reward", str(reward_id))
    return Done(count=1)
