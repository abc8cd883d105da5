"""Table of moves between kept accounts and own wallets."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from backend.custody.rules import MoveDirection, MoveState
from backend.db.types import BigInt, instant, json_column
from backend.kernel.ids import new_id

_STATES = ",".join(f"'{state}'" for state in MoveState)
_DIRECTIONS = ",".join(f"'{direction}'" for direction in MoveDirection)


class CustodyMove(SQLModel, table=True):
    """One move of a citizen's whole balance from one address to another of the same person."""

    __tablename__ = "custody_move"
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", "state"),
        CheckConstraint(f"direction IN ({_DIRECTIONS})", "direction"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    account_id: str = Field(index=True, description="Whose points.")
    genesis_hash: str = Field(description="Chain.")
    direction: str = Field(description="To an own wallet, back, or what was left behind.")
    state: str = Field(default=MoveState.CHALLENGED, index=True, description="Life of the move.")
    source_address: str = Field(description="Checksummed address that is left.")
    target_address: str = Field(description="Checksummed address that receives.")
    open_key: str | None = Field(
        default=None, unique=True, description="Set while it is open: one at a time."
    )
    nonce: str = Field(unique=True, description="Makes the challenge work once, 0x-hex.")
    expires_at: datetime = instant("When the challenge lapses.")
    signature: str | None = Field(default=None, description="The wallet's, 65 bytes, 0x-hex.")
    proof: dict[str, Any] | None = json_column(
        "The citizen's sealed PIN or passkey answer, until it is verified.", default=None
    )
    batch_id: str | None = Field(default=None, index=True, description="Transaction it is in.")
    executable_at: datetime | None = instant("When the cool-down ends.", default=None)
    undo_asked_at: datetime | None = instant("When the citizen undid it.", default=None)
    moved_units: int = Field(
        default=0, sa_type=BigInt, description="What moved on chain. Unit: token units."
    )
    refusal_code: str | None = Field(default=None, description="Why it was refused or stopped.")
    requested_at: datetime = instant("When the citizen asked.")
    closed_at: datetime | None = instant("When it was done, undone or refused.", default=None)
