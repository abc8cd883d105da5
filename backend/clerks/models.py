"""Tables of clerks."""

from datetime import datetime

from sqlalchemy import CheckConstraint, true
from sqlmodel import Field, SQLModel

from backend.clerks.rules import ClerkState
from backend.db.types import instant, units
from backend.kernel.ids import new_id

_STATES = ",".join(f"'{state}'" for state in ClerkState)


class Clerk(SQLModel, table=True):
    """Somebody who works at a shop's till."""

    __tablename__ = "clerk"
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", "state"),
        CheckConstraint("refund_limit_units >= 0", "refund_limit_not_negative"),
        CheckConstraint("failures >= 0", "failures_not_negative"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    merchant_id: str = Field(foreign_key="merchant.id", index=True, description="Where.")
    account_id: str = Field(
        foreign_key="account.id", unique=True, description="Signs in, and stands on payments."
    )
    name: str = Field(description="What the owner calls the clerk.")
    pin_salt: str = Field(description="Random text inside the hash.")
    pin_hash: str = Field(description="scrypt of the PIN, hex.")
    is_first_pin: bool = Field(
        default=True,
        sa_column_kwargs={"server_default": true()},
        description="The owner knows it: it opens the till only together with a new one.",
    )
    failures: int = Field(default=0, description="Wrong PINs since the last right one.")
    locked_until: datetime | None = instant("No PIN is looked at before.", default=None)
    refund_limit_units: int = units("Most that the clerk may give back in a local day.")
    state: str = Field(default=ClerkState.ACTIVE, index=True, description="Life of the clerk.")
    created_at: datetime = instant("When the owner added the clerk.")
    revoked_at: datetime | None = instant("When the owner took the rights back.", default=None)


class ShopTill(SQLModel, table=True):
    """A browser on which the clerks of a shop sign in."""

    __tablename__ = "shop_till"

    id: str = Field(primary_key=True, description="SHA-256 of the cookie's token, hex.")
    merchant_id: str = Field(foreign_key="merchant.id", index=True, description="Where it stands.")
    user_agent: str = Field(default="", description="Browser, shortened, for the owner's list.")
    opened_by: str = Field(description="Account that made it a till.")
    opened_at: datetime = instant("When.")
    expires_at: datetime = instant("When it ends by itself.")
    closed_at: datetime | None = instant("When the owner closed it.", default=None)
