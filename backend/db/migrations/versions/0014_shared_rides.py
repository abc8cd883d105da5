"""Shared rides of local lines: a ride with a code, a seat for each passenger.

Revision: 0014, after 0013.
"""

import sqlalchemy as sa
from alembic import op

from backend.db.checks import one_of
from backend.db.types import UTCDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shared_ride",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("driver_id", sa.String(), nullable=False),
        sa.Column("word", sa.String(), nullable=False),
        sa.Column("key_hex", sa.String(), nullable=False),
        sa.Column("wrong_codes", sa.Integer(), nullable=False),
        sa.Column("opened_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_shared_ride"),
        sa.UniqueConstraint("word", name="uq_shared_ride_word"),
    )
    op.create_index("ix_shared_ride_driver_id_opened_at", "shared_ride", ["driver_id", "opened_at"])
    op.create_table(
        "shared_seat",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("ride_id", sa.String(), nullable=False),
        sa.Column("driver_id", sa.String(), nullable=False),
        sa.Column("passenger_id", sa.String(), nullable=False),
        sa.Column("joined_at", UTCDateTime(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("driver_trip_id", sa.String(), nullable=True),
        sa.Column("passenger_trip_id", sa.String(), nullable=True),
        sa.Column("driver_track", sa.JSON(), nullable=True),
        sa.Column("passenger_track", sa.JSON(), nullable=True),
        sa.Column("started_at", UTCDateTime(), nullable=True),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("distance_m", sa.Integer(), nullable=True),
        sa.Column("decided_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            one_of("state", ["waiting", "proved", "refused"]), name="ck_shared_seat_state"
        ),
        sa.CheckConstraint("driver_id <> passenger_id", name="ck_shared_seat_two_people"),
        sa.ForeignKeyConstraint(
            ["ride_id"], ["shared_ride.id"], name="fk_shared_seat_ride_id_shared_ride"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_shared_seat"),
        sa.UniqueConstraint("ride_id", "passenger_id", name="uq_shared_seat_ride_id_passenger_id"),
    )
    for column in ("state", "driver_id", "passenger_id"):
        name = f"ix_shared_seat_{column}_joined_at"
        op.create_index(name, "shared_seat", [column, "joined_at"])


def downgrade() -> None:
    for table in ("shared_seat", "shared_ride"):
        op.drop_table(table)
