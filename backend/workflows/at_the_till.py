"""Whose till it is: the shops of an owner or a clerk, and the payments each may look at."""

from collections.abc import Sequence
from datetime import datetime, time

from sqlmodel import Session

from backend.accounts.rules import AccountKind, Actor
from backend.clerks import queries as clerk_queries
from backend.clerks.rules import ClerkState
from backend.kernel.errors import EcoError, ErrorKind, NotFoundError
from backend.market import queries
from backend.market.models import Payment
from backend.merchants import queries as merchant_queries
from backend.merchants.models import Merchant
from backend.workflows.close_day import ZONE


class NoShopError(EcoError):
    """The account may run a till, but no shop belongs to it."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.NOT_FOUND, "no_shop", "No shop belongs to this account; ask the metropolis."
        )


def shops(session: Session, actor: Actor) -> Sequence[Merchant]:
    """Return the shops whose till an actor runs: all of an owner, the one of a clerk.

    Raises:
        NoShopError: There is none, or the owner took the clerk's rights back.
    """
    found: Sequence[Merchant]
    if actor.kind == AccountKind.CLERK:
        clerk = clerk_queries.of_account(session, actor.account_id)
        is_active = clerk is not None and clerk.state == ClerkState.ACTIVE
        shop = (
            merchant_queries.merchant(session, clerk.merchant_id) if clerk and is_active else None
        )
        found = [shop] if shop is not None else []
    else:
        found = merchant_queries.merchants_of(session, actor.account_id)
    if not found:
        raise NoShopError
    return found


def own(found: Sequence[Merchant], merchant_id: str) -> Merchant:
    """Return one of somebody's shops.

    Raises:
        NotFoundError: Unknown, or somebody else's.
    """
    for shop in found:
        if shop.id == merchant_id:
            return shop
    raise NotFoundError("merchant", merchant_id)


def own_shop(session: Session, actor: Actor, merchant_id: str) -> Merchant:
    """Return a shop whose till the actor runs.

    Raises:
        NoShopError, NotFoundError: See `shops` and `own`.
    """
    return own(shops(session, actor), merchant_id)


def own_payment(
    session: Session, actor: Actor, payment_id: str, *, now: datetime
) -> tuple[Payment, Merchant]:
    """Return a payment of a till that the actor runs; a clerk sees those of today.

    Raises:
        NotFoundError: Unknown, somebody else's, or of another day than a clerk may see.
    """
    payment = queries.payment(session, payment_id)
    if payment is None:
        raise NotFoundError("payment", payment_id)
    if actor.kind == AccountKind.CLERK and payment.requested_at < midnight(now):
        raise NotFoundError("payment", payment_id)
    return payment, own_shop(session, actor, payment.merchant_id)


def midnight(now: datetime) -> datetime:
    """Return when the local day of an instant began."""
    return datetime.combine(now.astimezone(ZONE).date(), time(), ZONE)
