"""Writes of merchants."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col

from backend.db import states
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
    which = col(Merchant.id).in_(merchant_ids)
    moved = states.move(session, Merchant, which, source=source, target=target, batch_id=batch_id)
    return len(moved) == len(merchant_ids)
