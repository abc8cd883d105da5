"""Takings turned into euro."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, status
from pydantic import BaseModel

from backend.accounts.rules import Actor, Permission
from backend.http.deps import ConfigDep, Now, ReadSession, WriteSession, requires
from backend.settlement import queries, service
from backend.settlement.models import CashOut
from backend.workflows import at_the_till

router = APIRouter(tags=["market"])


class CashOutPublic(BaseModel):
    """Takings on their way to the bank."""

    id: str
    units: int
    euro_cents: int
    state: str
    payout_ref: str
    requested_at: datetime
    confirmed_at: datetime | None


@router.post(
    "/merchants/{merchant_id}/cash-outs",
    status_code=status.HTTP_201_CREATED,
    summary="Turn takings into euro",
)
def post_cash_out(
    merchant_id: str,
    session: WriteSession,
    clock: Now,
    config: ConfigDep,
    actor: Annotated[Actor, requires(Permission.RUN_SHOP)],
) -> CashOutPublic:
    """Cash out everything that makes whole cents; the rest stays in the takings."""
    merchant = at_the_till.own_shop(session, actor, merchant_id)
    cash_out = service.request_cash_out(
        session,
        merchant_id=merchant.id,
        rate_micro_cents_per_unit=config.rate_micro_cents_per_unit,
        at=clock.now(),
    )
    return _cash_out(cash_out)


@router.get("/merchants/{merchant_id}/cash-outs", summary="See past cash-outs")
def get_cash_outs(
    merchant_id: str,
    session: ReadSession,
    actor: Annotated[Actor, requires(Permission.RUN_SHOP)],
) -> list[CashOutPublic]:
    """Return a shop's cash-outs, newest first."""
    merchant = at_the_till.own_shop(session, actor, merchant_id)
    return [_cash_out(row) for row in queries.cash_outs_of(session, merchant.id)]


def _cash_out(cash_out: CashOut) -> CashOutPublic:
    return CashOutPublic.model_validate(cash_out, from_attributes=True)
