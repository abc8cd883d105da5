"""Tables of what the chain was seen to hold."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from backend.db.types import BigInt, instant, json_column
from backend.kernel.ids import new_id


class IndexedBlock(SQLModel, table=True):
    """A block that the indexer has read; a differing parent makes it rewind."""

    __tablename__ = "indexed_block"

    genesis_hash: str = Field(primary_key=True, description="Chain of the block.")
    number: int = Field(primary_key=True, sa_type=BigInt, description="Height.")
    block_hash: str = Field(description="Hash of the block.")
    parent_hash: str = Field(description="Hash of the block below.")


class OrphanMint(SQLModel, table=True):
    """A mint on chain that no attempt of ours explains: issuance stops until it is adopted."""

    __tablename__ = "orphan_mint"

    tx_hash: str = Field(primary_key=True, description="Transaction that minted.")
    genesis_hash: str = Field(index=True, description="Chain of the transaction.")
    block_number: int = Field(sa_type=BigInt, description="Where it was mined.")
    units: int = Field(sa_type=BigInt, description="Points it made. Unit: token units.")
    items: list[dict[str, Any]] = json_column("Recipient, reward id and units of each credit.")
    found_at: datetime = instant("When the indexer met it.")
    proposed_by: str | None = Field(default=None, description="First of the two people.")
    adopted_by: str | None = Field(default=None, description="Second of the two people.")
    adopted_at: datetime | None = instant("When two people adopted it.", default=None)


class Restoration(SQLModel, table=True):
    """A restore of this database from a backup; nothing is sent until it is finished."""

    __tablename__ = "restoration"

    id: str = Field(default_factory=new_id, primary_key=True)
    backup_taken_at: datetime = instant("Snapshot of the backup.")
    restored_at: datetime = instant("When the rows were loaded.")
    finished_at: datetime | None = instant("When chain and journal were scanned.", default=None)
    found_consumed: int = Field(default=0, description="Rewards that the chain had minted since.")
    burned_nonces: int = Field(default=0, description="Journalled nonces that were filled.")
