"""Payouts, files for the bank and its answers; days that are closed; treasurers.

Revision: 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op

from backend.db.checks import hold_to_moves, one_of, replace_check
from backend.db.types import UTCDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ROLES = [
    "citizen",
    "merchant",
    "admin",
    "rules_editor",
    "rules_approver",
    "reviewer",
    "field",
    "auditor",
]
MOVES = {
    "payout": [
        "due>held", "due>in_file", "held>due", "in_file>due", "in_file>sent",
        "sent>paid", "sent>returned", "paid>returned", "returned>due",
    ],
    "payout_file": ["drafted>released", "drafted>withdrawn", "released>sent"],
    "payout_item": ["waiting>paid", "waiting>returned", "waiting>withdrawn", "paid>returned"],
}  # fmt: skip
"""Every step that a row may take; the pure tables of payouts/rules.py say the same."""


def upgrade() -> None:
    op.create_table(
        "bank_account",
        "day_closing",
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("iban", sa.String(), nullable=False),
        sa.Column("bic", sa.String(), nullable=False),
        sa.Column("refused_reason", sa.String(), nullable=True),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", name=op.f("pk_bank_account")),
    )
    op.create_table(
        "bank_report",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("imported_by", sa.String(), nullable=False),
        sa.Column("imported_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_report")),
        sa.UniqueConstraint("sha256", name=op.f("uq_bank_report_sha256")),
    )
    op.create_table(
        "funding",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("euro_cents", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("recorded_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint("euro_cents > 0", name=op.f("ck_funding_euro_cents_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_funding")),
        sa.UniqueConstraint("reference", name=op.f("uq_funding_reference")),
    )
    op.create_table(
        "payout",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("cash_out_id", sa.String(), nullable=False),
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("euro_cents", sa.BigInteger(), nullable=False),
        sa.Column("rate_micro_cents_per_unit", sa.BigInteger(), nullable=False),
        sa.Column("payout_ref", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("hold_reasons", sa.JSON(), nullable=False),
        sa.Column("held_until", UTCDateTime(), nullable=True),
        sa.Column("hold_released_by", sa.String(), nullable=True),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("paid_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('due','held','in_file','sent','paid','returned')",
            name=op.f("ck_payout_state"),
        ),
        sa.CheckConstraint("attempt > 0", name=op.f("ck_payout_attempt_positive")),
        sa.CheckConstraint(
            "euro_cents * 1000000 = units * rate_micro_cents_per_unit",
            name=op.f("ck_payout_cents_are_units_at_rate"),
        ),
        sa.CheckConstraint("units > 0 AND euro_cents > 0", name=op.f("ck_payout_amounts_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout")),
        sa.UniqueConstraint("cash_out_id", name=op.f("uq_payout_cash_out_id")),
        sa.UniqueConstraint("payout_ref", name=op.f("uq_payout_payout_ref")),
    )
    op.create_index(op.f("ix_payout_merchant_id"), "payout", ["merchant_id"], unique=False)
    op.create_index(op.f("ix_payout_state"), "payout", ["state"], unique=False)
    op.create_table(
        "payout_file",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("item_count", sa.Integer(), nullable=False),
        sa.Column("euro_cents", sa.BigInteger(), nullable=False),
        sa.Column("execution_on", sa.Date(), nullable=False),
        sa.Column("xml", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("prepared_by", sa.String(), nullable=False),
        sa.Column("prepared_at", UTCDateTime(), nullable=False),
        sa.Column("released_by", sa.String(), nullable=True),
        sa.Column("released_at", UTCDateTime(), nullable=True),
        sa.Column("sent_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            "(state IN ('released','sent')) = (released_by IS NOT NULL)",
            name=op.f("ck_payout_file_released_knows_by_whom"),
        ),
        sa.CheckConstraint(
            "state IN ('drafted','released','sent','withdrawn')", name=op.f("ck_payout_file_state")
        ),
        sa.CheckConstraint(
            "item_count > 0 AND euro_cents > 0", name=op.f("ck_payout_file_amounts_positive")
        ),
        sa.CheckConstraint(
            "released_by IS NULL OR released_by <> prepared_by",
            name=op.f("ck_payout_file_released_by_somebody_else"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_file")),
        sa.UniqueConstraint("message_id", name=op.f("uq_payout_file_message_id")),
    )
    op.create_index(op.f("ix_payout_file_state"), "payout_file", ["state"], unique=False)
    op.create_table(
        "solvency_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("outstanding_units", sa.BigInteger(), nullable=False),
        sa.Column("liability_cents", sa.BigInteger(), nullable=False),
        sa.Column("reserve_cents", sa.BigInteger(), nullable=False),
        sa.Column("owed_cents", sa.BigInteger(), nullable=False),
        sa.Column("paid_cents", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_solvency_day")),
    )
    op.create_table(
        "payout_item",
        sa.Column("end_to_end_id", sa.String(), nullable=False),
        sa.Column("payout_id", sa.String(), nullable=False),
        sa.Column("file_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("payee_name", sa.String(), nullable=False),
        sa.Column("payee_iban", sa.String(), nullable=False),
        sa.Column("euro_cents", sa.BigInteger(), nullable=False),
        sa.Column("reason_code", sa.String(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting','paid','returned','withdrawn')", name=op.f("ck_payout_item_state")
        ),
        sa.ForeignKeyConstraint(
            ["file_id"], ["payout_file.id"], name=op.f("fk_payout_item_file_id_payout_file")
        ),
        sa.ForeignKeyConstraint(
            ["payout_id"], ["payout.id"], name=op.f("fk_payout_item_payout_id_payout")
        ),
        sa.PrimaryKeyConstraint("end_to_end_id", name=op.f("pk_payout_item")),
    )
    op.create_index(op.f("ix_payout_item_file_id"), "payout_item", ["file_id"], unique=False)
    op.create_index(op.f("ix_payout_item_payout_id"), "payout_item", ["payout_id"], unique=False)
    op.create_index(
        "uq_payout_item_live",
        "payout_item",
        ["payout_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('waiting','paid')"),
        postgresql_where=sa.text("state IN ('waiting','paid')"),
    )
    op.create_table(
        "day_closing",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("cursor", sa.String(), nullable=False),
        sa.Column("completed_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_day_closing")),
    )
    op.add_column("cash_out", sa.Column("closing_day", sa.Date(), nullable=True))
    op.create_index(
        "uq_cash_out_merchant_id_closing_day",
        "cash_out",
        ["merchant_id", "closing_day"],
        unique=True,
    )
    replace_check(
        op.get_bind(), "staff_grant", "ck_staff_grant_role", one_of("role", [*ROLES, "treasurer"])
    )
    for table, moves in MOVES.items():
        hold_to_moves(op.get_bind(), table, moves)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in MOVES:
            op.execute(f"DROP TRIGGER {table}_moves_by_the_table ON {table}")
            op.execute(f"DROP FUNCTION {table}_moves()")
    for table in (
        "payout_item", "solvency_day", "payout_file", "payout", "funding", "bank_report",
        "bank_account", "day_closing",
    ):  # fmt: skip
        op.drop_table(table)
    op.drop_index("uq_cash_out_merchant_id_closing_day", "cash_out")
    op.drop_column("cash_out", "closing_day")
    op.execute("DELETE FROM staff_grant WHERE role = 'treasurer'")
    replace_check(op.get_bind(), "staff_grant", "ck_staff_grant_role", one_of("role", ROLES))
