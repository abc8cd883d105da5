"""Shops of an account and what they have taken in."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel

from backend.accounts.rules import Actor, Permission
from backend.http.deps import ReadSession, requires
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.merchants import queries

router = APIRouter(tags=["market"])


class MerchantPublic(BaseModel):
    """A shop with what it has taken in."""

    id: str
    name: str
    state: str
    takings_units: int
    settling_units: int


@router.get("/merchants/mine", summary="See one's own shops and their takings")
def get_own_merchants(
    session: ReadSession, actor: Annotated[Actor, requires(Permission.RUN_SHOP)]
) -> list[MerchantPublic]:
    """Return the shops whose till this account runs."""
    return [
        MerchantPublic(
            id=merchant.id,
            name=merchant.name,
            state=merchant.state,
            takings_units=ledger_queries.balance(session, names.takings(merchant.id)),
            settling_units=ledger_queries.balance(session, names.settling(merchant.id)),
        )
        for merchant in queries.merchants_of(session, actor.account_id)
    ]
