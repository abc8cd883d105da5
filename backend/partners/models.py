"""Tables of the exchange with partner schemes."""

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from backend.db.types import BigInt, instant, serial_key

_DIRECTIONS = "'ours','theirs'"


class Nullifier(SQLModel, table=True):
    """One half hour of one person's trip that a scheme has paid, as a keyed pseudonym.

    Without the key that both schemes share it says nothing; with it, only whether two are equal.
    """

    __tablename__ = "partner_nullifier"
    __table_args__ = (
        UniqueConstraint("partner_number", "direction", "nullifier"),
        CheckConstraint(f"direction IN ({_DIRECTIONS})", "direction"),
    )

    id: int | None = serial_key("Order, by which a partner reads on.")
    partner_number: int = Field(sa_type=BigInt, description="Device number of the partner.")
    direction: str = Field(description="Who has paid the trip: ours or theirs.")
    nullifier: str = Field(description="HMAC-SHA-256 under the shared key, hex.")
    at: datetime = instant("When it was stored.", index=True)
