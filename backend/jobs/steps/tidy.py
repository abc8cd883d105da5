"""Tidying: what is over and only personal data is deleted."""

from backend.accounts import sessions
from backend.cards import service as cards
from backend.jobs.context import Context
from backend.partners import service as partners
from backend.promises import service as promises
from backend.review import rules
from backend.review import service as review
from backend.workflows import expire_unclaimed, freeze_account


def forget_phones(context: Context) -> bool:
    """Forget which accounts a browser opened, once doubt does not look so far back."""
    before = context.clock.now() - rules.HISTORY
    with context.database.transaction() as session:
        return review.forget_phones(session, before=before) > 0


def lift_overdue_freezes(context: Context) -> bool:
    """Give accounts back whose appeal nobody decided in time."""
    with context.database.transaction() as session:
        return freeze_account.lift_overdue(session, now=context.clock.now()) > 0


def purge_accounts(context: Context) -> bool:
    """Delete sessions, one-time codes, codes of phones and unused passes that are over."""
    with context.database.transaction() as session:
        now = context.clock.now()
        gone = sessions.purge(session, now) + cards.purge(session, now)
        return gone + promises.purge(session, now) > 0


def expire_unclaimed_points(context: Context) -> bool:
    """Take back points for which nobody opened an account within a week."""
    with context.database.transaction() as session:
        return expire_unclaimed.expire(session, now=context.clock.now()) > 0


def forget_partner_trips(context: Context) -> bool:
    """Delete pseudonyms of trips that no partner compares any more."""
    with context.database.transaction() as session:
        return partners.forget(session, now=context.clock.now()) > 0
