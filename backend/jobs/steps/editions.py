"""Publication of approved rulebook editions, and the incarnation of this database."""

from datetime import UTC, datetime
from functools import partial

from sqlmodel import Session

from backend.actions import queries as action_queries
from backend.batches import queries as batch_queries
from backend.batches.models import Batch
from backend.batches.rules import BatchKind
from backend.jobs.context import GUARDIAN_KEY, Context
from backend.jobs.each import each
from backend.jobs.reserve import reserve
from backend.rulebook import queries, service
from backend.rulebook.edition_errors import EditionUnknownError
from backend.rulebook.models import Edition


def reserve_publications(context: Context) -> bool:
    """Publish approved editions; each takes effect after the notice of the contract."""
    with context.database.reading() as session:
        approved = queries.in_state(session, "approved")
    return each(approved, partial(_publish, context))


def _publish(context: Context, edition: Edition) -> bool:
    effective_from_s = (
        context.node.head().timestamp_s
        + context.contracts.deployment.notice_s
        + int(context.publication_margin.total_seconds())
    )
    batch = reserve(
        context,
        kind=BatchKind.PUBLISH_EDITION,
        key_label="rules",
        contract="RuleBook",
        calldata=context.contracts.publish(edition.number, edition.document_hash, effective_from_s),
        attach=partial(_attach_edition, edition, effective_from_s),
    )
    return batch is not None


def reserve_cancellations(context: Context) -> bool:
    """Have the guardian withdraw editions that staff took back before they took effect."""
    with context.database.reading() as session:
        waiting = [e for e in queries.in_state(session, "cancelling") if e.batch_id is None]
    return each(waiting, partial(_cancel, context))


def _cancel(context: Context, edition: Edition) -> bool:
    batch = reserve(
        context,
        kind=BatchKind.CANCEL_EDITION,
        key_label=GUARDIAN_KEY,
        contract="RuleBook",
        calldata=context.contracts.cancel_edition(edition.number),
        attach=lambda session, batch: service.attach_cancel(
            session, edition.number, batch_id=batch.id
        ),
    )
    return batch is not None


def reserve_incarnation(context: Context) -> bool:
    """Ask the chain for an incarnation when this database has none."""
    with context.database.reading() as session:
        has_one = action_queries.current_incarnation(session) is not None
        is_asked = batch_queries.count_open(
            session, context.genesis_hash, BatchKind.OPEN_INCARNATION
        )
    if has_one or is_asked:
        return False
    reserve(
        context,
        kind=BatchKind.OPEN_INCARNATION,
        key_label="registrar",
        contract="EcoToken",
        calldata=context.contracts.open_incarnation(),
        attach=lambda _session, _batch: True,
    )
    return True


def effective_from(context: Context, number: int) -> datetime:
    """Return the first instant that an edition governs, as the RuleBook has it."""
    answer = context.node.call(
        to_address=context.contracts.address("RuleBook"),
        calldata=context.contracts.edition_of(number),
    )
    return datetime.fromtimestamp(context.contracts.effective_from_s(answer), UTC)


def require_known(context: Context, number: int) -> None:
    """Make sure that the edition kept here is the document that the chain published.

    Raises:
        EditionUnknownError: They differ; nothing may be issued under that number.
        CallRevertedError: The chain has no such edition.
    """
    answer = context.node.call(
        to_address=context.contracts.address("RuleBook"),
        calldata=context.contracts.edition_of(number),
    )
    on_chain = context.contracts.document_hash(answer)
    with context.database.reading() as session:
        edition = queries.get(session, number)
    if edition is None or edition.document_hash != on_chain:
        raise EditionUnknownError(number, on_chain)


def _attach_edition(
    edition: Edition, effective_from_s: int, session: Session, batch: Batch
) -> bool:
    return service.mark_publishing(
        session,
        edition.number,
        batch_id=batch.id,
        effective_from=datetime.fromtimestamp(effective_from_s, UTC),
    )
