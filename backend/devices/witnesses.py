"""Writes of witnesses without a screen: stickers are printed, sensors' messages are kept.

Flush, never commit.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import update
from sqlmodel import Session, col

from backend.db.upsert import insert_or_skip
from backend.devices import codes, queries, rules, service
from backend.devices.contents import SensorCode
from backend.devices.models import Device, SensorMessage
from backend.devices.rules import DeviceKind, DeviceState, Freshness

FELT_BEFORE = timedelta(seconds=120)
"""Somebody opens the lid, drops what they brought, puts the bag away and takes the phone."""
FELT_AFTER = timedelta(seconds=20)
"""Or scans first; a radio network takes some seconds as well."""
_COMPARED = 200
"""Newest messages of a sensor that a counter is compared with."""


class MessageState(StrEnum):
    """What became of a sensor's message."""

    STORED = "stored"
    REPEATED = "repeated"
    LATE = "late"
    EARLY = "early"
    REVOKED = "revoked"
    COUNTER_REGRESSION = "counter_regression"
    COUNTER_OUT_OF_RANGE = "counter_out_of_range"


def print_sticker(
    session: Session, *, station_id: str, name: str, material: str | None, now: datetime
) -> tuple[Device, str]:
    """Make a sticker for a container: a device whose key signs once and is thrown away.

    So nobody can make a second code of it, and one that was copied is revoked like any
    other device, by its number.

    Returns:
        The device and its code, which is printed and not kept.
    """
    new = service.NewDevice(DeviceKind.STICKER, name, station_id, material)
    device, _ = service.create_pending(session, new, now=now)
    key = Ed25519PrivateKey.generate()
    device.public_key = key.public_key().public_bytes_raw().hex()
    device.state, device.enrolled_at, device.enrolment_hash = DeviceState.ACTIVE, now, None
    device.enrolment_expires_at = None
    session.add(device)
    session.flush()
    return device, codes.encode_sticker(key, device=device.number, issued_at=now)


def keep_message(
    session: Session, content: SensorCode, device: Device, *, now: datetime
) -> MessageState:
    """Store what a sensor felt; its signature was checked.

    Returns:
        What became of it; only `STORED` ones can corroborate a scan.
    """
    is_good = rules.accepts_codes_made_at(
        content.issued_at, revoked_at=device.revoked_at, reason=device.revoked_reason
    )
    if not is_good:
        return MessageState.REVOKED
    freshness = rules.freshness(content, now=now, windows=rules.Windows())
    if freshness != Freshness.FRESH:
        return MessageState(freshness.value)
    seen = [
        (message.counter, message.felt_at)
        for message in queries.newest_messages(session, device.number, limit=_COMPARED)
    ]
    if (content.counter, content.issued_at) in seen:
        return MessageState.REPEATED
    finding = rules.judge_counter(
        content.counter, content.issued_at, seen=seen, counter_high=device.counter_high
    )
    if not finding.is_accepted:
        return MessageState(finding.code)
    message = SensorMessage(
        device=device.number,
        counter=content.counter,
        station_id=device.station_id or "",
        material=device.material,
        event=content.event,
        value=content.value,
        felt_at=content.issued_at,
        received_at=now,
    )
    if insert_or_skip(session, message) is None:
        return MessageState.REPEATED
    service.note_counter(session, device.number, content.counter)
    return MessageState.STORED


def pair_message(
    session: Session, *, claim_id: int, station_id: str, material: str | None, at: datetime
) -> SensorMessage | None:
    """Give a claim the nearest free message of its container; each message serves one claim.

    Args:
        claim_id: A scan at the station; asking again returns the same message.
        station_id: Where.
        material: Of the scanned container; `None` for any.
        at: When it was scanned.
    """
    standing = queries.message_of_claim(session, claim_id)
    if standing is not None:
        return standing
    free = queries.free_messages(session, station_id, since=at - FELT_BEFORE, until=at + FELT_AFTER)
    for message in free:
        if None not in (material, message.material) and message.material != material:
            continue
        # One statement decides between two scans that want the same message.
        won = session.execute(
            update(SensorMessage)
            .where(col(SensorMessage.id) == message.id, col(SensorMessage.claim_id).is_(None))
            .values(claim_id=claim_id)
            .returning(col(SensorMessage.id))
        ).scalar_one_or_none()
        if won is not None:
            session.refresh(message)
            return message
    return None
