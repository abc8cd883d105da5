"""Own wallets: moves to them and back, payments that they sign.

Revision: 0016, after 0015.
"""

import sqlalchemy as sa
from alembic import op

from backend.db.checks import one_of, replace_check
from backend.db.types import UTCDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

KINDS = [
    "mint",
    "spend",
    "cash_out",
    "register_merchant",
    "publish_edition",
    "open_incarnation",
    "gap_filler",
    "cancel_edition",
    "pause_mint",
    "refund",
    "cancel_payment",
]
ADDED = ["announce_move", "withdraw_move", "move_points"]
STATES = [
    "challenged",
    "signed",
    "verified",
    "scheduling",
    "waiting",
    "cancelling",
    "executing",
    "done",
    "cancelled",
    "refused",
]
CUSTODY = (
    "ALTER TABLE account_address ADD COLUMN custody VARCHAR DEFAULT 'service' NOT NULL "
    "CONSTRAINT ck_account_address_custody CHECK (custody IN ('service','own'))"
)


def upgrade() -> None:
    replace_check(op.get_bind(), "batch", "ck_batch_kind", one_of("kind", [*KINDS, *ADDED]))
    op.execute(CUSTODY)
    op.add_column(
        "payment",
        sa.Column("is_own_wallet", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column(
        "wallet_facts", sa.Column("token", sa.String(), server_default="", nullable=False)
    )
    op.create_table(
        "custody_move",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("genesis_hash", sa.String(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("source_address", sa.String(), nullable=False),
        sa.Column("target_address", sa.String(), nullable=False),
        sa.Column("open_key", sa.String(), nullable=True),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.Column("signature", sa.String(), nullable=True),
        sa.Column("batch_id", sa.String(), nullable=True),
        sa.Column("executable_at", UTCDateTime(), nullable=True),
        sa.Column("undo_asked_at", UTCDateTime(), nullable=True),
        sa.Column("moved_units", sa.BigInteger(), nullable=False),
        sa.Column("refusal_code", sa.String(), nullable=True),
        sa.Column("requested_at", UTCDateTime(), nullable=False),
        sa.Column("closed_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint(one_of("state", STATES), name="ck_custody_move_state"),
        sa.CheckConstraint(
            one_of("direction", ["out", "back", "lost", "leftover"]),
            name="ck_custody_move_direction",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_custody_move"),
        sa.UniqueConstraint("nonce", name="uq_custody_move_nonce"),
        sa.UniqueConstraint("open_key", name="uq_custody_move_open_key"),
    )
    for column in ("account_id", "batch_id", "state"):
        op.create_index(f"ix_custody_move_{column}", "custody_move", [column])


def downgrade() -> None:
    op.drop_table("custody_move")
    op.drop_column("wallet_facts", "token")
    op.drop_column("payment", "is_own_wallet")
    op.drop_column("account_address", "custody")
    replace_check(op.get_bind(), "batch", "ck_batch_kind", one_of("kind", KINDS))
