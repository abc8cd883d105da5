"""Writes of rulebook editions: draft, approval by a second person, publication."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, update
from sqlmodel import Session, col, select

from backend.db.upsert import insert_or_skip
from backend.kernel.errors import NotFoundError
from backend.rulebook import engine, queries
from backend.rulebook.edition_errors import (
    EditionInForceError,
    EditionNotDraftError,
    EditionPendingError,
    ForecastMissingError,
    SecondPersonNeededError,
)
from backend.rulebook.errors import RulebookInvalidError
from backend.rulebook.models import Edition, Forecast
from backend.rulebook.validate_problem import Problem


def draft(session: Session, *, source_text: str, author_account_id: str, at: datetime) -> Edition:
    """Validate a YAML document and store it as the next edition's draft.

    Raises:
        RulebookInvalidError: The document is no valid rulebook, may not be published, or does not
            follow the newest edition; nothing is stored.
        EditionPendingError: Another edition is being written or published.
    """
    rulebook = engine.load(source_text)
    # One look for both questions: between two, another draft could be stored.
    standing = queries.newest_first(session)
    pending = [e for e in standing if e.state not in ("published", "cancelled")]
    if pending:
        raise EditionPendingError(pending[0].number)
    number = standing[0].number + 1 if standing else 1
    _require_publishable(rulebook, number, standing)
    edition = Edition(
        number=number,
        document=engine.canonical_document(rulebook).decode(),
        source_text=source_text,
        document_hash=engine.document_hash(rulebook),
        author_account_id=author_account_id,
        created_at=at,
    )
    # Of two drafts at once one takes the number; the other is told so.
    if insert_or_skip(session, edition) is None:
        raise EditionPendingError(number)
    session.add(Forecast(edition_number=number))
    session.flush()
    return session.get_one(Edition, number)


def _require_publishable(
    rulebook: engine.Rulebook, number: int, standing: Sequence[Edition]
) -> None:
    """Refuse what could be approved and never published, or would break what came before."""
    said = rulebook.edition.edition
    wrong = rulebook.publication_problems()
    if said.number != number:
        path = ("edition", "number")
        wrong.append(Problem(path, f"the next edition is number {number}", str(number)))
    if standing:
        newest = queries.rulebook_of(standing[0]).edition.edition
        if said.series != newest.series:
            problem = f"must be {newest.series!r}, or everybody would start with new counters"
            wrong.append(Problem(("edition", "series"), problem, newest.series))
        if said.id == newest.id:
            problem = "is the name of the edition before; receipts would not tell them apart"
            wrong.append(Problem(("edition", "id"), problem, f"{newest.series}-{number}"))
    if wrong:
        raise RulebookInvalidError(
            [
                {
                    "path": ".".join(map(str, item.path)),
                    "problem": item.problem,
                    "example": item.example or "see docs/rulebook.md",
                }
                for item in wrong
            ]
        )


def discard(session: Session, number: int) -> None:
    """Throw a draft away; its number is given out again.

    Raises:
        NotFoundError: No such edition.
        EditionNotDraftError: It is past drafting.
    """
    edition = _draft(session, number)
    session.execute(delete(Forecast).where(col(Forecast.edition_number) == number))
    session.delete(edition)
    session.flush()


def approve(session: Session, number: int, *, approver_account_id: str) -> Edition:
    """Let a second person approve a draft; a job publishes it on chain.

    Raises:
        NotFoundError: No such edition.
        EditionNotDraftError: It is past drafting.
        SecondPersonNeededError: The author cannot approve.
        ForecastMissingError: Nobody has seen yet what it would cost.
    """
    edition = _draft(session, number)
    forecast = queries.forecast_of(session, number)
    if forecast is None or forecast.state != "done":
        raise ForecastMissingError(number, forecast.state if forecast else "missing")
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


def request_cancel(session: Session, number: int, *, now: datetime) -> Edition:
    """Ask the guardian to withdraw a published edition that is not in force yet.

    Raises:
        NotFoundError: No such edition.
        EditionInForceError: It is not published, or governs already: publish a new one.
    """
    done = session.execute(
        update(Edition)
        .where(
            col(Edition.number) == number,
            col(Edition.state) == "published",
            col(Edition.effective_from) > now,
        )
        .values(state="cancelling", batch_id=None)
        .returning(col(Edition.number))
    )
    is_done = done.scalar_one_or_none() is not None
    session.expire_all()
    edition = queries.get(session, number)
    if edition is None:
        raise NotFoundError("edition", str(number))
    if not is_done:
        raise EditionInForceError(number, edition.state)
    return edition


def attach_cancel(session: Session, number: int, *, batch_id: str) -> bool:
    """Tie a withdrawal to its transaction; False when another runner did."""
    done = session.execute(
        update(Edition)
        .where(
            col(Edition.number) == number,
            col(Edition.state) == "cancelling",
            col(Edition.batch_id).is_(None),
        )
        .values(batch_id=batch_id)
        .returning(col(Edition.number))
    )
    return done.scalar_one_or_none() is not None


def mark_cancelled(session: Session, batch_id: str) -> Sequence[Edition]:
    """Record that the chain withdrew an edition; its number is used up."""
    done = session.execute(
        update(Edition)
        .where(col(Edition.batch_id) == batch_id, col(Edition.state) == "cancelling")
        .values(state="cancelled")
        .returning(Edition)
    )
    return done.scalars().all()


def give_up_cancel(session: Session, batch_id: str) -> None:
    """Let an edition stand whose withdrawal the contract refused: it came into force first."""
    session.execute(
        update(Edition)
        .where(col(Edition.batch_id) == batch_id, col(Edition.state) == "cancelling")
        .values(state="published")
    )


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
    session.execute(delete(Forecast).where(col(Forecast.edition_number) == edition.number))
    edition.state = "published"
    edition.effective_from = effective_from
    edition.published_at = at
    session.add(edition)
    session.flush()
    return edition


def take_forecast(session: Session, *, now: datetime, lease_for: timedelta) -> int | None:
    """Take a waiting forecast, or one whose runner died; return the draft's number."""
    free = (
        select(Forecast.edition_number)
        .where(
            col(Forecast.state).in_(("waiting", "running")),
            or_(col(Forecast.leased_until).is_(None), col(Forecast.leased_until) <= now),
        )
        .limit(1)
    )
    taken = session.execute(
        update(Forecast)
        .where(col(Forecast.edition_number).in_(free))
        .values(state="running", progress_percent=0, leased_until=now + lease_for)
        .returning(col(Forecast.edition_number))
    )
    number: int | None = taken.scalar_one_or_none()
    return number


def note_forecast(session: Session, number: int, **changes: object) -> None:
    """Record progress, result or failure of a forecast; nothing when the draft is gone."""
    session.execute(
        update(Forecast).where(col(Forecast.edition_number) == number).values(**changes)
    )


def forecast_again(session: Session, number: int) -> None:
    """Make the forecast of a draft anew, for example once there are more acts.

    Raises:
        NotFoundError: No such edition.
        EditionNotDraftError: It is past drafting.
    """
    _draft(session, number)
    note_forecast(session, number, state="waiting", leased_until=None, result=None, error=None)


def _draft(session: Session, number: int) -> Edition:
    # Locked: whoever approves and whoever discards it at once must not both succeed.
    statement = select(Edition).where(col(Edition.number) == number).with_for_update()
    edition = session.exec(statement.execution_options(populate_existing=True)).one_or_none()
    if edition is None:
        raise NotFoundError("edition", str(number))
    if edition.state != "draft":
        raise EditionNotDraftError(number, edition.state)
    return edition
