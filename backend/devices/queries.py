"""Reads of devices."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from backend.devices import codes, rules
from backend.devices.errors import CodeForgedError, DeviceNotFoundError
from backend.devices.models import Device, SensorMessage, ShortCode


def by_number(session: Session, number: int) -> Device | None:
    """Return a device, `None` when the number is unknown."""
    return session.get(Device, number)


def need(session: Session, number: int) -> Device:
    """Return a device.

    Raises:
        DeviceNotFoundError: No device has this number.
    """
    found = session.get(Device, number)
    if found is None:
        raise DeviceNotFoundError(number)
    return found


def by_numbers(session: Session, numbers: Iterable[int]) -> Mapping[int, Device]:
    """Return the devices that exist among `numbers`, by number, in one query."""
    statement = select(Device).where(col(Device.number).in_(set(numbers)))
    return {device.number: device for device in session.exec(statement).all()}


def verified(code: codes.UnverifiedCode, device: Device) -> codes.Code:
    """Return the facts of a code that a device signed, with its key of that time.

    Raises:
        CodeForgedError: Somebody else signed it, or the device has no key yet.
    """
    if device.public_key is None:
        raise CodeForgedError(device.number)
    keys = rules.keys_for(
        code.content.issued_at,
        public_key=device.public_key,
        previous_key=device.previous_key,
        rotated_at=device.rotated_at,
    )
    for key in keys[:-1]:
        try:
            return codes.verify(code, bytes.fromhex(key))
        except CodeForgedError:
            continue
    return codes.verify(code, bytes.fromhex(keys[-1]))


def all_devices(session: Session, *, station_id: str | None = None) -> Sequence[Device]:
    """Return devices by number; all of them, or those of one station."""
    statement = select(Device)
    if station_id is not None:
        statement = statement.where(col(Device.station_id) == station_id)
    return session.exec(statement.order_by(col(Device.number))).all()


def silent_since(session: Session, instant: datetime) -> Sequence[Device]:
    """Return active devices that have not called since `instant`, for the health page."""
    statement = select(Device).where(
        col(Device.state) == "active",
        (col(Device.last_contact_at) < instant) | col(Device.last_contact_at).is_(None),
    )
    return session.exec(statement.order_by(col(Device.number))).all()


def token_of_short(session: Session, short: str, *, now: datetime) -> str | None:
    """Return the signed code behind a short one, `None` when it stands for nothing now."""
    found = session.get(ShortCode, short)
    return found.token if found is not None and found.expires_at >= now else None


def stations_with_sensors(session: Session, station_ids: Iterable[str]) -> set[str]:
    """Return those of the stations that have an active sensor."""
    statement = select(Device.station_id).where(
        col(Device.kind) == "sensor",
        col(Device.state) == "active",
        col(Device.station_id).in_(set(station_ids)),
    )
    return {station_id for station_id in session.exec(statement) if station_id is not None}


def count_stickers(session: Session, station_ids: Iterable[str]) -> dict[str, int]:
    """Return station → how many stickers of it are in use, for those that have any."""
    statement = (
        select(Device.station_id, func.count())
        .where(
            col(Device.kind) == "sticker",
            col(Device.state) == "active",
            col(Device.station_id).in_(set(station_ids)),
        )
        .group_by(col(Device.station_id))
    )
    return {station_id or "": count for station_id, count in session.exec(statement).all()}


def newest_messages(session: Session, number: int, *, limit: int) -> Sequence[SensorMessage]:
    """Return the messages of a sensor that arrived last."""
    statement = select(SensorMessage).where(col(SensorMessage.device) == number)
    return session.exec(statement.order_by(col(SensorMessage.id).desc()).limit(limit)).all()


def message_of_claim(session: Session, claim_id: int) -> SensorMessage | None:
    """Return the message that corroborates a claim, or `None`."""
    statement = select(SensorMessage).where(col(SensorMessage.claim_id) == claim_id)
    return session.exec(statement).one_or_none()


def free_messages(
    session: Session, station_id: str, *, since: datetime, until: datetime
) -> Sequence[SensorMessage]:
    """Return what a station's sensors felt and no claim has taken, newest first."""
    statement = select(SensorMessage).where(
        col(SensorMessage.station_id) == station_id,
        col(SensorMessage.claim_id).is_(None),
        col(SensorMessage.felt_at).between(since, until),
    )
    return session.exec(statement.order_by(col(SensorMessage.felt_at).desc())).all()
