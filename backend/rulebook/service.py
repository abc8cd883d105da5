"""Writes of rulebook editions: draft, approval by a second person, publication."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from backend.kernel.errors import NotFoundError
from backend.rulebook import engine, queries
from backend.rulebook.edition_errors import (
    EditionNotDraftError,
    EditionPendingError,
    SecondPersonNeededError,
)
from backend.rulebook.models import Edition


def draft(session: Session, *, source_text: str, author_account_id: str, at: datetime) -> Edition:
    """Validate a YAML document and store it as the next edition's draft.

    Raises:
        RulebookInvalidError: The document is not a valid rulebook; nothing is stored.
        EditionPendingError: Another edition is being written or published.
    """
    rulebook = engine.load(source_text)
    pending = [
        e for e in queries.newest_first(session) if e.state not in ("published", "cancelled")
    ]
    if pending:
        raise EditionPendingError(pending[0].number)
    highest = session.exec(select(func.max(Edition.number))).one()
    edition = Edition(
        number=(highest or 0) + 1,
        document=engine.canonical_document(rulebook).decode(),
        source_text=source_text,
        document_hash=engine.document_hash(rulebook),
        author_account_id=author_account_id,
        created_at=at,
    )
    session.add(edition)
    session.flush()
    return edition


def discard(session: Session, number: int) -> None:
    """Throw a draft away; its number is given out again.

    Raises:
        NotFoundError: No such edition.
        EditionNotDraftError: It is past drafting.
    """
    edition = _draft(session, number)
    session.delete(edition)
    session.flush()


def approve(session: Session, number: int, *, approver_account_id: str) -> Edition:
    """Let a second person approve a draft; a job publishes it on chain.

    Raises:
        NotFoundError: No such edition.
        EditionNotDraftError: It is past drafting.
        SecondPersonNeededError: The author cannot approve.
    """
    edition = _draft(session, number)
    if edition.author_account_id == approver_account_id:
        raise SecondPersonNeededError(number)
    edition.state = "approved"
    edition.approver_account_id = approver_account_id
    session.add(edition)
    session.flush()
    return edition


def mark_publishing(
    session: Session, number: int, *, batch_id: str, effective_from: datetime
) -> bool:
    """Tie an approved edition to its transaction; False when another runner did."""
    done = session.execute(
        update(Edition)
        .where(col(Edition.number) == number, col(Edition.state) == "approved")
        .values(state="publishing", batch_id=batch_id, effective_from=effective_from)
        .returning(col(Edition.number))
    )
    return done.scalar_one_or_none() is not None


def return_to_approved(session: Session, batch_id: str) -> None:
    """Free an edition whose transaction did not make it."""
    session.execute(
        update(Edition)
        .where(col(Edition.batch_id) == batch_id, col(Edition.state) == "publishing")
        .values(state="approved", batch_id=None, effective_from=None)
    )


def mark_published(session: Session, batch_id: str, *, at: datetime) -> Sequence[Edition]:
    """Record that the chain confirmed an edition; return those that were not yet."""
    done = session.execute(
        update(Edition)
        .where(col(Edition.batch_id) == batch_id, col(Edition.state) == "publishing")
        .values(state="published", published_at=at)
        .returning(Edition)
    )
    return done.scalars().all()


def record_first(
    session: Session,
    *,
    source_text: str,
    author_account_id: str,
    effective_from: datetime,
    at: datetime,
) -> Edition:
    """Store edition 1, which the deployment itself published."""
    edition = draft(session, source_text=source_text, author_account_id=author_account_id, at=at)
    edition.state = "published"
    edition.effective_from = effective_from
    edition.published_at = at
    session.add(edition)
    session.flush()
    return edition


def _draft(session: Session, number: int) -> Edition:
    edition = queries.get(session, number)
    if edition is None:
        raise NotFoundError("edition", str(number))
    if edition.state != "draft":
        raise EditionNotDraftError(number, edition.state)
    return edition
