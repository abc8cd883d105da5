"""What a kiosk shows at an instant; pure but for signing."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backend.devices import codes, rules


@dataclass(frozen=True, slots=True)
class Shown:
    """One code on the screen.

    Attributes:
        token: The signed code.
        url: What the QR holds.
        slot: Slot number.
        seq: Code within the slot, from 0.
        ends_at: When the slot ends.
    """

    token: str
    url: str
    slot: int
    seq: int
    ends_at: datetime


class SlotScreen:
    """Signs the code of the current slot; each code once.

    Args:
        key: The kiosk's key.
        device: Its number.
        public_url: Start of the links.
        capacity_per_slot: Most codes within 30 s.
    """

    def __init__(
        self, key: Ed25519PrivateKey, *, device: int, public_url: str, capacity_per_slot: int
    ) -> None:
        self._key = key
        self._device = device
        self._public_url = public_url
        self._capacity_per_slot = capacity_per_slot
        self._last: Shown | None = None

    def show(self, now: datetime, *, used_seq: int = -1) -> Shown | None:
        """Return the code to show.

        Args:
            now: The corrected time.
            used_seq: Highest code of this slot known to be used, -1 for none. Offline
                it is not known and the first code stays: one deposit per slot.
        Returns:
            `None` when every code of the slot is used; the next slot brings new ones.
        """
        slot, seq = codes.slot_of(now), used_seq + 1
        if seq >= self._capacity_per_slot:
            return None
        last = self._last
        if last is not None and (last.slot, last.seq) == (slot, seq):
            return last
        self._last = self._sign(slot, seq)
        return self._last

    def ahead(self, now: datetime) -> str:
        """Return the first code of the next slot, to announce it before it is shown."""
        return self._sign(codes.slot_of(now) + 1, 0).token

    def _sign(self, slot: int, seq: int) -> Shown:
        token = codes.encode_slot(self._key, device=self._device, slot=slot, seq=seq)
        ends_at = datetime.fromtimestamp((slot + 1) * codes.SLOT_S, UTC)
        return Shown(token, codes.url_of(token, self._public_url), slot, seq, ends_at)


class DropGate:
    """Opens one code per object that fell through the mouth of the container.

    A code proves presence; with a gate it proves a deposit. Each drop belongs to one slot
    and opens one code in it; one that comes too late to be scanned belongs to the next.
    """

    TOO_LATE = timedelta(seconds=8)
    """Time that somebody needs to lift a phone and scan."""

    FORGOTTEN_AFTER = timedelta(hours=6)
    """Whoever comes so long after a refused object starts afresh."""

    def __init__(self) -> None:
        self._drops: Counter[int] = Counter()
        self._refused_in_row = 0
        self._refused_at: datetime | None = None
        self._shut_until: datetime | None = None

    def refuse(self, now: datetime) -> None:
        """Note an object that is not what the container takes; the mouth shuts after a few."""
        if self._refused_at is not None and now - self._refused_at > self.FORGOTTEN_AFTER:
            self._refused_in_row = 0
        self._refused_in_row += 1
        self._refused_at = now
        self._shut_until = now + timedelta(seconds=rules.gate_pause_s(self._refused_in_row))

    def is_shut(self, now: datetime) -> bool:
        """Tell whether the mouth stays shut because of refused objects."""
        return self._shut_until is not None and now < self._shut_until

    def drop(self, now: datetime) -> None:
        """Note that an object fell; one that falls while the mouth is shut opens no code."""
        if self.is_shut(now):
            return
        self._refused_in_row = 0
        slot = codes.slot_of(now + self.TOO_LATE)
        self._drops[slot] += 1
        for past in [known for known in self._drops if known < slot - 1]:
            del self._drops[past]

    def opened(self, now: datetime) -> int:
        """Return how many codes of the current slot may be shown."""
        return self._drops[codes.slot_of(now)]
