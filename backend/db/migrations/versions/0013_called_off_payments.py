"""Payments that are given up while they wait for the register.

Revision: 0013, after 0012.
"""

import sqlalchemy as sa
from alembic import op

from backend.db.checks import one_of, replace_check
from backend.db.types import UTCDateTime

revision = "0013"
down_revision = "0012"
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
]
STATES = [
    "requested",
    "accepted",
    "authorised",
    "batched",
    "confirmed",
    "expired",
    "cancelled",
    "failed",
]


def upgrade() -> None:
    bind = op.get_bind()
    replace_check(bind, "batch", "ck_batch_kind", one_of("kind", [*KINDS, "cancel_payment"]))
    replace_check(bind, "payment", "ck_payment_state", one_of("state", [*STATES, "cancelling"]))
    op.add_column("payment", sa.Column("cancellation", sa.JSON(), nullable=True))
    op.add_column("payment", sa.Column("cancel_signed_at", UTCDateTime(), nullable=True))


def downgrade() -> None:
    bind = op.get_bind()
    op.drop_column("payment", "cancel_signed_at")
    op.drop_column("payment", "cancellation")
    replace_check(bind, "payment", "ck_payment_state", one_of("state", STATES))
    replace_check(bind, "batch", "ck_batch_kind", one_of("kind", KINDS))
