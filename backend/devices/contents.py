"""What codes say: one small class per kind, and the one way to read it from its bytes.

The payload of a code is a CWT claims set: `iat` (6) and one private claim, a list that
starts with the number of the kind. docs/codes.md has the tables. Pure.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from backend.devices.cbor import CBORValue, Reader
from backend.devices.errors import CodeMalformedError
from backend.kernel.cards import REF_BYTES

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

SENSOR_EVENTS: Mapping[str, int] = MappingProxyType({"lid": 1, "fill": 2, "weight": 3})
"""What a sensor feels: the lid opened (times), the fill rose (litres), the weight rose (grams)."""

ISSUED_AT = 6
"""CWT claim `iat` (RFC 8392 §3.1.6)."""
BODY = -65537
"""First private-use claim key (RFC 8392 §9.1)."""
SLOT, DEPOSIT, TICKET, STICKER, ATTENDED, ITEM, SENSOR = range(1, 8)
"""Numbers of the kinds; append only. 9 is a device's signed request (requests.py)."""

_MATERIAL_NAMES = {number: name for name, number in MATERIALS.items()}
_MODE_NAMES = {number: name for name, number in MODES.items()}
_EVENT_NAMES = {number: name for name, number in SENSOR_EVENTS.items()}
_MAX_COUNTER = 2**32 - 1
_MAX_COUNT = 1_000
_MAX_MASS_G = 1_000_000
_MAX_DISTANCE_M = 1_000_000
_MAX_SEQ = 1_000
_MAX_SERIAL_CHARS = 16
_MAX_AGENT = 9_999
_MAX_VALUE = 1_000_000
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


@dataclass(frozen=True, slots=True)
class StickerCode:
    """A sticker printed for a container; it never changes, so it proves a place at most."""

    device: int
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class AttendedCode:
    """An agent at a counter saw this deposit of the holder of a card."""

    device: int
    counter: int
    material: str
    count: int
    mass_g: int
    card_ref: str
    agent: int
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class ItemCode:
    """A machine or counter took back one object that has a serial number of its own."""

    device: int
    counter: int
    material: str
    serial: str
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class SensorCode:
    """A container's sensor felt something; a message to the server, no code for citizens."""

    device: int
    counter: int
    event: str
    value: int
    issued_at: datetime


Code = SlotCode | DepositCode | TicketCode | StickerCode | AttendedCode | ItemCode | SensorCode


def content_of(device: int, payload: bytes) -> Code:
    """Read the payload of a device's code.

    Raises:
        CodeMalformedError: Anything but the one layout of a known kind.
    """
    reader = Reader(payload)
    claims = reader.value()
    reader.finish()
    if not isinstance(claims, dict) or claims.keys() != {ISSUED_AT, BODY}:
        raise CodeMalformedError("its claims are not the ones of a code")
    issued_s, body = _whole(claims[ISSUED_AT], 0, _MAX_INSTANT), claims[BODY]
    if not isinstance(body, list) or not body:
        raise CodeMalformedError("it says nothing")
    kind, facts = body[0], body[1:]
    length, reading = _READERS.get(kind, (0, None)) if isinstance(kind, int) else (0, None)
    if reading is None or len(facts) != length:
        raise CodeMalformedError("its kind is unknown here")
    return reading(device, issued_s, facts)


def code_key(code: Code) -> str:
    """Return the key under which a code is used once, whatever its spelling.

    The key of a sticker names the sticker only: its use is counted per person and day.
    """
    match code:
        case SlotCode():
            return f"slot:{code.device}:{code.slot}:{code.seq}"
        case DepositCode() | AttendedCode():
            return f"deposit:{code.device}:{code.counter}"
        case TicketCode():
            return f"ticket:{code.device}:{code.serial}"
        case StickerCode():
            return f"sticker:{code.device}"
        case ItemCode():
            # One reward ever for an object, whichever machine takes it.
            return f"item:{code.serial}"
        case SensorCode():
            return f"sensor:{code.device}:{code.counter}"


def _slot(device: int, issued_s: int, facts: Sequence[CBORValue]) -> SlotCode:
    slot, rest = divmod(issued_s, SLOT_S)
    if rest:
        raise CodeMalformedError("it does not start at a slot")
    return SlotCode(device, slot, _whole(facts[0], 0, _MAX_SEQ), _instant(issued_s))


def _deposit(device: int, issued_s: int, facts: Sequence[CBORValue]) -> DepositCode:
    counter, material, count, mass_g = facts
    return DepositCode(
        device=device,
        counter=_counter(counter),
        material=_name(_MATERIAL_NAMES, material),
        count=_whole(count, 0, _MAX_COUNT),
        mass_g=_whole(mass_g, 0, _MAX_MASS_G),
        issued_at=_instant(issued_s),
    )


def _ticket(device: int, issued_s: int, facts: Sequence[CBORValue]) -> TicketCode:
    serial, mode, distance_m, start, end = facts
    start_s = _whole(start, 0, _MAX_INSTANT)
    return TicketCode(
        device=device,
        serial=_serial(serial),
        mode=_name(_MODE_NAMES, mode),
        distance_m=_whole(distance_m, 0, _MAX_DISTANCE_M),
        started_at=_instant(start_s),
        ended_at=_instant(_whole(end, start_s, _MAX_INSTANT)),
        issued_at=_instant(issued_s),
    )


def _sticker(device: int, issued_s: int, facts: Sequence[CBORValue]) -> StickerCode:
    del facts
    return StickerCode(device, _instant(issued_s))


def _attended(device: int, issued_s: int, facts: Sequence[CBORValue]) -> AttendedCode:
    counter, material, count, mass_g, card_ref, agent = facts
    if not isinstance(card_ref, bytes) or len(card_ref) != REF_BYTES:
        raise CodeMalformedError("it names no card")
    return AttendedCode(
        device=device,
        counter=_counter(counter),
        material=_name(_MATERIAL_NAMES, material),
        count=_whole(count, 0, _MAX_COUNT),
        mass_g=_whole(mass_g, 0, _MAX_MASS_G),
        card_ref=card_ref.hex(),
        agent=_whole(agent, 1, _MAX_AGENT),
        issued_at=_instant(issued_s),
    )


def _item(device: int, issued_s: int, facts: Sequence[CBORValue]) -> ItemCode:
    counter, material, serial = facts
    return ItemCode(
        device=device,
        counter=_counter(counter),
        material=_name(_MATERIAL_NAMES, material),
        # Readers differ in case; one object must have one spelling.
        serial=_serial(serial).upper(),
        issued_at=_instant(issued_s),
    )


def _sensor(device: int, issued_s: int, facts: Sequence[CBORValue]) -> SensorCode:
    counter, event, value = facts
    return SensorCode(
        device=device,
        counter=_counter(counter),
        event=_name(_EVENT_NAMES, event),
        value=_whole(value, 1, _MAX_VALUE),
        issued_at=_instant(issued_s),
    )


_READERS: Mapping[int, tuple[int, Callable[[int, int, Sequence[CBORValue]], Code]]] = {
    SLOT: (1, _slot),
    DEPOSIT: (4, _deposit),
    TICKET: (5, _ticket),
    STICKER: (0, _sticker),
    ATTENDED: (6, _attended),
    ITEM: (3, _item),
    SENSOR: (3, _sensor),
}
"""Kind → how many facts follow it, and how they are read."""


def _counter(value: CBORValue) -> int:
    return _whole(value, 1, _MAX_COUNTER)


def _serial(serial: CBORValue) -> str:
    if not (
        isinstance(serial, str)
        and 1 <= len(serial) <= _MAX_SERIAL_CHARS
        and serial.isascii()
        and serial.replace("-", "").isalnum()
    ):
        raise CodeMalformedError("its serial number is not 1 to 16 letters, digits and hyphens")
    return serial


def _whole(value: CBORValue, lowest: int, highest: int) -> int:
    if not isinstance(value, int) or not lowest <= value <= highest:
        raise CodeMalformedError("a number in it is out of range")
    return value


def _name(names: Mapping[int, str], number: CBORValue) -> str:
    if not isinstance(number, int) or number not in names:
        raise CodeMalformedError("a material, mode or event in it is unknown here")
    return names[number]


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
