"""Codes that a citizen meets: slot, deposit and ticket codes, signed by a device.

A code is a CWT (RFC 8392) in an upper-case URL, so that its QR stays in the
alphanumeric mode and the phone's own camera opens it. The claims are `iat` (6)
and one private claim: a list that starts with the kind of code. docs/codes.md
has the tables. Pure: no session, clock or settings.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backend.devices import cose
from backend.devices.cbor import CBORValue, Reader
from backend.devices.errors import CodeMalformedError

SLOT_S = 30
"""A kiosk's code lives this long on its screen (docs/architecture.md, codes)."""

MATERIALS: Mapping[str, int] = MappingProxyType(
    {
        "glass": 1,
        "packaging": 2,
        "paper": 3,
        "textile": 4,
        "organic": 5,
        "electronics": 6,
        "battery": 7,
        "metal": 8,
        "plastic_bottle": 9,
        "can": 10,
        "oil": 11,
        "bulky": 12,
        "hazardous": 13,
        "green_waste": 14,
        "wood": 15,
    }
)
"""Numbers inside codes; append only, since printed codes outlive a release."""

MODES: Mapping[str, int] = MappingProxyType(
    {
        "walk": 1,
        "bike": 2,
        "bus": 3,
        "metro": 4,
        "tram": 5,
        "rail": 6,
        "ferry": 7,
        "carpool": 8,
        "bike_share": 9,
        "scooter_share": 10,
    }
)
"""Numbers inside codes; append only."""

_ISSUED_AT = 6
_BODY = -65537
"""First private-use claim key (RFC 8392 §9.1)."""
_SLOT, _DEPOSIT, _TICKET = 1, 2, 3
_MATERIAL_NAMES = {number: name for name, number in MATERIALS.items()}
_MODE_NAMES = {number: name for name, number in MODES.items()}
_MAX_COUNTER = 2**32 - 1
_MAX_COUNT = 1_000
_MAX_MASS_G = 1_000_000
_MAX_DISTANCE_M = 1_000_000
_MAX_SEQ = 1_000
_MAX_SERIAL_CHARS = 16
_MAX_INSTANT = 2**32 - 1


@dataclass(frozen=True, slots=True)
class SlotCode:
    """Somebody stood before this screen within these 30 seconds."""

    device: int
    slot: int
    seq: int
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class DepositCode:
    """This machine took this deposit; `counter` never repeats."""

    device: int
    counter: int
    material: str
    count: int
    mass_g: int
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class TicketCode:
    """An operator of mobility witnesses one trip; `serial` never repeats."""

    device: int
    serial: str
    mode: str
    distance_m: int
    started_at: datetime
    ended_at: datetime
    issued_at: datetime


Code = SlotCode | DepositCode | TicketCode


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
    return _seal(key, device, slot * SLOT_S, [_SLOT, seq])


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
    body: list[CBORValue] = [_DEPOSIT, counter, MATERIALS[material], count, mass_g]
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
    body: list[CBORValue] = [_TICKET, serial, MODES[mode], distance_m, start, end]
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
    return UnverifiedCode(envelope, _content(envelope))


def verify(code: UnverifiedCode, public_key: bytes) -> Code:
    """Return the facts of a code that the holder of `public_key` signed.

    Raises:
        CodeForgedError: Somebody else signed it, or it was changed.
    """
    cose.check_signature(code.envelope, public_key)
    return code.content


def code_key(code: Code) -> str:
    """Return the key under which a code is used once, whatever its spelling."""
    if isinstance(code, SlotCode):
        return f"slot:{code.device}:{code.slot}:{code.seq}"
    if isinstance(code, DepositCode):
        return f"deposit:{code.device}:{code.counter}"
    return f"ticket:{code.device}:{code.serial}"


def _seal(key: Ed25519PrivateKey, device: int, issued_s: int, body: list[CBORValue]) -> str:
    token = cose.seal(key, device=device, claims={_ISSUED_AT: issued_s, _BODY: body})
    # A device must not show what no server would read: out-of-range facts fail here.
    read(token)
    return token


def _content(envelope: cose.Envelope) -> Code:
    reader = Reader(envelope.payload)
    claims = reader.value()
    reader.finish()
    if not isinstance(claims, dict) or claims.keys() != {_ISSUED_AT, _BODY}:
        raise CodeMalformedError("its claims are not the ones of a code")
    issued_s, body = _whole(claims[_ISSUED_AT], 0, _MAX_INSTANT), claims[_BODY]
    if not isinstance(body, list) or not body:
        raise CodeMalformedError("it says nothing")
    match body:
        case [1, seq]:
            return _slot(envelope.device, issued_s, seq)
        case [2, counter, material, count, mass_g]:
            return DepositCode(
                device=envelope.device,
                counter=_whole(counter, 1, _MAX_COUNTER),
                material=_name(_MATERIAL_NAMES, material),
                count=_whole(count, 0, _MAX_COUNT),
                mass_g=_whole(mass_g, 0, _MAX_MASS_G),
                issued_at=_instant(issued_s),
            )
        case [3, serial, mode, distance_m, start, end]:
            return _ticket(envelope.device, issued_s, (serial, mode, distance_m, start, end))
    raise CodeMalformedError("its kind is unknown here")


def _slot(device: int, issued_s: int, seq: CBORValue) -> SlotCode:
    slot, rest = divmod(issued_s, SLOT_S)
    if rest:
        raise CodeMalformedError("it does not start at a slot")
    return SlotCode(device, slot, _whole(seq, 0, _MAX_SEQ), _instant(issued_s))


def _ticket(device: int, issued_s: int, facts: tuple[CBORValue, ...]) -> TicketCode:
    serial, mode, distance_m, start, end = facts
    if not (
        isinstance(serial, str)
        and 1 <= len(serial) <= _MAX_SERIAL_CHARS
        and serial.isascii()
        and serial.replace("-", "").isalnum()
    ):
        raise CodeMalformedError("its serial number is not 1 to 16 letters, digits and hyphens")
    start_s = _whole(start, 0, _MAX_INSTANT)
    return TicketCode(
        device=device,
        serial=serial,
        mode=_name(_MODE_NAMES, mode),
        distance_m=_whole(distance_m, 0, _MAX_DISTANCE_M),
        started_at=_instant(start_s),
        ended_at=_instant(_whole(end, start_s, _MAX_INSTANT)),
        issued_at=_instant(issued_s),
    )


def _whole(value: CBORValue, lowest: int, highest: int) -> int:
    if not isinstance(value, int) or not lowest <= value <= highest:
        raise CodeMalformedError("a number in it is out of range")
    return value


def _name(names: Mapping[int, str], number: CBORValue) -> str:
    if not isinstance(number, int) or number not in names:
        raise CodeMalformedError("a material or mode in it is unknown here")
    return names[number]


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
