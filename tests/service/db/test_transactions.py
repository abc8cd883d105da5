import pytest
from sqlalchemy import text

from backend.db.engine import Database


def test_transaction_keeps_rows_when_the_block_ends_well(database: Database) -> None:
    with database.transaction() as session:
        session.execute(text("CREATE TABLE kept (id INTEGER PRIMARY KEY)"))
        session.execute(text("INSERT INTO kept VALUES (1)"))

    with database.reading() as session:
        assert session.execute(text("SELECT count(*) FROM kept")).scalar_one() == 1


def test_transaction_drops_rows_when_the_block_raises(database: Database) -> None:
    with database.transaction() as session:
        session.execute(text("CREATE TABLE dropped (id INTEGER PRIMARY KEY)"))

    with pytest.raises(RuntimeError, match="half-way"), database.transaction() as session:
        session.execute(text("INSERT INTO dropped VALUES (1)"))
        raise RuntimeError("half-way")

    with database.reading() as session:
        assert session.execute(text("SELECT count(*) FROM dropped")).scalar_one() == 0
