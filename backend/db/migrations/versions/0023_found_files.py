"""Files for the bank that a restored backup does not know are taken in again.

Revision: 0023, after 0022.
"""

import sqlalchemy as sa
from alembic import op

from backend.db.checks import replace_check

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

OLD = {
    "payout_file": ["drafted>released", "drafted>withdrawn", "released>sent"],
    "payout_item": ["waiting>paid", "waiting>returned", "waiting>withdrawn", "paid>returned"],
}
NEW = {
    "payout_file": [*OLD["payout_file"], "withdrawn>drafted"],
    "payout_item": [*OLD["payout_item"], "withdrawn>waiting"],
}
"""A drafted file that a restore withdrew may have reached the bank since the backup."""
AMOUNTS = ("payout_file", "ck_payout_file_amounts_positive")


def upgrade() -> None:
    op.add_column(
        "payout_file",
        sa.Column("is_found", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column(
        "payout_file",
        sa.Column("unknown_count", sa.Integer(), server_default="0", nullable=False),
    )
    replace_check(
        op.get_bind(), *AMOUNTS, "item_count > 0 AND euro_cents > 0 AND unknown_count >= 0"
    )
    for table, moves in NEW.items():
        _hold_to(table, moves)


def downgrade() -> None:
    for table, moves in OLD.items():
        _hold_to(table, moves)
    replace_check(op.get_bind(), *AMOUNTS, "item_count > 0 AND euro_cents > 0")
    op.drop_column("payout_file", "unknown_count")
    op.drop_column("payout_file", "is_found")


def _hold_to(table: str, moves: list[str]) -> None:
    allowed = ",".join(f"'{move}'" for move in moves)
    is_wrong = f"OLD.state <> NEW.state AND OLD.state || '>' || NEW.state NOT IN ({allowed})"
    if op.get_bind().dialect.name == "postgresql":
        # The trigger calls the function by name: another body is enough.
        op.execute(
            f"CREATE OR REPLACE FUNCTION {table}_moves() RETURNS trigger AS $$ BEGIN "
            f"IF {is_wrong} THEN RAISE EXCEPTION '{table} may not move from % to %', "
            "OLD.state, NEW.state; END IF; RETURN NEW; END; $$ LANGUAGE plpgsql"
        )
        return
    name = f"{table}_moves_by_the_table"
    op.execute(f"DROP TRIGGER {name}")
    op.execute(
        f"CREATE TRIGGER {name} BEFORE UPDATE OF state ON {table} WHEN {is_wrong} "
        f"BEGIN SELECT RAISE(ABORT, '{table} may not move like this'); END"
    )
