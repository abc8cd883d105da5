"""Where a shop is on the map; what an offer was before it was changed.

Revision: 0020, after 0019.
"""

import sqlalchemy as sa
from alembic import op

from backend.db.types import UTCDateTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("merchant", "merchant_application"):
        for name in ("latitude_e6", "longitude_e6"):
            op.add_column(table, sa.Column(name, sa.Integer(), nullable=True))
    op.create_table(
        "offer_change",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("offer_id", sa.String(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"]),
    )
    op.create_index("ix_offer_change_offer_id", "offer_change", ["offer_id"])


def downgrade() -> None:
    op.drop_table("offer_change")
    for table in ("merchant_application", "merchant"):
        for name in ("longitude_e6", "latitude_e6"):
            op.drop_column(table, name)
