"""Payments, refunds and burns of the chain that no row explains, beside the mints.

Revision: 0021, after 0020.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_OLD, _NEW = "orphan_mint", "orphan"


def upgrade() -> None:
    _rename(_OLD, _NEW)
    with op.batch_alter_table(_NEW) as batch_op:
        batch_op.add_column(sa.Column("kind", sa.String(), server_default="mint", nullable=False))
        batch_op.create_check_constraint(
            op.f("ck_orphan_kind"), "kind IN ('mint','spend','refund','cash_out')"
        )


def downgrade() -> None:
    op.execute("DELETE FROM orphan WHERE kind <> 'mint'")
    with op.batch_alter_table(_NEW) as batch_op:
        batch_op.drop_constraint(op.f("ck_orphan_kind"), type_="check")
        batch_op.drop_column("kind")
    _rename(_NEW, _OLD)


def _rename(source: str, target: str) -> None:
    op.drop_index(f"ix_{source}_genesis_hash", table_name=source)
    op.rename_table(source, target)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE {target} RENAME CONSTRAINT pk_{source} TO pk_{target}")
    op.create_index(f"ix_{target}_genesis_hash", target, ["genesis_hash"])
