"""Our copy of what account keys are derived from, sealed by the wallet service.

Revision: 0018, after 0017.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("account_address", sa.Column("sealed_salt", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("account_address", "sealed_salt")
