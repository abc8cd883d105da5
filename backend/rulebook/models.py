"""Table of rulebook editions."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from backend.db.types import instant, json_column


class Edition(SQLModel, table=True):
    """One numbered rulebook; its document never changes once it is approved."""

    __tablename__ = "edition"
    __table_args__ = (
        CheckConstraint(
            "state IN ('draft','approved','publishing','published','cancelling','cancelled')",
            "state",
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


class Forecast(SQLModel, table=True):
    """What a draft would have cost, beside the edition in force; made before it is approved."""

    __tablename__ = "forecast"
    __table_args__ = (
        CheckConstraint("state IN ('waiting','running','done','failed')", "state"),
        CheckConstraint("progress_percent BETWEEN 0 AND 100", "progress_is_a_share"),
    )

    edition_number: int = Field(
        primary_key=True, foreign_key="edition.number", description="The draft."
    )
    state: str = Field(default="waiting", index=True, description="waiting, running, done, failed.")
    progress_percent: int = Field(default=0, description="How far it is.")
    basis: str = Field(default="", description="past_acts, or population when there are too few.")
    acts: int = Field(default=0, description="Acts that were replayed.")
    result: dict[str, Any] | None = json_column(
        "Comparison with the edition in force.", default=None
    )
    error: str | None = Field(default=None, description="Why it failed.")
    leased_until: datetime | None = instant("A runner works on it until then.", default=None)
    finished_at: datetime | None = instant("When it was done.", default=None)
