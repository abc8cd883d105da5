"""Tables of offers."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from backend.db.types import instant, json_column, units
from backend.kernel.ids import new_id
from backend.offers.rules import HoldState, OfferState

_STATES = ",".join(f"'{state}'" for state in OfferState)
_HOLD_STATES = ",".join(f"'{state}'" for state in HoldState)


class Offer(SQLModel, table=True):
    """Something that a merchant gives for points."""

    __tablename__ = "offer"
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", "state"),
        CheckConstraint("price_units > 0", "price_positive"),
        CheckConstraint("stock_left >= 0", "stock_not_negative"),
        CheckConstraint("per_person > 0", "per_person_positive"),
        CheckConstraint("starts_at < ends_at", "time_runs_forward"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    merchant_id: str = Field(index=True, description="Who offers it.")
    title: str = Field(description="What one gets.")
    details: str = Field(default="", description="Conditions, in the merchant's words.")
    place: str = Field(default="", description="Where to fetch it, when it is not the shop.")
    commune_code: str = Field(index=True, description="INSEE code of where to fetch it.")
    price_units: int = units("Price.")
    stock_left: int = Field(description="Pieces that nobody has reserved or paid.")
    per_person: int = Field(description="Most pieces of one person.")
    starts_at: datetime = instant("First instant it can be reserved.")
    ends_at: datetime = instant("When it ends.")
    is_accessible: bool = Field(description="Step-free, usable in a wheelchair.")
    is_spend_free: bool = Field(description="Nothing else must be bought for it.")
    state: str = Field(default=OfferState.OPEN, index=True, description="Life of the offer.")
    created_at: datetime = instant("When it was made.")


class OfferChange(SQLModel, table=True):
    """What a merchant changed about an offer; reservations of before keep their price."""

    __tablename__ = "offer_change"

    id: str = Field(default_factory=new_id, primary_key=True)
    offer_id: str = Field(foreign_key="offer.id", index=True, description="Of what.")
    changed_by: str = Field(description="Account that changed it.")
    changed_at: datetime = instant("When.")
    before: dict[str, Any] = json_column("Changed fields → what they were; instants as ISO 8601.")
    after: dict[str, Any] = json_column("Changed fields → what they are since.")


class OfferHold(SQLModel, table=True):
    """One piece of an offer set aside for one person."""

    __tablename__ = "offer_hold"
    __table_args__ = (
        CheckConstraint(f"state IN ({_HOLD_STATES})", "state"),
        # The database counts: two requests at once cannot both take a person's last place.
        UniqueConstraint("offer_id", "account_id", "place_number"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    offer_id: str = Field(foreign_key="offer.id", index=True, description="Of what.")
    account_id: str = Field(index=True, description="For whom.")
    place_number: int | None = Field(
        default=None, description="Which of the person's places it fills; empty once released."
    )
    payment_id: str | None = Field(default=None, index=True, description="What pays it.")
    state: str = Field(default=HoldState.RESERVED, index=True, description="Life of the hold.")
    reserved_at: datetime = instant("When it was set aside.")
    expires_at: datetime = instant("When it goes back into stock unless paid.")
