"""Clerks of shops, the tills they sign in on, and who took a payment.

Revision: 0015, after 0014.
"""

import sqlalchemy as sa
from alembic import op

from backend.db.checks import one_of, replace_check
from backend.db.types import UTCDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_KINDS = ["citizen", "merchant", "staff", "service"]


def upgrade() -> None:
    connection = op.get_bind()
    kinds = ["citizen", "merchant", "clerk", "staff", "service"]
    replace_check(connection, "account", "ck_account_kind", one_of("kind", kinds))
    op.create_table(
        "clerk",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("pin_salt", sa.String(), nullable=False),
        sa.Column("pin_hash", sa.String(), nullable=False),
        sa.Column("is_first_pin", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", UTCDateTime(), nullable=True),
        sa.Column("refund_limit_units", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("revoked_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint(one_of("state", ["active", "revoked"]), name="ck_clerk_state"),
        sa.CheckConstraint("refund_limit_units >= 0", name="ck_clerk_refund_limit_not_negative"),
        sa.CheckConstraint("failures >= 0", name="ck_clerk_failures_not_negative"),
        sa.ForeignKeyConstraint(
            ["merchant_id"], ["merchant.id"], name="fk_clerk_merchant_id_merchant"
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_clerk_account_id_account"),
        sa.PrimaryKeyConstraint("id", name="pk_clerk"),
        sa.UniqueConstraint("account_id", name="uq_clerk_account_id"),
    )
    for column in ("merchant_id", "state"):
        op.create_index(f"ix_clerk_{column}", "clerk", [column])
    op.create_table(
        "shop_till",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("user_agent", sa.String(), nullable=False),
        sa.Column("opened_by", sa.String(), nullable=False),
        sa.Column("opened_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.Column("closed_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["merchant_id"], ["merchant.id"], name="fk_shop_till_merchant_id_merchant"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_shop_till"),
    )
    op.create_index("ix_shop_till_merchant_id", "shop_till", ["merchant_id"])
    op.add_column("payment", sa.Column("taken_by", sa.String(), nullable=True))
    op.create_index("ix_payment_taken_by", "payment", ["taken_by"])
    op.create_index("ix_refund_asked_by", "refund", ["asked_by"])


def downgrade() -> None:
    op.drop_index("ix_refund_asked_by", table_name="refund")
    op.drop_index("ix_payment_taken_by", table_name="payment")
    op.drop_column("payment", "taken_by")
    for table in ("shop_till", "clerk"):
        op.drop_table(table)
    op.execute(
        "DELETE FROM login_session WHERE account_id IN "
        "(SELECT id FROM account WHERE kind = 'clerk')"
    )
    op.execute("UPDATE account SET kind = 'service' WHERE kind = 'clerk'")
    replace_check(op.get_bind(), "account", "ck_account_kind", one_of("kind", _KINDS))
