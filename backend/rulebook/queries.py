"""Reads of rulebook editions."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from sqlmodel import Session, col, select

from backend.rulebook import engine
from backend.rulebook.models import Edition, Forecast


def get(session: Session, number: int) -> Edition | None:
    """Return one edition."""
    return session.get(Edition, number)


def newest_first(session: Session) -> Sequence[Edition]:
    """Return all editions, newest first."""
    return session.exec(select(Edition).order_by(col(Edition.number).desc())).all()


def in_state(session: Session, state: str) -> Sequence[Edition]:
    """Return editions in a state, oldest first."""
    statement = select(Edition).where(col(Edition.state) == state)
    return session.exec(statement.order_by(col(Edition.number))).all()


def in_force_at(session: Session, instant: datetime) -> Edition | None:
    """Return the published edition that governs an instant, `None` before the first."""
    statement = (
        select(Edition)
        .where(col(Edition.state) == "published", col(Edition.effective_from) <= instant)
        .order_by(col(Edition.number).desc())
        .limit(1)
    )
    return session.exec(statement).one_or_none()


def of_hash(session: Session, document_hash: str) -> Edition | None:
    """Return the newest edition with this document."""
    statement = select(Edition).where(col(Edition.document_hash) == document_hash)
    return session.exec(statement.order_by(col(Edition.number).desc()).limit(1)).one_or_none()


def forecast_of(session: Session, number: int) -> Forecast | None:
    """Return the forecast of a draft."""
    return session.get(Forecast, number)


def rulebook_of(edition: Edition) -> engine.Rulebook:
    """Return the parsed rules of an edition; parsed once per process, since it never changes."""
    return _parsed(edition.document_hash, edition.document)


@lru_cache(maxsize=16)
def _parsed(_document_hash: str, document: str) -> engine.Rulebook:
    return engine.load(document)
