"""Writes of devices: announce, enrol, rotate, revoke, hear from them; flush, never commit."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import delete, func, update
from sqlmodel import Session, col, select

from backend.devices import codes, queries, rules
from backend.devices.errors import (
    DeviceNotActiveError,
    DeviceNumberTakenError,
    EnrolmentRefusedError,
    PublicKeyInvalidError,
)
from backend.devices.models import Device, ShortCode
from backend.devices.rules import DeviceKind, DeviceState, RevocationReason

ENROLMENT_LASTS = timedelta(hours=24)
_RAW_KEY_HEX_CHARS = 64


@dataclass(frozen=True, slots=True)
class NewDevice:
    """What staff say of a device that is to come."""

    kind: DeviceKind
    name: str
    station_id: str | None = None
    material: str | None = None
    number: int | None = None
    capacity_per_slot: int = 6


def create_pending(session: Session, new: NewDevice, *, now: datetime) -> tuple[Device, str]:
    """Announce a device.

    Args:
        session: Open transaction.
        new: What is known of it; without a number the next free one is taken.
        now: The time.
    Returns:
        The device and its one-time enrolment code, of which only a hash is kept.
    Raises:
        DeviceNumberTakenError: The number is in use.
    """
    number = new.number or _next_number(session)
    if queries.by_number(session, number) is not None:
        raise DeviceNumberTakenError(number)
    code = rules.new_enrolment_code()
    device = Device(
        number=number,
        kind=new.kind,
        name=new.name,
        station_id=new.station_id,
        material=new.material,
        capacity_per_slot=new.capacity_per_slot,
        enrolment_hash=rules.enrolment_hash(code),
        enrolment_expires_at=now + ENROLMENT_LASTS,
        created_at=now,
    )
    session.add(device)
    session.flush()
    return device, code


def enrol(session: Session, code: str, public_key: str, *, now: datetime) -> Device:
    """Give a pending device its key; the one-time code ends with it.

    Repeating the call with the same key is harmless: the device may not have heard
    the first answer.

    Raises:
        PublicKeyInvalidError: No Ed25519 public key in 64 hex digits, or in use elsewhere.
        EnrolmentRefusedError: The code is unknown, used or too old.
    """
    key = _checked_key(public_key)
    hashed = rules.enrolment_hash(code)
    device = session.exec(select(Device).where(col(Device.enrolment_hash) == hashed)).one_or_none()
    if device is None or device.enrolment_expires_at is None:
        raise EnrolmentRefusedError
    if device.enrolment_expires_at < now:
        raise EnrolmentRefusedError
    if device.state == DeviceState.ACTIVE and device.public_key == key:
        return device
    if device.state != DeviceState.PENDING:
        raise EnrolmentRefusedError
    _refuse_shared_key(session, key, device.number)
    # One statement decides between two callers with the same code.
    won = session.execute(
        update(Device)
        .where(col(Device.number) == device.number, col(Device.state) == DeviceState.PENDING)
        .values(state=DeviceState.ACTIVE, public_key=key, enrolled_at=now, last_contact_at=now)
        .returning(col(Device.number))
    ).scalar_one_or_none()
    if won is None:
        raise EnrolmentRefusedError
    session.refresh(device)
    return device


def rotate(session: Session, number: int, public_key: str, *, now: datetime) -> Device:
    """Give an active device a new key; the former one stays good for codes made before.

    Raises:
        DeviceNotFoundError: No device has this number.
        DeviceNotActiveError: It is pending or revoked.
        PublicKeyInvalidError: The key is unusable or in use.
    """
    device = _active(session, number)
    key = _checked_key(public_key)
    if key == device.public_key:
        return device
    _refuse_shared_key(session, key, number)
    device.previous_key, device.public_key, device.rotated_at = device.public_key, key, now
    session.add(device)
    session.flush()
    return device


def revoke(session: Session, number: int, *, reason: RevocationReason, now: datetime) -> Device:
    """Revoke a device for ever; revoking again can only make the reason stricter.

    Raises:
        DeviceNotFoundError: No device has this number.
    """
    device = queries.need(session, number)
    is_stricter = (
        device.revoked_reason == RevocationReason.RETIRED and reason == RevocationReason.COMPROMISED
    )
    if device.state != DeviceState.REVOKED:
        device.revoked_at = now
        device.revoked_reason = reason
    elif is_stricter:
        device.revoked_reason = reason
    device.state = DeviceState.REVOKED
    device.enrolment_hash = None
    session.add(device)
    session.flush()
    return device


def hear(
    session: Session,
    device: Device,
    *,
    now: datetime,
    clock_skew_s: int,
    software: str | None = None,
    tokens: tuple[str, ...] = (),
) -> None:
    """Record a device's sign of life and the codes it is about to show.

    Args:
        session: Open transaction.
        device: Whose signature on the request was checked.
        now: The time.
        clock_skew_s: Its clock minus ours.
        software: Version that it told.
        tokens: Slot codes for which short codes shall stand; others are ignored.
    Effects: device row; short codes, and the expired ones of this device are deleted.
    """
    device.last_contact_at, device.clock_skew_s = now, clock_skew_s
    device.software = software or device.software
    session.add(device)
    session.execute(
        delete(ShortCode).where(
            col(ShortCode.device) == device.number, col(ShortCode.expires_at) < now
        )
    )
    for token in tokens:
        expires_at = _slot_end(token, device)
        if expires_at is not None and expires_at > now:
            session.merge(
                ShortCode(
                    short=rules.short_code(token),
                    device=device.number,
                    token=token,
                    expires_at=expires_at,
                )
            )
    session.flush()


def note_counter(session: Session, number: int, counter: int) -> None:
    """Remember the highest deposit counter that was accepted from a device."""
    session.execute(
        update(Device)
        .where(col(Device.number) == number, col(Device.counter_high) < counter)
        .values(counter_high=counter)
    )


def _slot_end(token: str, device: Device) -> datetime | None:
    code = codes.read(token)
    content = codes.verify(code, bytes.fromhex(device.public_key or ""))
    if not isinstance(content, codes.SlotCode) or content.device != device.number:
        return None
    return content.issued_at + timedelta(seconds=codes.SLOT_S + rules.Windows().slot_grace_s)


def _active(session: Session, number: int) -> Device:
    device = queries.need(session, number)
    if device.state != DeviceState.ACTIVE:
        raise DeviceNotActiveError(number, device.state)
    return device


def _next_number(session: Session) -> int:
    highest = session.exec(select(func.max(Device.number))).one()
    return (highest or 0) + 1


def _checked_key(public_key: str) -> str:
    key = public_key.lower()
    try:
        raw = bytes.fromhex(key)
        Ed25519PublicKey.from_public_bytes(raw)
    except ValueError as error:
        raise PublicKeyInvalidError("it is not 32 bytes in hex") from error
    if len(key) != _RAW_KEY_HEX_CHARS:
        raise PublicKeyInvalidError("it is not 32 bytes in hex")
    return key


def _refuse_shared_key(session: Session, key: str, number: int) -> None:
    statement = select(Device.number).where(
        (col(Device.public_key) == key) | (col(Device.previous_key) == key),
        col(Device.number) != number,
    )
    if session.exec(statement).first() is not None:
        raise PublicKeyInvalidError("another device uses it")
