"""The end of a shop's day: its takings become one cash-out, once per local day."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from backend.ledger import names
from backend.ledger import service as ledger
from backend.merchants import queries as merchant_queries
from backend.settlement import queries as settlement_queries
from backend.settlement import service as settlement
from backend.settlement.errors import NothingToCashOutError
from backend.settlement.service import Closing

ZONE = ZoneInfo("Europe/Paris")
"""Shops close their day at local midnight."""
SHOPS_AT_ONCE = 200
"""Shops closed per transaction: some tenths of a second."""


def last_day(now: datetime) -> Closing:
    """Return the last local day that is over."""
    today = now.astimezone(ZONE).date()
    return Closing(today - timedelta(days=1), datetime.combine(today, time(), ZONE))


def is_done(session: Session, day: date) -> bool:
    """Tell whether every shop has been closed for a day."""
    progress = settlement_queries.day_closing(session, day)
    return progress is not None and progress.completed_at is not None


def close_some(
    session: Session, closing: Closing, *, rate_micro_cents_per_unit: int, at: datetime
) -> bool:
    """Close a day for the next shops; a process that is killed goes on where it stood.

    Returns:
        True when there are more.
    Effects: a cash-out each, of what makes whole cents; the rest stays in the takings.
    """
    progress = settlement_queries.day_closing(session, closing.day)
    if progress is not None and progress.completed_at is not None:
        return False
    cursor = progress.cursor if progress is not None else ""
    shops = merchant_queries.active_after(session, cursor, limit=SHOPS_AT_ONCE)
    # A refund at this very moment waits for us, or we for it.
    ledger.lock(session, [names.takings(shop.id) for shop in shops])
    for shop in shops:
        try:
            settlement.request_cash_out(
                session,
                merchant_id=shop.id,
                rate_micro_cents_per_unit=rate_micro_cents_per_unit,
                at=at,
                closing=closing,
            )
        except NothingToCashOutError:
            continue
    is_last = len(shops) < SHOPS_AT_ONCE
    settlement.note_progress(
        session,
        closing.day,
        cursor=shops[-1].id if shops else cursor,
        completed_at=at if is_last else None,
    )
    return not is_last
