"""Reads of devices."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from backend.devices.errors import DeviceNotFoundError
from backend.devices.models import Device, ShortCode


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
