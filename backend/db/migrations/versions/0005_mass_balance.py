"""Collection rounds, weighings, balances; what became of rewards after their receipts.

Revision: 0005, after 0004.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import backend.db.types

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

Text = sqlmodel.sql.sqltypes.AutoString
Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _instant(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, backend.db.types.UTCDateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    with op.batch_alter_table("receipt") as batch_op:
        batch_op.add_column(sa.Column("moves", sa.JSON(), nullable=False, server_default="{}"))
    with op.batch_alter_table("receipt") as batch_op:
        batch_op.alter_column("moves", server_default=None)
    op.create_table(
        "reward_adjustment",
        sa.Column("id", Serial, autoincrement=True, nullable=False),
        sa.Column("claim_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", Text(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        _instant("at"),
        sa.CheckConstraint(
            "kind IN ('trimmed','taken_back','restored')", name=op.f("ck_reward_adjustment_kind")
        ),
        sa.CheckConstraint("units > 0", name=op.f("ck_reward_adjustment_units_positive")),
        sa.ForeignKeyConstraint(
            ["claim_id"], ["claim.id"], name=op.f("fk_reward_adjustment_claim_id_claim")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reward_adjustment")),
    )
    op.create_index(op.f("ix_reward_adjustment_claim_id"), "reward_adjustment", ["claim_id"])
    op.create_table(
        "collection_round",
        sa.Column("ref", Text(), nullable=False),
        sa.Column("state", Text(), nullable=False),
        _instant("opened_at"),
        _instant("touched_at"),
        _instant("closed_at", nullable=True),
        sa.Column("closed_by", Text(), nullable=True),
        sa.CheckConstraint("state IN ('open','closed')", name=op.f("ck_collection_round_state")),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_collection_round")),
    )
    op.create_index(op.f("ix_collection_round_state"), "collection_round", ["state"])
    op.create_table(
        "weighing",
        sa.Column("id", Serial, autoincrement=True, nullable=False),
        sa.Column("round_ref", Text(), nullable=False),
        sa.Column("ticket", Text(), nullable=False),
        sa.Column("station_id", Text(), nullable=False),
        sa.Column("material", Text(), nullable=False),
        sa.Column("container", Text(), nullable=False),
        sa.Column("net_g", sa.BigInteger(), nullable=False),
        sa.Column("impurity_bps", sa.Integer(), nullable=False),
        _instant("collected_at"),
        sa.CheckConstraint("net_g >= 0", name=op.f("ck_weighing_net_not_negative")),
        sa.CheckConstraint(
            "impurity_bps BETWEEN 0 AND 10000", name=op.f("ck_weighing_impurity_is_a_share")
        ),
        sa.ForeignKeyConstraint(
            ["round_ref"],
            ["collection_round.ref"],
            name=op.f("fk_weighing_round_ref_collection_round"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_weighing")),
        sa.UniqueConstraint(
            "ticket",
            "station_id",
            "material",
            "container",
            name=op.f("uq_weighing_ticket_station_id_material_container"),
        ),
    )
    op.create_index(op.f("ix_weighing_round_ref"), "weighing", ["round_ref"])
    op.create_index(op.f("ix_weighing_station_id"), "weighing", ["station_id"])
    _balances()


def _balances() -> None:
    op.create_table(
        "station_balance",
        sa.Column("id", Serial, autoincrement=True, nullable=False),
        sa.Column("round_ref", Text(), nullable=False),
        sa.Column("station_id", Text(), nullable=False),
        sa.Column("material", Text(), nullable=False),
        _instant("until"),
        sa.Column("deposits", sa.Integer(), nullable=False),
        sa.Column("claimed_g", sa.BigInteger(), nullable=False),
        sa.Column("weighed_g", sa.BigInteger(), nullable=False),
        sa.Column("carried_in_g", sa.BigInteger(), nullable=False),
        sa.Column("carried_out_g", sa.BigInteger(), nullable=False),
        sa.Column("spare_g", sa.BigInteger(), nullable=False),
        sa.Column("excess_g", sa.BigInteger(), nullable=False),
        sa.Column("tolerance_bps", sa.Integer(), nullable=False),
        sa.Column("keep_numerator", sa.BigInteger(), nullable=False),
        sa.Column("keep_denominator", sa.BigInteger(), nullable=False),
        sa.Column("reliability_before_bps", sa.Integer(), nullable=False),
        sa.Column("reliability_after_bps", sa.Integer(), nullable=False),
        sa.Column("state", Text(), nullable=False),
        sa.Column("released_units", sa.BigInteger(), nullable=False),
        sa.Column("trimmed_units", sa.BigInteger(), nullable=False),
        _instant("due_at", nullable=True),
        _instant("decided_at", nullable=True),
        sa.Column("decided_by", Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('reconciled','trimmed','waiting','released')",
            name=op.f("ck_station_balance_state"),
        ),
        sa.ForeignKeyConstraint(
            ["round_ref"],
            ["collection_round.ref"],
            name=op.f("fk_station_balance_round_ref_collection_round"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_station_balance")),
        sa.UniqueConstraint(
            "round_ref",
            "station_id",
            "material",
            name=op.f("uq_station_balance_round_ref_station_id_material"),
        ),
    )
    op.create_index(op.f("ix_station_balance_state"), "station_balance", ["state"])
    op.create_index(
        "ix_station_balance_latest", "station_balance", ["station_id", "material", "until"]
    )
    op.create_table(
        "deposit_mass",
        sa.Column("claim_id", sa.BigInteger(), nullable=False),
        sa.Column("station_id", Text(), nullable=False),
        sa.Column("material", Text(), nullable=False),
        sa.Column("level", Text(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("mass_g", sa.BigInteger(), nullable=False),
        _instant("occurred_at"),
        sa.Column("balance_id", sa.BigInteger(), nullable=True),
        sa.Column("is_withdrawn", sa.Boolean(), nullable=False),
        sa.CheckConstraint("mass_g >= 0", name=op.f("ck_deposit_mass_mass_not_negative")),
        sa.PrimaryKeyConstraint("claim_id", name=op.f("pk_deposit_mass")),
    )
    op.create_index(op.f("ix_deposit_mass_balance_id"), "deposit_mass", ["balance_id"])
    op.create_index(
        "ix_deposit_mass_open",
        "deposit_mass",
        ["station_id", "material", "balance_id", "occurred_at"],
    )


def downgrade() -> None:
    for table in (
        "deposit_mass",
        "station_balance",
        "weighing",
        "collection_round",
        "reward_adjustment",
    ):
        op.drop_table(table)
    with op.batch_alter_table("receipt") as batch_op:
        batch_op.drop_column("moves")
