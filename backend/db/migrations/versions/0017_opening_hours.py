"""Opening hours of merchants; bank account and hours of an application.

Revision: 0017, after 0016.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("merchant", "merchant_application"):
        op.add_column(table, sa.Column("hours", sa.JSON(), nullable=False, server_default="[]"))
    for name in ("bank_holder", "iban"):
        column = sa.Column(name, sa.String(), nullable=False, server_default="")
        op.add_column("merchant_application", column)


def downgrade() -> None:
    for name in ("iban", "bank_holder"):
        op.drop_column("merchant_application", name)
    for table in ("merchant_application", "merchant"):
        op.drop_column(table, "hours")
