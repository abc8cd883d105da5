"""What the end of a transaction means for a move of a citizen's points."""

from datetime import datetime

from sqlmodel import Session

from backend.batches.models import Batch
from backend.batches.rules import BatchKind
from backend.custody import queries
from backend.custody import service as custody
from backend.custody.rules import MoveState
from backend.workflows import carry_custody


def confirm(session: Session, batch: Batch, *, at: datetime) -> None:
    """Take the next step of the move in a final transaction.

    Effects: WAITING, CANCELLED or DONE; one event.
    """
    for move in queries.of_batch(session, batch.id):
        match BatchKind(batch.kind):
            case BatchKind.ANNOUNCE_MOVE:
                custody.advance(session, move.id, MoveState.SCHEDULING, MoveState.WAITING)
                carry_custody.tell(session, move, "custody_announced", at)
            case BatchKind.WITHDRAW_MOVE:
                states = {MoveState.CANCELLING}
                custody.close(
                    session,
                    move.id,
                    MoveState.CANCELLED,
                    sources=states,
                    refusal_code="undone",
                    at=at,
                )
                carry_custody.tell(session, move, "custody_cancelled", at)
            case _:
                carry_custody.finish(session, move, at=at)


def refuse(session: Session, batch: Batch, *, at: datetime) -> None:
    """End an announcement that the wallet service does not sign, because it knows of no consent.

    A store that was restored from before the consent never will; asked again and again, each
    answer would cost a nonce.

    Effects: the move REFUSED, one event; nothing moved.
    """
    if BatchKind(batch.kind) != BatchKind.ANNOUNCE_MOVE:
        return
    for move in queries.of_batch(session, batch.id):
        states = {MoveState.SCHEDULING}
        code = "consent_unknown"
        custody.close(session, move.id, MoveState.REFUSED, sources=states, refusal_code=code, at=at)
        carry_custody.tell(session, move, "custody_refused", at)


def return_to_queue(session: Session, batch: Batch) -> None:
    """Free the move of a transaction that did not make it; it is tried again.

    Effects: back to the state before; a move that had begun goes back to the old address.
    """
    for move in queries.of_batch(session, batch.id):
        custody.advance(session, move.id, MoveState.SCHEDULING, MoveState.VERIFIED, batch_id=None)
        custody.advance(session, move.id, MoveState.CANCELLING, MoveState.WAITING, batch_id=None)
        carry_custody.stop(session, move, now=batch.created_at)
