"""The citizen's own proof of a move to an own wallet.

Revision: 0022, after 0021.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("custody_move", sa.Column("proof", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("custody_move", "proof")
