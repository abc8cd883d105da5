"""Files for the bank that a restored backup does not know are taken in again.

Revision: 0023, after 0022.
"""

import sqlalchemy as sa
from alembic import op

from backend.db.checks import hold_to_moves, replace_check

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
        hold_to_moves(op.get_bind(), table, moves)


def downgrade() -> None:
    for table, moves in OLD.items():
        hold_to_moves(op.get_bind(), table, moves)
    replace_check(op.get_bind(), *AMOUNTS, "item_count > 0 AND euro_cents > 0")
    op.drop_column("payout_file", "unknown_count")
    op.drop_column("payout_file", "is_found")
