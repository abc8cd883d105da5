"""Tables of merchants."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from backend.db.types import BigInt, instant, json_column, units
from backend.kernel.ids import new_id
from backend.merchants.rules import ApplicationState, MerchantKind, MerchantState

_KINDS = ",".join(f"'{kind}'" for kind in MerchantKind)
_APPLICATION_STATES = ",".join(f"'{state}'" for state in ApplicationState)
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
    kind: str = Field(
        default=MerchantKind.SHOP,
        sa_column_kwargs={"server_default": "shop"},
        description="Shop, public service or association.",
    )
    siret: str = Field(
        default="", sa_column_kwargs={"server_default": ""}, description="14 digits, or empty."
    )
    address: str = Field(
        default="", sa_column_kwargs={"server_default": ""}, description="Street and number."
    )
    latitude_e6: int | None = Field(default=None, description="Micro-degrees (WGS 84), if known.")
    longitude_e6: int | None = Field(default=None, description="Micro-degrees (WGS 84), if known.")
    hours: list[Any] = json_column(
        "Seven days from Monday, each a list of [from, until] in minutes; empty says nothing.",
        default_factory=list,
        sa_column_kwargs={"server_default": "[]"},
    )
    state: str = Field(default=MerchantState.DRAFT, description="Life of the merchant.")
    daily_cap_units: int = units("Most it can take per day on chain.")
    batch_id: str | None = Field(default=None, description="Transaction that registers it.")
    created_at: datetime = instant("When it joined.")


class MerchantApplication(SQLModel, table=True):
    """Somebody wants to take points."""

    __tablename__ = "merchant_application"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_KINDS})", "kind"),
        CheckConstraint(f"state IN ({_APPLICATION_STATES})", "state"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    account_id: str = Field(index=True, description="Who applies and will run the till.")
    name: str = Field(description="Name over the door.")
    kind: str = Field(description="Shop, public service or association.")
    siret: str = Field(description="14 digits, check digit verified.")
    address: str = Field(description="Street and number.")
    commune_code: str = Field(description="INSEE code.")
    latitude_e6: int | None = Field(default=None, description="Micro-degrees (WGS 84), if known.")
    longitude_e6: int | None = Field(default=None, description="Micro-degrees (WGS 84), if known.")
    hours: list[Any] = json_column(
        "Seven days from Monday, each a list of [from, until] in minutes.",
        default_factory=list,
        sa_column_kwargs={"server_default": "[]"},
    )
    bank_holder: str = Field(
        default="", sa_column_kwargs={"server_default": ""}, description="Of the bank account."
    )
    iban: str = Field(
        default="",
        sa_column_kwargs={"server_default": ""},
        description="Where to pay, without spaces; emptied once decided.",
    )
    contract_version: str = Field(description="Contract that was accepted with it.")
    state: str = Field(
        default=ApplicationState.APPLIED, index=True, description="Life of the application."
    )
    decided_by: str | None = Field(default=None, description="Colleague who looked at it.")
    reason: str = Field(default="", description="Why it was refused, for the applicant.")
    merchant_id: str | None = Field(default=None, description="What it became.")
    created_at: datetime = instant("When it was sent, contract accepted.")
    decided_at: datetime | None = instant("When it was decided.", default=None)
