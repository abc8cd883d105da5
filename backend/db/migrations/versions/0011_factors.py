"""PINs and passkeys; payments that they prove, and payments that a citizen starts.

Revision: 0011, after 0010.
"""

import sqlalchemy as sa
from alembic import op

from backend.db.checks import one_of
from backend.db.types import UTCDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ADDED = ("proof", "is_proved", "proof_attempts", "key", "way")


def upgrade() -> None:
    for column in (
        sa.Column("proof", sa.JSON(), nullable=True),
        sa.Column("is_proved", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("proof_attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("way", sa.String(), nullable=False, server_default="till"),
    ):
        op.add_column("payment", column)
    op.create_index("ix_payment_key", "payment", ["key"], unique=True)
    op.create_table(
        "factor",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("material", sa.JSON(), nullable=True),
        sa.Column("credential_id", sa.String(), nullable=True),
        sa.Column("active_from", UTCDateTime(), nullable=True),
        sa.Column("refusal_code", sa.String(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint(one_of("kind", ["pin", "passkey"]), name="ck_factor_kind"),
        sa.CheckConstraint(
            one_of("state", ["requested", "active", "refused"]), name="ck_factor_state"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_factor"),
    )
    for column in ("account_id", "state"):
        op.create_index(f"ix_factor_{column}", "factor", [column])
    op.create_table(
        "wallet_facts",
        sa.Column("genesis_hash", sa.String(), nullable=False),
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("desk", sa.String(), nullable=False),
        sa.Column("pin_key", sa.String(), nullable=False),
        sa.Column("noted_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("genesis_hash", name="pk_wallet_facts"),
    )


def downgrade() -> None:
    op.drop_table("wallet_facts")
    op.drop_table("factor")
    op.drop_index("ix_payment_key", "payment")
    for column in reversed(ADDED):
        op.drop_column("payment", column)
