"""carpool and partners.

Revision: 0008, after 0007.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import backend.db.types

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "carpool_journey",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("operator_number", sa.BigInteger(), nullable=False),
        sa.Column("operator_journey_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("operator_trip_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("operator_class", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("driver", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("passenger", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("driver_serial", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("passenger_serial", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("started_at", backend.db.types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", backend.db.types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("distance_m", sa.Integer(), nullable=False),
        sa.Column("start_commune_code", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("end_commune_code", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("body_hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("register_status", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column(
            "register_checked_at", backend.db.types.UTCDateTime(timezone=True), nullable=True
        ),
        sa.Column("next_check_at", backend.db.types.UTCDateTime(timezone=True), nullable=True),
        sa.Column("received_at", backend.db.types.UTCDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "operator_class IN ('A','B','C')", name=op.f("ck_carpool_journey_operator_class")
        ),
        sa.CheckConstraint(
            "register_status IS NULL OR register_status IN ('ok','pending','unknown','canceled','validation_error','acquisition_error','normalization_error','terms_violation_error','anomaly_error','fraud_error')",
            name=op.f("ck_carpool_journey_register_status"),
        ),
        sa.CheckConstraint(
            "state IN ('recorded','confirmed','closed','refused')",
            name=op.f("ck_carpool_journey_state"),
        ),
        sa.CheckConstraint("driver <> passenger", name=op.f("ck_carpool_journey_two_people")),
        sa.CheckConstraint(
            "ended_at >= started_at", name=op.f("ck_carpool_journey_ends_after_start")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carpool_journey")),
        sa.UniqueConstraint(
            "operator_number",
            "driver_serial",
            name=op.f("uq_carpool_journey_operator_number_driver_serial"),
        ),
        sa.UniqueConstraint(
            "operator_number",
            "operator_journey_id",
            name=op.f("uq_carpool_journey_operator_number_operator_journey_id"),
        ),
        sa.UniqueConstraint(
            "operator_number",
            "passenger_serial",
            name=op.f("uq_carpool_journey_operator_number_passenger_serial"),
        ),
    )
    with op.batch_alter_table("carpool_journey", schema=None) as batch_op:
        batch_op.create_index(
            "ix_carpool_journey_driver_started", ["driver", "started_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_carpool_journey_next_check_at"), ["next_check_at"], unique=False
        )
        batch_op.create_index(
            "ix_carpool_journey_passenger_started", ["passenger", "started_at"], unique=False
        )

    op.create_table(
        "partner_nullifier",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("partner_number", sa.BigInteger(), nullable=False),
        sa.Column("direction", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("nullifier", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("at", backend.db.types.UTCDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "direction IN ('ours','theirs')", name=op.f("ck_partner_nullifier_direction")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_nullifier")),
        sa.UniqueConstraint(
            "partner_number",
            "direction",
            "nullifier",
            name=op.f("uq_partner_nullifier_partner_number_direction_nullifier"),
        ),
    )
    with op.batch_alter_table("partner_nullifier", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_partner_nullifier_at"), ["at"], unique=False)

    with op.batch_alter_table("reward_adjustment", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_reward_adjustment_kind"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_reward_adjustment_kind"), "kind IN ('trimmed','taken_back','restored','owed')"
        )


def downgrade() -> None:
    with op.batch_alter_table("reward_adjustment", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_reward_adjustment_kind"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_reward_adjustment_kind"), "kind IN ('trimmed','taken_back','restored')"
        )
    with op.batch_alter_table("partner_nullifier", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_partner_nullifier_at"))

    op.drop_table("partner_nullifier")
    with op.batch_alter_table("carpool_journey", schema=None) as batch_op:
        batch_op.drop_index("ix_carpool_journey_passenger_started")
        batch_op.drop_index(batch_op.f("ix_carpool_journey_next_check_at"))
        batch_op.drop_index("ix_carpool_journey_driver_started")

    op.drop_table("carpool_journey")
