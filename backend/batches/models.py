"""Tables of the sending pipeline."""

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from backend.batches.rules import BatchKind, BatchState
from backend.db.types import BigInt, instant, serial_key
from backend.kernel.ids import new_id

_STATES = ",".join(f"'{state}'" for state in BatchState)
_KINDS = ",".join(f"'{kind}'" for kind in BatchKind)


class Batch(SQLModel, table=True):
    """One transaction to the chain, from its reservation to finality."""

    __tablename__ = "batch"
    __table_args__ = (
        UniqueConstraint("genesis_hash", "sender", "nonce"),
        CheckConstraint(f"state IN ({_STATES})", "state"),
        CheckConstraint(f"kind IN ({_KINDS})", "kind"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    kind: str = Field(description="What the transaction does.")
    state: str = Field(default=BatchState.RESERVED, index=True, description="How far it is.")
    genesis_hash: str = Field(description="Chain it belongs to; a new local chain starts anew.")
    chain_id: int = Field(sa_type=BigInt, description="EIP-155 chain id.")
    key_label: str = Field(description="Key of the wallet service that signs, e.g. minter.")
    sender: str = Field(description="Address of that key.")
    nonce: int = Field(sa_type=BigInt, description="Nonce of the sender; lives only here.")
    to_address: str = Field(description="Contract called.")
    calldata: str = Field(description="0x-hex calldata, fixed before signing.")
    gas: int = Field(sa_type=BigInt, description="Gas limit.")
    max_fee_per_gas_wei: int = Field(sa_type=BigInt, description="EIP-1559 fee cap.")
    max_priority_fee_per_gas_wei: int = Field(sa_type=BigInt, description="EIP-1559 tip cap.")
    edition_number: int | None = Field(default=None, description="Rulebook edition of a mint.")
    item_count: int = Field(default=1, description="Rewards, payments … inside.")
    created_at: datetime = instant("When the nonce was reserved.")
    sent_at: datetime | None = instant("When the node last took it.", default=None)
    tx_hash: str | None = Field(default=None, index=True, description="Hash of the mined attempt.")
    block_number: int | None = Field(default=None, sa_type=BigInt, description="Where it is mined.")
    block_hash: str | None = Field(default=None, description="Hash of that block.")
    last_error: str | None = Field(default=None, description="What the last step said.")


class Attempt(SQLModel, table=True):
    """Signed bytes of a batch; stored before they are sent."""

    __tablename__ = "attempt"

    id: int | None = serial_key("Order of signing.")
    batch_id: str = Field(foreign_key="batch.id", index=True, description="What it sends.")
    raw: str = Field(description="0x-hex signed transaction.")
    tx_hash: str = Field(unique=True, description="Hash of the signed bytes.")
    max_fee_per_gas_wei: int = Field(sa_type=BigInt, description="Fee cap of this attempt.")
    max_priority_fee_per_gas_wei: int = Field(sa_type=BigInt, description="Tip cap.")
    created_at: datetime = instant("When it was signed.")
