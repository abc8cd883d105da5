"""Tables of what the chain was seen to hold."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from backend.books.rules import OrphanKind
from backend.db.types import BigInt, instant, json_column
from backend.kernel.ids import new_id

_ORPHAN_KINDS = ",".join(f"'{kind}'" for kind in OrphanKind)


class IndexedBlock(SQLModel, table=True):
    """A block that the indexer has read; a differing parent makes it rewind."""

    __tablename__ = "indexed_block"

    genesis_hash: str = Field(primary_key=True, description="Chain of the block.")
    number: int = Field(primary_key=True, sa_type=BigInt, description="Height.")
    block_hash: str = Field(description="Hash of the block.")
    parent_hash: str = Field(description="Hash of the block below.")


class Orphan(SQLModel, table=True):
    """A transaction that made or moved points and that no row here explains.

    A mint of that kind stops issuance. After a restore these are the day that the backup does
    not know; two people take each into the books.
    """

    __tablename__ = "orphan"
    __table_args__ = (CheckConstraint(f"kind IN ({_ORPHAN_KINDS})", "kind"),)

    tx_hash: str = Field(primary_key=True, description="Transaction.")
    genesis_hash: str = Field(index=True, description="Chain of the transaction.")
    block_number: int = Field(sa_type=BigInt, description="Where it was mined.")
    kind: str = Field(
        default=OrphanKind.MINT,
        sa_column_kwargs={"server_default": "mint"},
        description="What it did.",
    )
    units: int = Field(sa_type=BigInt, description="Points it made or moved. Unit: token units.")
    items: list[dict[str, Any]] = json_column(
        "Of a mint recipient, reward id and units of each credit; else address, merchant "
        "pseudonym, reference and units of each payment, refund or burn."
    )
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
