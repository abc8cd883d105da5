"""Pure rules of devices: states, time windows, counters, one-time codes."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from backend.devices.contents import (
    SLOT_S,
    AttendedCode,
    Code,
    SlotCode,
    StickerCode,
    TicketCode,
)

GATE_TRIES = 3
FIRST_PAUSE_S = 300
GATE_PATIENCE = 5
SHORT_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""32 characters without 0/O and 1/I, which people confuse."""
SHORT_CHARS = 8
ENROLMENT_CHARS = 16
"""80 bits: the code stands on a screen for a day and cannot be guessed."""


class DeviceKind(StrEnum):
    """What a device is."""

    KIOSK = "kiosk"
    """Shows slot codes."""
    BIN = "bin"
    """Signs one deposit code per deposit."""
    COUNTER = "counter"
    """An agent's post; signs deposit codes for what the agent sees."""
    OPERATOR = "operator"
    """A transport operator's server; signs tickets."""
    STICKER = "sticker"
    """A printed code; its key signed it once and was thrown away."""
    SENSOR = "sensor"
    """Feels a container's lid, fill or weight; signs a message for each change."""


class DeviceState(StrEnum):
    """Life of a device."""

    PENDING = "pending"
    """Announced by staff; has a one-time code and no key."""
    ACTIVE = "active"
    """Its codes are accepted."""
    REVOKED = "revoked"
    """Its codes are refused, for ever."""


class RevocationReason(StrEnum):
    """Why a device was revoked; decides what becomes of codes made before."""

    RETIRED = "retired"
    """Out of service, honest until then: codes made before stay good inside their window."""
    COMPROMISED = "compromised"
    """Its key may be in other hands, who can back-date: nothing is accepted any more."""


class Freshness(StrEnum):
    """How a code stands to the clock."""

    FRESH = "fresh"
    LATE = "late"
    """Authentic, too old: a stored refusal that can be appealed."""
    EARLY = "early"
    """From the future beyond any clock's error."""


@dataclass(frozen=True, slots=True)
class Windows:
    """How long codes are accepted.

    Attributes:
        slot_grace_s: After the end of a slot: time to read and to send.
        deposit_s: After a deposit, so that an offline phone or bin can send later.
        attended_s: After a deposit at a counter, which may be offline for a weekend.
        ticket_s: After a ticket was signed.
        skew_s: By which a device's clock may be fast.
    """

    slot_grace_s: int = 15
    deposit_s: int = 24 * 3600
    attended_s: int = 72 * 3600
    ticket_s: int = 48 * 3600
    skew_s: int = 20


def freshness(code: Code, *, now: datetime, windows: Windows) -> Freshness:
    """Compare the signed time of a code with the server's clock; bounds are included.

    A sticker is never late: it counts until its device is revoked.
    """
    if code.issued_at > now + timedelta(seconds=windows.skew_s):
        return Freshness.EARLY
    if isinstance(code, StickerCode):
        return Freshness.FRESH
    age = now - code.issued_at
    if age > timedelta(seconds=_lifetime_s(code, windows)):
        return Freshness.LATE
    return Freshness.FRESH


def _lifetime_s(code: Code, windows: Windows) -> int:
    if isinstance(code, SlotCode):
        return SLOT_S + windows.slot_grace_s
    if isinstance(code, AttendedCode):
        return windows.attended_s
    return windows.ticket_s if isinstance(code, TicketCode) else windows.deposit_s


def act_at(code: Code, *, received_at: datetime) -> datetime:
    """Return when the act of a code happened, which picks the rulebook version.

    A slot code says only within which 30 s: the act is the scan, at the latest the
    end of the slot. A rule that starts inside a slot thus governs who scans after it.
    """
    if isinstance(code, TicketCode):
        return code.ended_at
    if isinstance(code, StickerCode):
        return received_at
    if isinstance(code, SlotCode):
        slot_end = code.issued_at + timedelta(seconds=SLOT_S)
        return max(code.issued_at, min(received_at, slot_end))
    return code.issued_at


def accepts_codes_made_at(
    issued_at: datetime, *, revoked_at: datetime | None, reason: str | None
) -> bool:
    """Tell whether revocation leaves a code good that says it was made at `issued_at`."""
    if revoked_at is None:
        return True
    return reason == RevocationReason.RETIRED and issued_at < revoked_at


def keys_for(
    issued_at: datetime,
    *,
    public_key: str,
    previous_key: str | None,
    rotated_at: datetime | None,
    overlap_s: int = 60,
) -> tuple[str, ...]:
    """Return the keys that may have signed a code made at `issued_at`, likeliest first.

    The previous key counts for codes made before the rotation or within
    `overlap_s` after it: the device may have shown one while it rotated.
    """
    if previous_key is None or rotated_at is None:
        return (public_key,)
    if issued_at <= rotated_at + timedelta(seconds=overlap_s):
        return (public_key, previous_key)
    return (public_key,)


@dataclass(frozen=True, slots=True)
class CounterFinding:
    """What a deposit counter says about its device.

    Attributes:
        is_accepted: False when the counter is outside of its range.
        code: Stable word, e.g. counter_regression.
        skipped: Counters that were jumped over and may still come.
    """

    is_accepted: bool
    code: str
    skipped: int = 0


def judge_counter(
    counter: int,
    issued_at: datetime,
    *,
    seen: Iterable[tuple[int, datetime]],
    counter_high: int,
    reach: int = 10_000,
    skew_s: int = 20,
) -> CounterFinding:
    """Judge a deposit counter against those accepted from the same device.

    A device counts up and its clock runs forward, so of two codes the one with the
    higher counter is not the older one. Late uploads may come in any order.

    Args:
        counter: Of the code at hand.
        issued_at: Its signed time.
        seen: Counter and signed time of accepted codes, any order.
        counter_high: Highest accepted counter.
        reach: How far ahead of it a counter may be; a stolen key cannot burn more.
        skew_s: By which the device's clock may have been set back.
    """
    if counter > counter_high + reach:
        return CounterFinding(is_accepted=False, code="counter_out_of_range")
    slack = timedelta(seconds=skew_s)
    for other, other_at in seen:
        is_contradicted = (other < counter and other_at > issued_at + slack) or (
            other > counter and other_at < issued_at - slack
        )
        if other == counter or is_contradicted:
            return CounterFinding(is_accepted=False, code="counter_regression")
    return CounterFinding(
        is_accepted=True, code="counter_in_order", skipped=max(0, counter - counter_high - 1)
    )


def gate_pause_s(refused_in_row: int) -> int:
    """Return how long a drop gate stays shut after an object that it did not take. Unit: seconds.

    After each third object in a row: five minutes, then five times as long each time, at
    most a day. Somebody who tries what passes for a bottle gets six tries in half an hour.
    """
    if refused_in_row == 0 or refused_in_row % GATE_TRIES:
        return 0
    pause_s = FIRST_PAUSE_S
    for _ in range(min(refused_in_row // GATE_TRIES - 1, 6)):
        pause_s *= GATE_PATIENCE
    return min(pause_s, 86_400)


def short_code(token: str) -> str:
    """Return the eight characters to type in place of a code.

    40 bits of SHA-256: with 1,000 codes alive for 45 s and 5 tries a minute per
    address, a guess hits once in about 400 years of one address's tries.
    """
    number = int.from_bytes(hashlib.sha256(token.encode()).digest()[:5], "big")
    digits = (number >> (5 * place) & 31 for place in reversed(range(SHORT_CHARS)))
    return "".join(SHORT_ALPHABET[digit] for digit in digits)


def normalise_short(text: str) -> str | None:
    """Return a typed short code in its one spelling, or `None` when it is none."""
    plain = text.upper().replace(" ", "").replace("-", "")
    if len(plain) != SHORT_CHARS or not set(plain) <= set(SHORT_ALPHABET):
        return None
    return plain


def new_enrolment_code() -> str:
    """Draw a one-time enrolment code, grouped for reading aloud: ABCD-EFGH-JKLM-NPQR."""
    drawn = "".join(secrets.choice(SHORT_ALPHABET) for _ in range(ENROLMENT_CHARS))
    return "-".join(drawn[start : start + 4] for start in range(0, ENROLMENT_CHARS, 4))


def enrolment_hash(code: str) -> str:
    """Return what is stored of an enrolment code; spaces, hyphens and case do not matter."""
    plain = code.upper().replace(" ", "").replace("-", "")
    return hashlib.sha256(f"calanque-enrol/{plain}".encode()).hexdigest()
