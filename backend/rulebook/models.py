"""Table of rulebook editions."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from backend.db.types import instant


class Edition(SQLModel, table=True):
    """One numbered rulebook; its document never changes once it is approved."""

    __tablename__ = "edition"
    __table_args__ = (
        CheckConstraint(
            "state IN ('draft','approved','publishing','published','cancelled')", "state"
        ),
    )

    number: int = Field(
        primary_key=True,
        sa_column_kwargs={"autoincrement": False},
        description="Number on chain; the next one is the highest plus one.",
    )
    document: str = Field(description="Canonical document whose SHA-256 is on chain.")
    source_text: str = Field(description="YAML as it was written, comments included.")
    document_hash: str = Field(description="SHA-256 of `document`, hex.")
    state: str = Field(default="draft", description="Life of the edition.")
    author_account_id: str = Field(description="Who wrote it.")
    approver_account_id: str | None = Field(default=None, description="Second person.")
    effective_from: datetime | None = instant("First instant that it governs.", default=None)
    batch_id: str | None = Field(default=None, description="Transaction that publishes it.")
    created_at: datetime = instant("When it was drafted.")
    published_at: datetime | None = instant("When the chain confirmed it.", default=None)
