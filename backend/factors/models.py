"""Tables of factors."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from backend.db.types import BigInt, instant, json_column
from backend.factors.rules import FactorKind, FactorState
from backend.kernel.ids import new_id

_KINDS = ",".join(f"'{kind}'" for kind in FactorKind)
_STATES = ",".join(f"'{state}'" for state in FactorState)


class Factor(SQLModel, table=True):
    """A PIN or passkey of an account; what it is made of is with the wallet service alone."""

    __tablename__ = "factor"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_KINDS})", "kind"),
        CheckConstraint(f"state IN ({_STATES})", "state"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    account_id: str = Field(index=True, description="Whose it is.")
    address: str = Field(description="Address whose payments it proves.")
    kind: str = Field(description="PIN or passkey.")
    state: str = Field(
        default=FactorState.REQUESTED, index=True, description="Life of the enrolment."
    )
    material: dict[str, Any] | None = json_column(
        "Sealed PIN, or public key of a passkey, until the wallet service has it.", default=None
    )
    credential_id: str | None = Field(default=None, description="Passkey's id, base64url.")
    active_from: datetime | None = instant("When it counts from.", default=None)
    refusal_code: str | None = Field(default=None, description="What the wallet service said.")
    created_at: datetime = instant("When it was asked for.")


class WalletFacts(SQLModel, table=True):
    """What pages must know of wallet and chain to seal a PIN; the jobs runner writes it."""

    __tablename__ = "wallet_facts"

    genesis_hash: str = Field(primary_key=True, description="Chain.")
    chain_id: int = Field(sa_type=BigInt, description="Its id.")
    desk: str = Field(description="Address of the desk.")
    token: str = Field(
        default="", sa_column_kwargs={"server_default": ""}, description="Address of the token."
    )
    pin_key: str = Field(description="X25519 public key that PINs are sealed to, 0x-hex.")
    noted_at: datetime = instant("When the runner last asked.")
