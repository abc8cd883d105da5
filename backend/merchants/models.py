"""Tables of merchants."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from backend.db.types import BigInt, instant, units
from backend.kernel.ids import new_id
from backend.merchants.rules import MerchantState

_MERCHANT_STATES = ",".join(f"'{state}'" for state in MerchantState)


class Merchant(SQLModel, table=True):
    """A shop or public service that accepts points."""

    __tablename__ = "merchant"
    __table_args__ = (CheckConstraint(f"state IN ({_MERCHANT_STATES})", "state"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str = Field(description="Name over the door.")
    commune_code: str = Field(description="INSEE code of where it is.")
    owner_account_id: str = Field(index=True, description="Who runs the till.")
    pseudonym: int = Field(sa_type=BigInt, unique=True, description="63-bit id on chain.")
    state: str = Field(default=MerchantState.DRAFT, description="Life of the merchant.")
    daily_cap_units: int = units("Most it can take per day on chain.")
    batch_id: str | None = Field(default=None, description="Transaction that registers it.")
    created_at: datetime = instant("When it joined.")
