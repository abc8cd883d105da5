"""Tidying: what is over and only personal data is deleted."""

from backend.accounts import service as accounts
from backend.jobs.context import Context
from backend.partners import service as partners


def purge_accounts(context: Context) -> bool:
    """Delete sessions and one-time codes that are over."""
    with context.database.transaction() as session:
        return accounts.purge(session, context.clock.now()) > 0


def forget_partner_trips(context: Context) -> bool:
    """Delete pseudonyms of trips that no partner compares any more."""
    with context.database.transaction() as session:
        return partners.forget(session, now=context.clock.now()) > 0
