"""One's own balance and history."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from backend.accounts.rules import Actor, Permission
from backend.actions import queries as action_queries
from backend.api.claims import ClaimPublic
from backend.http.deps import ReadSession, requires
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.rewards import queries as reward_queries

router = APIRouter(tags=["me"])


class BalancePublic(BaseModel):
    """What a citizen holds. Unit: token units, 100 are one point."""

    confirmed_units: int = Field(description="Can be spent.")
    pending_units: int = Field(description="Granted, on the way to confirmation.")
    held_units: int = Field(description="Part of pending that waits for a holding time.")
    in_flight_units: int = Field(description="Set aside for payments under way.")


@router.get("/me/balance", summary="See one's own balance")
def get_balance(
    session: ReadSession, actor: Annotated[Actor, requires(Permission.READ_OWN)]
) -> BalancePublic:
    """Return confirmed, pending, held and in-flight units."""
    me = actor.account_id
    found = ledger_queries.balances(
        session, [names.confirmed(me), names.pending(me), names.in_flight(me)]
    )
    return BalancePublic(
        confirmed_units=found[names.confirmed(me)],
        pending_units=found[names.pending(me)],
        held_units=reward_queries.held_units(session, me),
        in_flight_units=found[names.in_flight(me)],
    )


@router.get("/me/claims", summary="See one's own claims, newest first")
def get_claims(
    session: ReadSession, actor: Annotated[Actor, requires(Permission.READ_OWN)]
) -> list[ClaimPublic]:
    """Return the last hundred claims."""
    return [
        ClaimPublic.model_validate({**claim.model_dump(exclude={"id"}), "id": claim.public_id})
        for claim in action_queries.of_account(session, actor.account_id)
    ]
