"""Mass balance: rounds that nothing changes any more, and decisions that nobody took."""

from backend.collections import queries
from backend.collections import rules as mass
from backend.jobs.context import Context
from backend.workflows import weigh


def close_rounds(context: Context) -> bool:
    """Close rounds that have been quiet for long, one transaction each."""
    now = context.clock.now()
    with context.database.reading() as session:
        quiet = queries.quiet_rounds(session, since=now - mass.CLOSED_AFTER)
    for ref in quiet:
        with context.database.transaction() as session:
            weigh.close_round(session, ref, by=weigh.BY_TIME, now=now)
    return bool(quiet)


def settle_overdue(context: Context) -> bool:
    """Trim the second tranches of balances that waited for a person in vain."""
    with context.database.transaction() as session:
        return weigh.settle_overdue(session, now=context.clock.now()) > 0
