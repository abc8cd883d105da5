"""Tidying: what is over and only personal data is deleted."""

from backend.accounts import service as accounts
from backend.jobs.context import Context


def purge_accounts(context: Context) -> bool:
    """Delete sessions and one-time codes that are over."""
    with context.database.transaction() as session:
        return accounts.purge(session, context.clock.now()) > 0
