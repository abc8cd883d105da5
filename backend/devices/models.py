"""Tables of devices: public keys only; private keys never leave the devices."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from backend.db.types import BigInt, instant, serial_key


class Device(SQLModel, table=True):
    """A machine or partner's server that signs codes."""

    __tablename__ = "device"
    __table_args__ = (
        CheckConstraint("kind IN ('kiosk','bin','counter','operator','sticker','sensor')", "kind"),
        CheckConstraint("state IN ('pending','active','revoked')", "state"),
        CheckConstraint("state <> 'active' OR public_key IS NOT NULL", "active_has_key"),
        CheckConstraint("number BETWEEN 1 AND 4294967295", "number_fits_key_id"),
    )

    number: int = Field(
        primary_key=True,
        sa_type=BigInt,
        sa_column_kwargs={"autoincrement": False},
        description="Number on the device's label and in its codes (COSE key id).",
    )
    kind: str = Field(
        description="kiosk, bin, counter (an agent's post), operator, sticker, sensor."
    )
    name: str = Field(description="What staff call it.")
    station_id: str | None = Field(
        default=None, index=True, description="Station where it stands; none for operators."
    )
    material: str | None = Field(
        default=None, description="Material of its container when it serves one only."
    )
    capacity_per_slot: int = Field(
        default=6, description="Most codes it may show in 30 s; bounds what a live relay can take."
    )
    state: str = Field(default="pending", index=True, description="pending, active, revoked.")
    public_key: str | None = Field(
        default=None, unique=True, description="Ed25519 public key, 64 hex digits."
    )
    previous_key: str | None = Field(
        default=None, description="Key before the last rotation; valid for codes made before it."
    )
    rotated_at: datetime | None = instant("When the last rotation took place.", default=None)
    enrolment_hash: str | None = Field(
        default=None, unique=True, description="SHA-256 of the one-time code, until it is used."
    )
    enrolment_expires_at: datetime | None = instant("When the one-time code ends.", default=None)
    enrolled_at: datetime | None = instant("When it first showed its key.", default=None)
    revoked_at: datetime | None = instant("When it was revoked.", default=None)
    revoked_reason: str | None = Field(
        default=None, description="retired (honest until then) or compromised (trust nothing)."
    )
    counter_high: int = Field(
        default=0, sa_type=BigInt, description="Highest deposit counter accepted so far."
    )
    last_contact_at: datetime | None = instant("Last signed request.", default=None)
    clock_skew_s: int = Field(
        default=0, description="Its clock minus ours at last contact. Unit: seconds."
    )
    software: str | None = Field(default=None, description="Version that it last told.")
    created_at: datetime = instant("When staff announced it.")


class ShortCode(SQLModel, table=True):
    """Eight characters to type where the camera cannot be used; they stand for a slot code."""

    __tablename__ = "device_short_code"

    short: str = Field(primary_key=True, description="Eight characters of 32 that look different.")
    device: int = Field(sa_type=BigInt, index=True, description="Device that announced it.")
    token: str = Field(description="The signed code that it stands for.")
    expires_at: datetime = instant("When it stops to stand for anything.")


class SensorMessage(SQLModel, table=True):
    """What a container's sensor felt; one citizen's scan at most pairs with it."""

    __tablename__ = "sensor_message"
    __table_args__ = (
        UniqueConstraint("device", "counter"),
        CheckConstraint("event IN ('lid','fill','weight')", "event"),
        Index("ix_sensor_message_station_id_felt_at", "station_id", "felt_at"),
    )

    id: int | None = serial_key("Order of arrival.")
    device: int = Field(sa_type=BigInt, description="Sensor that signed it.")
    counter: int = Field(sa_type=BigInt, description="Its own number of the message.")
    station_id: str = Field(description="Station of the sensor when the message came.")
    material: str | None = Field(
        default=None, description="Material of its container; none for the whole station."
    )
    event: str = Field(description="lid (times), fill (litres) or weight (grams).")
    value: int = Field(description="How much, in the unit of the event.")
    felt_at: datetime = instant("When it happened, as signed.")
    received_at: datetime = instant("When it came.")
    claim_id: int | None = Field(
        default=None, sa_type=BigInt, unique=True, description="Claim that it corroborates."
    )
