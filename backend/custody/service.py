"""Writes of custody: every step is one guarded update."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, update
from sqlmodel import Session, col

from backend.custody.errors import MoveOpenError
from backend.custody.models import CustodyMove
from backend.custody.rules import (
    CHALLENGE_LIFE,
    UNDOABLE,
    MoveDirection,
    MoveState,
    new_nonce,
)
from backend.db.upsert import insert_or_skip


def open_move(
    session: Session,
    *,
    account_id: str,
    genesis_hash: str,
    direction: MoveDirection,
    source: str,
    target: str,
    at: datetime,
) -> CustodyMove:
    """Begin a move; signed ones wait for the wallet, others are ready to be announced.

    Raises:
        MoveOpenError: Another one of the account is not finished.
    """
    needs_signature = direction in (MoveDirection.OUT, MoveDirection.BACK)
    move = CustodyMove(
        account_id=account_id,
        genesis_hash=genesis_hash,
        direction=direction,
        state=MoveState.CHALLENGED if needs_signature else MoveState.VERIFIED,
        source_address=source,
        target_address=target,
        open_key=account_id,
        nonce=new_nonce(),
        expires_at=at + CHALLENGE_LIFE,
        requested_at=at,
    )
    if insert_or_skip(session, move) is None:
        raise MoveOpenError
    return move


def open_leftover(
    session: Session, *, account_id: str, genesis_hash: str, source: str, target: str, at: datetime
) -> bool:
    """Let points that arrived at a left address follow; False when that is under way already."""
    move = CustodyMove(
        account_id=account_id,
        genesis_hash=genesis_hash,
        direction=MoveDirection.LEFTOVER,
        state=MoveState.VERIFIED,
        source_address=source,
        target_address=target,
        open_key=f"leftover/{genesis_hash}/{source}",
        nonce=new_nonce(),
        expires_at=at + CHALLENGE_LIFE,
        requested_at=at,
    )
    return insert_or_skip(session, move) is not None


def store_signature(session: Session, move_id: str, signature: str, *, at: datetime) -> bool:
    """Take the wallet's answer to a challenge, once and in time; False when it is too late."""
    return _update(
        session,
        move_id,
        {MoveState.CHALLENGED},
        {"state": MoveState.SIGNED, "signature": signature},
        col(CustodyMove.expires_at) > at,
    )


def store_proof(session: Session, move_id: str, proof: dict[str, Any], *, at: datetime) -> bool:
    """Keep the citizen's proof of a move that waits for the wallet; False when it is too late."""
    return _update(
        session,
        move_id,
        {MoveState.CHALLENGED},
        {"proof": proof},
        col(CustodyMove.expires_at) > at,
    )


def lapse(session: Session, account_id: str, *, at: datetime) -> None:
    """Close an account's challenge that nobody answered in time."""
    session.execute(
        update(CustodyMove)
        .where(
            col(CustodyMove.account_id) == account_id,
            col(CustodyMove.state) == MoveState.CHALLENGED,
            col(CustodyMove.expires_at) <= at,
        )
        .values(
            state=MoveState.CANCELLED,
            open_key=None,
            closed_at=at,
            refusal_code="lapsed",
            proof=None,
        )
    )


def ask_undo(session: Session, move_id: str, *, at: datetime) -> bool:
    """Undo a move: at once before it was announced, else by withdrawing the announcement."""
    before = {MoveState.CHALLENGED, MoveState.SIGNED, MoveState.VERIFIED}
    if close(session, move_id, MoveState.CANCELLED, sources=before, refusal_code="undone", at=at):
        return True
    return _update(session, move_id, UNDOABLE, {"undo_asked_at": at})


def advance(
    session: Session, move_id: str, source: MoveState, target: MoveState, **changes: object
) -> bool:
    """Take one step; False when the move stands elsewhere."""
    return _update(session, move_id, {source}, {"state": target, **changes})


def close(
    session: Session,
    move_id: str,
    target: MoveState,
    *,
    sources: Collection[MoveState],
    refusal_code: str | None = None,
    at: datetime,
) -> bool:
    """End a move: DONE, CANCELLED or REFUSED; False when it stands elsewhere."""
    # A sealed PIN is kept no longer than somebody has to check it.
    values = {
        "state": target,
        "open_key": None,
        "closed_at": at,
        "refusal_code": refusal_code,
        "proof": None,
    }
    return _update(session, move_id, sources, values)


def _update(
    session: Session,
    move_id: str,
    sources: Collection[MoveState],
    values: dict[str, Any],
    *conditions: ColumnElement[bool],
) -> bool:
    done = session.execute(
        update(CustodyMove)
        .where(col(CustodyMove.id) == move_id, col(CustodyMove.state).in_(sources), *conditions)
        .values(**values)
        .returning(col(CustodyMove.id))
    )
    return done.scalar_one_or_none() is not None
