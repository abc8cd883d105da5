"""Mark a database that was just loaded from a backup."""

from datetime import datetime

from sqlmodel import Session

from backend.actions import queries as action_queries
from backend.actions import service as actions
from backend.books import service as books
from backend.db import event_log


def mark_if_copied(session: Session, *, home: str, now: datetime) -> bool:
    """Treat a copied database as a restored one.

    The original may go on beside it, so this copy must neither hand out the same
    counters nor trust what it remembers of nonces.

    Args:
        home: Fingerprint of the database at hand.
    Returns:
        True when it was a copy.
    """
    if all(known == home for known in action_queries.incarnation_homes(session)):
        return False
    last = event_log.latest_at(session) or now
    mark(session, backup_taken_at=last, now=now)
    return True


def mark(session: Session, *, backup_taken_at: datetime, now: datetime) -> None:
    """Make a restored database safe to start.

    Counters that were handed out after the backup are unknown here, so every incarnation
    is retired: the chain hands out a new one before a claim is taken again.

    Effects: restoration row; incarnations retired; one staff event.
    """
    books.begin_restoration(session, backup_taken_at=backup_taken_at, at=now)
    actions.retire_incarnations(session, at=now)
    event_log.append(
        session,
        kind="database_restored",
        subject=backup_taken_at.isoformat(),
        audience=event_log.STAFF,
        at=now,
    )
