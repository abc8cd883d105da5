"""The exchange with partner schemes: keyed pseudonyms of paid trips, in both directions."""

from typing import Annotated

from fastapi import APIRouter, Query, status
from pydantic import BaseModel, Field

from backend.api.devices import CallerDep
from backend.http.deps import Now, ReadSession, WriteSession, public
from backend.partners import queries, service

router = APIRouter(tags=["partners"])
PAGE = 1_000


class NullifiersCreate(BaseModel):
    """Trips that the partner has paid."""

    nullifiers: list[Annotated[str, Field(pattern="^[0-9a-f]{64}$")]] = Field(max_length=PAGE)


class Stored(BaseModel):
    """What became of them."""

    stored: int = Field(description="How many were new.")


class NullifiersPublic(BaseModel):
    """Trips that we have paid."""

    nullifiers: list[str]
    after: int = Field(description="Ask with this number for what comes later.")


@router.post(
    "/partners/nullifiers",
    status_code=status.HTTP_201_CREATED,
    dependencies=[public()],
    summary="Tell which trips a partner has paid",
)
def post_nullifiers(
    body: NullifiersCreate, caller: CallerDep, session: WriteSession, clock: Now
) -> Stored:
    """Store a partner's pseudonyms; a repeat changes nothing."""
    stored = service.store(
        session, caller.number, body.nullifiers, direction="theirs", at=clock.now()
    )
    return Stored(stored=stored)


@router.get(
    "/partners/nullifiers",
    dependencies=[public()],
    summary="Read which trips are paid here",
)
def get_nullifiers(
    caller: CallerDep,
    session: ReadSession,
    after: Annotated[int, Query(ge=0, lt=2**63, description="Where the last page ended.")] = 0,
) -> NullifiersPublic:
    """Return our pseudonyms for the asking partner alone, under the key shared with it."""
    rows = queries.ours_after(session, caller.number, after, limit=PAGE)
    last = rows[-1].id if rows else after
    return NullifiersPublic(nullifiers=[row.nullifier for row in rows], after=last or after)
