"""Browsers that several accounts share; freezes of accounts; company at a machine.

Revision: 0009, after 0008.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import backend.db.types

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

Text = sqlmodel.sql.sqltypes.AutoString
Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _instant(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, backend.db.types.UTCDateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_index("ix_claim_device_occurred", "claim", ["device_number", "occurred_at"])
    op.create_table(
        "phone_seen",
        sa.Column("phone_hash", Text(), nullable=False),
        sa.Column("account_id", Text(), nullable=False),
        _instant("seen_at"),
        sa.PrimaryKeyConstraint("phone_hash", "account_id", name=op.f("pk_phone_seen")),
    )
    op.create_index(op.f("ix_phone_seen_account_id"), "phone_seen", ["account_id"])
    op.create_index(op.f("ix_phone_seen_seen_at"), "phone_seen", ["seen_at"])
    op.create_table(
        "account_freeze",
        sa.Column("id", Serial, autoincrement=True, nullable=False),
        sa.Column("account_id", Text(), nullable=False),
        sa.Column("state", Text(), nullable=False),
        sa.Column("reason_code", Text(), nullable=False),
        sa.Column("note", Text(), nullable=False),
        sa.Column("claim_public_id", Text(), nullable=False),
        sa.Column("account_state", Text(), nullable=False),
        sa.Column("requested_by", Text(), nullable=False),
        _instant("requested_at"),
        sa.Column("confirmed_by", Text(), nullable=True),
        _instant("confirmed_at", nullable=True),
        sa.Column("statement", Text(), nullable=False),
        _instant("appealed_at", nullable=True),
        _instant("appeal_due_at", nullable=True),
        _instant("appeal_decided_at", nullable=True),
        sa.Column("closed_by", Text(), nullable=True),
        _instant("closed_at", nullable=True),
        sa.CheckConstraint(
            "state IN ('requested','frozen','declined','lifted')",
            name=op.f("ck_account_freeze_state"),
        ),
        sa.CheckConstraint(
            "reason_code IN ('many_accounts','forged_codes','empty_deposits','points_sold',"
            "'card_stolen')",
            name=op.f("ck_account_freeze_reason_code"),
        ),
        sa.CheckConstraint(
            "confirmed_by IS NULL OR confirmed_by <> requested_by",
            name=op.f("ck_account_freeze_two_people"),
        ),
        sa.CheckConstraint(
            "closed_by IS NULL OR closed_at IS NOT NULL",
            name=op.f("ck_account_freeze_closed_has_time"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_freeze")),
    )
    op.create_index(op.f("ix_account_freeze_account_id"), "account_freeze", ["account_id"])
    op.create_index(op.f("ix_account_freeze_state"), "account_freeze", ["state"])


def downgrade() -> None:
    op.drop_table("account_freeze")
    op.drop_table("phone_seen")
    op.drop_index("ix_claim_device_occurred", table_name="claim")
