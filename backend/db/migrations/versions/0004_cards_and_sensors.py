"""Add cards, households, messages of sensors, and two kinds of device: stickers and sensors.

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import backend.db.types

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


BEFORE = "kind IN ('kiosk','bin','counter','operator')"
AFTER = "kind IN ('kiosk','bin','counter','operator','sticker','sensor')"


def device_kinds(condition: str) -> None:
    """Replace the check on the kinds of device."""
    with op.batch_alter_table("device") as table:
        table.drop_constraint(op.f("ck_device_kind"), type_="check")
        table.create_check_constraint(op.f("ck_device_kind"), condition)


def upgrade() -> None:
    device_kinds(AFTER)
    op.create_table(
        "card",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("ref", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("tail", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("account_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("household_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("issued_at", backend.db.types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("issued_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("blocked_at", backend.db.types.UTCDateTime(timezone=True), nullable=True),
        sa.Column("blocked_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.CheckConstraint(
            "(state = 'blocked') = (blocked_at IS NOT NULL)", name=op.f("ck_card_blocked_has_time")
        ),
        sa.CheckConstraint("state IN ('active','blocked')", name=op.f("ck_card_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card")),
        sa.UniqueConstraint("ref", name=op.f("uq_card_ref")),
    )
    with op.batch_alter_table("card", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_card_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_card_household_id"), ["household_id"], unique=False)

    op.create_table(
        "card_pass",
        sa.Column("ref", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("account_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("issued_at", backend.db.types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", backend.db.types.UTCDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_card_pass")),
    )
    with op.batch_alter_table("card_pass", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_card_pass_account_id"), ["account_id"], unique=False)

    op.create_table(
        "household",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", backend.db.types.UTCDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household")),
    )
    op.create_table(
        "sensor_message",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("device", sa.BigInteger(), nullable=False),
        sa.Column("counter", sa.BigInteger(), nullable=False),
        sa.Column("station_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("material", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("event", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("felt_at", backend.db.types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("received_at", backend.db.types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("claim_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "event IN ('lid','fill','weight')", name=op.f("ck_sensor_message_event")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sensor_message")),
        sa.UniqueConstraint("claim_id", name=op.f("uq_sensor_message_claim_id")),
        sa.UniqueConstraint("device", "counter", name=op.f("uq_sensor_message_device_counter")),
    )
    with op.batch_alter_table("sensor_message", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sensor_message_station_id_felt_at", ["station_id", "felt_at"], unique=False
        )

    op.create_table(
        "household_invite",
        sa.Column("code_hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("household_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", backend.db.types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", backend.db.types.UTCDateTime(timezone=True), nullable=False),
        sa.Column("used_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.ForeignKeyConstraint(
            ["household_id"],
            ["household.id"],
            name=op.f("fk_household_invite_household_id_household"),
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_household_invite")),
    )
    with op.batch_alter_table("household_invite", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_household_invite_household_id"), ["household_id"], unique=False
        )

    op.create_table(
        "household_member",
        sa.Column("account_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("household_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("joined_at", backend.db.types.UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["household_id"],
            ["household.id"],
            name=op.f("fk_household_member_household_id_household"),
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_household_member")),
    )
    with op.batch_alter_table("household_member", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_household_member_household_id"), ["household_id"], unique=False
        )

    with op.batch_alter_table("claim", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("decide_after", backend.db.types.UTCDateTime(timezone=True), nullable=True)
        )


def downgrade() -> None:
    op.execute("DELETE FROM device WHERE kind IN ('sticker','sensor')")
    device_kinds(BEFORE)
    with op.batch_alter_table("claim", schema=None) as batch_op:
        batch_op.drop_column("decide_after")

    with op.batch_alter_table("household_member", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_household_member_household_id"))

    op.drop_table("household_member")
    with op.batch_alter_table("household_invite", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_household_invite_household_id"))

    op.drop_table("household_invite")
    with op.batch_alter_table("sensor_message", schema=None) as batch_op:
        batch_op.drop_index("ix_sensor_message_station_id_felt_at")

    op.drop_table("sensor_message")
    op.drop_table("household")
    with op.batch_alter_table("card_pass", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_card_pass_account_id"))

    op.drop_table("card_pass")
    with op.batch_alter_table("card", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_card_household_id"))
        batch_op.drop_index(batch_op.f("ix_card_account_id"))

    op.drop_table("card")
