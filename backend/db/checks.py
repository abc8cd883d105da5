"""Rules that a migration gives to tables, on both databases: CHECK constraints and moves."""

import re
from collections.abc import Sequence

import sqlalchemy as sa


def replace_check(connection: sa.Connection, table: str, name: str, condition: str) -> None:
    """Give a named CHECK constraint of a table another condition.

    On SQLite the stored text of the table is edited, the way its authors give for changes
    that leave the rows alone; copying the table would lose its other constraints.

    Args:
        name: Full name of the constraint, for example "ck_batch_kind".
        condition: SQL without the outer brackets; every row must fulfil it.
    Raises:
        ValueError: The table has no such constraint.
    Source: https://www.sqlite.org/lang_altertable.html, section 7, read 2026-11-26.
    """
    if connection.dialect.name != "sqlite":
        connection.execute(sa.text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
        connection.execute(
            sa.text(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({condition})")
        )
        return
    of_table = {"table": table}
    query = sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :table")
    sql = connection.execute(query, of_table).scalar_one()
    changed = _with_check(sql, name, condition)
    version = connection.execute(sa.text("PRAGMA schema_version")).scalar_one()
    connection.execute(sa.text("PRAGMA writable_schema = ON"))
    update = sa.text("UPDATE sqlite_master SET sql = :sql WHERE type = 'table' AND name = :table")
    connection.execute(update, {**of_table, "sql": changed})
    # Makes every connection read the schema again.
    connection.execute(sa.text(f"PRAGMA schema_version = {version + 1}"))
    connection.execute(sa.text("PRAGMA writable_schema = OFF"))


def hold_to_moves(connection: sa.Connection, table: str, moves: Sequence[str]) -> None:
    """Let the state of a table's rows change along some moves alone, whatever held before.

    Args:
        moves: For example "drafted>released"; staying where it is is always allowed.
    """
    allowed = ",".join(f"'{move}'" for move in moves)
    is_wrong = f"OLD.state <> NEW.state AND OLD.state || '>' || NEW.state NOT IN ({allowed})"
    trigger = f"CREATE TRIGGER {table}_moves_by_the_table BEFORE UPDATE OF state ON {table} "
    if connection.dialect.name == "postgresql":
        drop = f"DROP TRIGGER IF EXISTS {table}_moves_by_the_table ON {table}"
        function = (
            f"CREATE OR REPLACE FUNCTION {table}_moves() RETURNS trigger AS $$ BEGIN "
            f"IF {is_wrong} THEN RAISE EXCEPTION '{table} may not move from % to %', "
            "OLD.state, NEW.state; END IF; RETURN NEW; END; $$ LANGUAGE plpgsql"
        )
        create = f"{trigger}FOR EACH ROW EXECUTE FUNCTION {table}_moves()"
        statements = [drop, function, create]
    else:
        drop = f"DROP TRIGGER IF EXISTS {table}_moves_by_the_table"
        refuse = f"SELECT RAISE(ABORT, '{table} may not move like this')"
        statements = [drop, f"{trigger}WHEN {is_wrong} BEGIN {refuse}; END"]
    for statement in statements:
        connection.execute(sa.text(statement))


def one_of(column: str, values: list[str]) -> str:
    """Return the condition that a column holds one of some words."""
    return f"{column} IN ({','.join(repr(value) for value in values)})"


def _with_check(sql: str, name: str, condition: str) -> str:
    found = re.search(rf'CONSTRAINT "?{re.escape(name)}"? CHECK \(', sql)
    if found is None:
        msg = f"no constraint {name}"
        raise ValueError(msg)
    end, depth = found.end(), 1
    while depth:
        depth += {"(": 1, ")": -1}.get(sql[end], 0)
        end += 1
    return f"{sql[: found.end()]}{condition}{sql[end - 1 :]}"
