"""Tables of cards: a card's secret is on the card alone, the database knows its name."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from backend.db.types import instant
from backend.kernel.ids import new_id


class Card(SQLModel, table=True):
    """A printed card; it names an account at a counter or a till, and opens nothing by itself."""

    __tablename__ = "card"
    __table_args__ = (
        CheckConstraint("state IN ('active','blocked')", "state"),
        CheckConstraint("(state = 'blocked') = (blocked_at IS NOT NULL)", "blocked_has_time"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    ref: str = Field(unique=True, description="64-bit hash of the secret, 16 hex digits.")
    tail: str = Field(description="Last four characters of the secret, to tell cards apart.")
    account_id: str = Field(index=True, description="Whose acts and points it stands for.")
    household_id: str | None = Field(
        default=None, index=True, description="Household whose members may see and block it."
    )
    state: str = Field(default="active", description="active or blocked (for ever).")
    issued_at: datetime = instant("When it was made.")
    issued_by: str = Field(default="", description="Counter that printed it; empty: its holder.")
    blocked_at: datetime | None = instant("When it was blocked.", default=None)
    blocked_reason: str | None = Field(default=None, description="lost, stolen or replaced.")


class CardPass(SQLModel, table=True):
    """A code on the phone's screen in place of a card; it lives for minutes."""

    __tablename__ = "card_pass"

    ref: str = Field(primary_key=True, description="64-bit hash of the secret, 16 hex digits.")
    account_id: str = Field(index=True, description="Whose it is.")
    issued_at: datetime = instant("When it was shown.")
    expires_at: datetime = instant("When it stops to stand for anybody.")
