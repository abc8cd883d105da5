"""Offers of merchants, and applications to become one.

Revision: 0012, after 0011.
"""

import sqlalchemy as sa
from alembic import op

from backend.db.checks import one_of
from backend.db.types import UTCDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "offer",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("details", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("commune_code", sa.String(), nullable=False),
        sa.Column("price_units", sa.BigInteger(), nullable=False),
        sa.Column("stock_left", sa.Integer(), nullable=False),
        sa.Column("per_person", sa.Integer(), nullable=False),
        sa.Column("starts_at", UTCDateTime(), nullable=False),
        sa.Column("ends_at", UTCDateTime(), nullable=False),
        sa.Column("is_accessible", sa.Boolean(), nullable=False),
        sa.Column("is_spend_free", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint(one_of("state", ["open", "closed"]), name="ck_offer_state"),
        sa.CheckConstraint("price_units > 0", name="ck_offer_price_positive"),
        sa.CheckConstraint("stock_left >= 0", name="ck_offer_stock_not_negative"),
        sa.CheckConstraint("per_person > 0", name="ck_offer_per_person_positive"),
        sa.CheckConstraint("starts_at < ends_at", name="ck_offer_time_runs_forward"),
        sa.PrimaryKeyConstraint("id", name="pk_offer"),
    )
    for column in ("commune_code", "merchant_id", "state"):
        op.create_index(f"ix_offer_{column}", "offer", [column])
    op.create_table(
        "offer_hold",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("offer_id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("place_number", sa.Integer(), nullable=True),
        sa.Column("payment_id", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reserved_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint(
            one_of("state", ["reserved", "captured", "released"]), name="ck_offer_hold_state"
        ),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"], name="fk_offer_hold_offer_id_offer"),
        sa.PrimaryKeyConstraint("id", name="pk_offer_hold"),
        sa.UniqueConstraint(
            "offer_id",
            "account_id",
            "place_number",
            name="uq_offer_hold_offer_id_account_id_place_number",
        ),
    )
    for column in ("account_id", "offer_id", "payment_id", "state"):
        op.create_index(f"ix_offer_hold_{column}", "offer_hold", [column])
    op.create_table(
        "merchant_application",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("siret", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("commune_code", sa.String(), nullable=False),
        sa.Column("contract_version", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("merchant_id", sa.String(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("decided_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            one_of("kind", ["shop", "public_service", "association"]),
            name="ck_merchant_application_kind",
        ),
        sa.CheckConstraint(
            one_of("state", ["applied", "approved", "refused"]),
            name="ck_merchant_application_state",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_merchant_application"),
    )
    for column in ("account_id", "state"):
        op.create_index(f"ix_merchant_application_{column}", "merchant_application", [column])
    op.add_column("merchant", sa.Column("kind", sa.String(), nullable=False, server_default="shop"))
    op.add_column("merchant", sa.Column("siret", sa.String(), nullable=False, server_default=""))
    op.add_column("merchant", sa.Column("address", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    for column in ("address", "siret", "kind"):
        op.drop_column("merchant", column)
    for table in ("merchant_application", "offer_hold", "offer"):
        op.drop_table(table)
