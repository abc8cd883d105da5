"""Refunds, and payments that wait for the desk.

Revision: 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op

from backend.db.checks import one_of, replace_check
from backend.db.types import UTCDateTime

revision = "0010"
down_revision = "0009"
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
]
REFUNDED = (
    "ALTER TABLE payment ADD COLUMN refunded_units BIGINT DEFAULT '0' NOT NULL "
    "CONSTRAINT ck_payment_refunded_within CHECK (refunded_units BETWEEN 0 AND units)"
)


def upgrade() -> None:
    replace_check(op.get_bind(), "batch", "ck_batch_kind", one_of("kind", [*KINDS, "refund"]))
    op.execute(REFUNDED)
    op.add_column("payment", sa.Column("waiting_code", sa.String(), nullable=True))
    op.add_column("payment", sa.Column("retry_at", UTCDateTime(), nullable=True))
    op.create_table(
        "refund",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("payment_id", sa.String(), nullable=False),
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("refund_ref", sa.String(), nullable=False),
        sa.Column("batch_id", sa.String(), nullable=True),
        sa.Column("refusal_code", sa.String(), nullable=True),
        sa.Column("requested_at", UTCDateTime(), nullable=False),
        sa.Column("confirmed_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            one_of("state", ["requested", "batched", "confirmed", "failed"]), name="ck_refund_state"
        ),
        sa.CheckConstraint("units > 0", name="ck_refund_units_positive"),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.id"], name="fk_refund_payment_id_payment"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_refund"),
        sa.UniqueConstraint("key", name="uq_refund_key"),
        sa.UniqueConstraint("refund_ref", name="uq_refund_refund_ref"),
    )
    for column in ("batch_id", "merchant_id", "payment_id", "state"):
        op.create_index(f"ix_refund_{column}", "refund", [column])


def downgrade() -> None:
    op.drop_table("refund")
    op.drop_column("payment", "retry_at")
    op.drop_column("payment", "waiting_code")
    op.drop_column("payment", "refunded_units")
    replace_check(op.get_bind(), "batch", "ck_batch_kind", one_of("kind", KINDS))
