"""Payments that a phone signs without network and the shop's till hands in later.

Revision: 0019, after 0018.
"""

import sqlalchemy as sa
from alembic import op

from backend.db.checks import one_of
from backend.db.types import UTCDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "promise_pass",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("public_key", sa.String(), nullable=False),
        sa.Column("user_agent", sa.String(), nullable=False),
        sa.Column("each_units", sa.BigInteger(), nullable=False),
        sa.Column("limit_units", sa.BigInteger(), nullable=False),
        sa.Column("spent_units", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("issued_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.Column("revoked_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint(one_of("state", ["active", "revoked"]), name="ck_promise_pass_state"),
        sa.CheckConstraint(
            "spent_units BETWEEN 0 AND limit_units", name="ck_promise_pass_spent_within"
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_promise_pass_account_id_account"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_promise_pass"),
    )
    for column in ("account_id", "state"):
        op.create_index(f"ix_promise_pass_{column}", "promise_pass", [column])
    op.create_table(
        "arrived_promise",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("pass_id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("signed_at", UTCDateTime(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("refusal_code", sa.String(), nullable=True),
        sa.Column("payment_id", sa.String(), nullable=False),
        sa.Column("handed_in_by", sa.String(), nullable=False),
        sa.Column("arrived_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint(
            one_of("outcome", ["accepted", "refused"]), name="ck_arrived_promise_outcome"
        ),
        sa.CheckConstraint(
            "(outcome = 'refused') = (refusal_code IS NOT NULL)",
            name="ck_arrived_promise_refused_has_code",
        ),
        sa.CheckConstraint("units > 0", name="ck_arrived_promise_units_positive"),
        sa.ForeignKeyConstraint(
            ["pass_id"], ["promise_pass.id"], name="fk_arrived_promise_pass_id_promise_pass"
        ),
        sa.ForeignKeyConstraint(
            ["merchant_id"], ["merchant.id"], name="fk_arrived_promise_merchant_id_merchant"
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.id"], name="fk_arrived_promise_payment_id_payment"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_arrived_promise"),
        sa.UniqueConstraint("payment_id", name="uq_arrived_promise_payment_id"),
    )
    for column in ("pass_id", "account_id", "merchant_id", "handed_in_by"):
        op.create_index(f"ix_arrived_promise_{column}", "arrived_promise", [column])
    op.create_table(
        "promise_shop",
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("limit_units", sa.BigInteger(), nullable=False),
        sa.Column("clerk_units", sa.BigInteger(), nullable=False),
        sa.Column("arrivals", sa.Integer(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint("limit_units >= 0", name="ck_promise_shop_limit_not_negative"),
        sa.CheckConstraint("clerk_units >= 0", name="ck_promise_shop_clerk_not_negative"),
        sa.ForeignKeyConstraint(
            ["merchant_id"], ["merchant.id"], name="fk_promise_shop_merchant_id_merchant"
        ),
        sa.PrimaryKeyConstraint("merchant_id", name="pk_promise_shop"),
    )


def downgrade() -> None:
    for table in ("promise_shop", "arrived_promise", "promise_pass"):
        op.drop_table(table)
