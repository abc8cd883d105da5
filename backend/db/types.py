"""Column types and field helpers that mean the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Integer
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = NAMING

BigInt = BigInteger()
SerialInt = BigInteger().with_variant(Integer, "sqlite")
"""A 64-bit serial key: SQLite numbers rows by itself only in a column of type INTEGER."""


class UTCDateTime(TypeDecorator[datetime]):
    """An instant: aware in Python, UTC in the database; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC.

        Raises:
            ValueError: `value` has no time zone.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            msg = "an instant needs a time zone"
            raise ValueError(msg)
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the instant in UTC, aware."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def instant(description: str, **more: Any) -> Any:
    """Declare a column that holds an instant."""
    return Field(sa_type=UTCDateTime, description=description, **more)


def units(description: str, **more: Any) -> Any:
    """Declare a column that holds token units (1 point = 100 units)."""
    return Field(sa_type=BigInteger, description=description + " Unit: token units.", **more)


def cents(description: str, **more: Any) -> Any:
    """Declare a column that holds euro cents."""
    return Field(sa_type=BigInteger, description=description + " Unit: euro cents.", **more)


def json_column(description: str, **more: Any) -> Any:
    """Declare a column that holds a JSON document."""
    return Field(sa_type=JSON, description=description, **more)


def serial_key(description: str) -> Any:
    """Declare a 64-bit primary key that the database numbers."""
    return Field(
        default=None,
        primary_key=True,
        sa_type=SerialInt,
        sa_column_kwargs={"autoincrement": True},
        description=description,
    )
