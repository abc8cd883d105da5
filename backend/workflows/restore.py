"""Mark a database that was just loaded from a backup."""

from datetime import datetime

from sqlmodel import Session

from backend.actions import queries as action_queries
from backend.actions import service as actions
from backend.books import service as books
from backend.db import event_log
from backend.payouts import queries as payout_queries
from backend.payouts import service as payouts
from backend.payouts.bank import files
from backend.payouts.rules import FileState


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
    # What was stored last: claims in here took their codes before the copy was made.
    known = (event_log.latest_at(session), action_queries.last_received_at(session))
    mark(session, backup_taken_at=max(filter(None, known), default=now), now=now)
    return True


def mark(session: Session, *, backup_taken_at: datetime, now: datetime) -> None:
    """Make a restored database safe to start.

    Counters that were handed out after the backup are unknown here, so every incarnation
    is retired: the chain hands out a new one before a claim is taken again. What the bank
    was told after it is unknown too, so nothing is paid before a person has asked the bank.
    A file that was released before bears the name by which the bank knows it.

    Effects: restoration row; incarnations retired; drafted files withdrawn, payouts that are
    due HELD; one staff event.
    """
    books.begin_restoration(session, backup_taken_at=backup_taken_at, at=now)
    actions.retire_incarnations(session, at=now)
    for file in payout_queries.files_in(session, FileState.DRAFTED):
        files.withdraw(session, file.id)
    payouts.hold_all(session)
    event_log.append(
        session,
        kind="database_restored",
        subject=backup_taken_at.isoformat(),
        audience=event_log.STAFF,
        at=now,
    )
