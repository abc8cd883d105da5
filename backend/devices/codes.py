"""Codes that a citizen meets, and messages of sensors: signed by a device, read, verified.

A code is a CWT (RFC 8392) in an upper-case URL, so that its QR stays in the
alphanumeric mode and the phone's own camera opens it. What the kinds say is in
`contents`. Pure: no session, clock or settings.
"""

from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backend.devices import contents, cose
from backend.devices.cbor import CBORValue
from backend.devices.contents import (
    MATERIALS,
    MODES,
    SENSOR_EVENTS,
    SLOT_S,
    AttendedCode,
    Code,
    DepositCode,
    ItemCode,
    SensorCode,
    SlotCode,
    StickerCode,
    TicketCode,
    code_key,
)

__all__ = [
    "MATERIALS",
    "MODES",
    "SENSOR_EVENTS",
    "SLOT_S",
    "AttendedCode",
    "Code",
    "DepositCode",
    "ItemCode",
    "SensorCode",
    "SlotCode",
    "StickerCode",
    "TicketCode",
    "UnverifiedCode",
    "code_key",
    "encode_attended",
    "encode_deposit",
    "encode_item",
    "encode_sensor",
    "encode_slot",
    "encode_sticker",
    "encode_ticket",
    "read",
    "slot_of",
    "token_in",
    "url_of",
    "verify",
]


@dataclass(frozen=True, slots=True)
class UnverifiedCode:
    """A code that was read; only `device` may be used before `verify`."""

    envelope: cose.Envelope
    content: Code

    @property
    def device(self) -> int:
        """Number of the device that claims to have signed it."""
        return self.envelope.device


def slot_of(at: datetime) -> int:
    """Return the number of the 30 s slot that holds an instant."""
    return int(at.timestamp()) // SLOT_S


def encode_slot(key: Ed25519PrivateKey, *, device: int, slot: int, seq: int) -> str:
    """Sign the code of one slot; `seq` counts the codes shown within it, from 0."""
    return _seal(key, device, slot * SLOT_S, [contents.SLOT, seq])


def encode_deposit(
    key: Ed25519PrivateKey,
    *,
    device: int,
    counter: int,
    material: str,
    count: int,
    mass_g: int,
    issued_at: datetime,
) -> str:
    """Sign one deposit that a bin or a counter took.

    Args:
        key: The device's key.
        device: Its number.
        counter: 1 and up; each deposit has its own.
        material: A name of `MATERIALS`.
        count: Items, 0 to 1,000.
        mass_g: Mass in grams, 0 to 1,000,000.
        issued_at: When it was taken, whole seconds.
    """
    body: list[CBORValue] = [contents.DEPOSIT, counter, MATERIALS[material], count, mass_g]
    return _seal(key, device, _seconds(issued_at), body)


def encode_ticket(  # noqa: PLR0913 - a ticket has these facts
    key: Ed25519PrivateKey,
    *,
    device: int,
    serial: str,
    mode: str,
    distance_m: int,
    started_at: datetime,
    ended_at: datetime,
    issued_at: datetime,
) -> str:
    """Sign one trip as its operator: a validated ticket, a bike-share receipt.

    Args:
        key: The operator's key.
        device: The operator's number among devices.
        serial: Up to 16 ASCII characters; each ticket has its own.
        mode: A name of `MODES`.
        distance_m: Length of the trip in metres.
        started_at: First validation.
        ended_at: Last validation.
        issued_at: When the ticket was signed.
    """
    start, end = _seconds(started_at), _seconds(ended_at)
    body: list[CBORValue] = [contents.TICKET, serial, MODES[mode], distance_m, start, end]
    return _seal(key, device, _seconds(issued_at), body)


def encode_sticker(key: Ed25519PrivateKey, *, device: int, issued_at: datetime) -> str:
    """Sign what is printed on a sticker; its key is of no use afterwards."""
    return _seal(key, device, _seconds(issued_at), [contents.STICKER])


def encode_attended(  # noqa: PLR0913 - a deposit with its witness has these facts
    key: Ed25519PrivateKey,
    *,
    device: int,
    counter: int,
    material: str,
    count: int,
    mass_g: int,
    card_ref: str,
    agent: int,
    issued_at: datetime,
) -> str:
    """Sign a deposit that an agent saw, for the holder of a card.

    Args:
        key: The counter's key.
        device: Its number.
        counter: As of other deposits: 1 and up, each has its own.
        material: A name of `MATERIALS`.
        count: Items, 0 to 1,000.
        mass_g: Mass in grams, 0 to 1,000,000.
        card_ref: `card_ref` of the card that was shown, 16 hex digits.
        agent: Number of the agent at this counter, 1 to 9,999.
        issued_at: When it was taken, whole seconds.
    """
    facts: list[CBORValue] = [counter, MATERIALS[material], count, mass_g]
    body: list[CBORValue] = [contents.ATTENDED, *facts, bytes.fromhex(card_ref), agent]
    return _seal(key, device, _seconds(issued_at), body)


def encode_item(
    key: Ed25519PrivateKey,
    *,
    device: int,
    counter: int,
    material: str,
    serial: str,
    issued_at: datetime,
) -> str:
    """Sign that an object with a serial number of its own was taken back.

    Args:
        key: Of the machine or counter.
        device: Its number.
        counter: As of other deposits.
        material: A name of `MATERIALS`.
        serial: 1 to 16 letters, digits and hyphens; case does not matter.
        issued_at: When it was taken, whole seconds.
    """
    body: list[CBORValue] = [contents.ITEM, counter, MATERIALS[material], serial.upper()]
    return _seal(key, device, _seconds(issued_at), body)


def encode_sensor(
    key: Ed25519PrivateKey,
    *,
    device: int,
    counter: int,
    event: str,
    value: int,
    issued_at: datetime,
) -> str:
    """Sign what a container's sensor felt.

    Args:
        key: The sensor's key.
        device: Its number.
        counter: 1 and up; each message has its own.
        event: A name of `SENSOR_EVENTS`.
        value: 1 to 1,000,000, in the unit of the event.
        issued_at: When it happened, whole seconds.
    """
    body: list[CBORValue] = [contents.SENSOR, counter, SENSOR_EVENTS[event], value]
    return _seal(key, device, _seconds(issued_at), body)


def url_of(token: str, base_url: str) -> str:
    """Return the upper-case URL that goes into the QR, e.g. HTTPS://HOST/S/D2QE…."""
    return f"{base_url.rstrip('/')}/S/{token}".upper()


def token_in(text: str) -> str:
    """Return the code inside what was scanned or typed: a URL of ours, or the bare code."""
    _, _, token = text.strip().upper().rpartition("/S/")
    return token.replace(" ", "")


def read(text: str) -> UnverifiedCode:
    """Read a code, or a URL that holds one, without checking its signature.

    Raises:
        CodeTruncatedError: Its end is missing.
        CodeMalformedError: It is no code of ours.
    """
    envelope = cose.open_unverified(token_in(text))
    return UnverifiedCode(envelope, contents.content_of(envelope.device, envelope.payload))


def verify(code: UnverifiedCode, public_key: bytes) -> Code:
    """Return the facts of a code that the holder of `public_key` signed.

    Raises:
        CodeForgedError: Somebody else signed it, or it was changed.
    """
    cose.check_signature(code.envelope, public_key)
    return code.content


def _seal(key: Ed25519PrivateKey, device: int, issued_s: int, body: list[CBORValue]) -> str:
    token = cose.seal(
        key, device=device, claims={contents.ISSUED_AT: issued_s, contents.BODY: body}
    )
    # A device must not show what no server would read: out-of-range facts fail here.
    read(token)
    return token


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
