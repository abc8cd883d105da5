"""Reservations whose time is over."""

from backend.jobs.context import Context
from backend.jobs.each import each
from backend.offers import queries
from backend.offers.models import OfferHold
from backend.workflows import take_offer


def release_lapsed(context: Context) -> bool:
    """Put what nobody paid in time back into stock."""
    with context.database.reading() as session:
        lapsed = queries.lapsed(session, context.clock.now())

    def release(hold: OfferHold) -> bool:
        with context.database.transaction() as session:
            return take_offer.release(session, hold)

    return each(lapsed, release)
