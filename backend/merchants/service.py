"""Writes of merchants."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col

from backend.merchants.models import Merchant
from backend.merchants.rules import MerchantState


def register(
    session: Session,
    *,
    name: str,
    commune_code: str,
    owner_account_id: str,
    daily_cap_units: int,
    at: datetime,
) -> Merchant:
    """Add a merchant; a job registers it on chain under a random pseudonym."""
    merchant = Merchant(
        name=name,
        commune_code=commune_code,
        owner_account_id=owner_account_id,
        pseudonym=secrets.randbits(62) + 1,
        daily_cap_units=daily_cap_units,
        created_at=at,
    )
    session.add(merchant)
    session.flush()
    return merchant


def move(
    session: Session,
    merchant_ids: Sequence[str],
    *,
    source: MerchantState,
    target: MerchantState,
    batch_id: str | None,
) -> bool:
    """Move merchants along their registration; False when one of them stood elsewhere."""
    done = session.execute(
        update(Merchant)
        .where(col(Merchant.id).in_(merchant_ids), col(Merchant.state) == source)
        .values(state=target, batch_id=batch_id)
        .returning(col(Merchant.id))
    )
    return len(done.all()) == len(merchant_ids)
