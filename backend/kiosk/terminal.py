"""One terminal at work: its state between the screen, the disk and the server."""

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backend.devices import codes, rules
from backend.kernel.cards import card_ref
from backend.kernel.errors import EcoError, UnavailableError
from backend.kiosk.errors import NotEnrolledError
from backend.kiosk.link import Link
from backend.kiosk.outbox import BATCH, Outbox
from backend.kiosk.screen import DropGate, Shown, SlotScreen
from backend.kiosk.store import Identity, Store

POLL_S = 0.7
"""How often an online kiosk asks whether its code was used."""
HEARTBEAT_EVERY = timedelta(seconds=20)
OFFLINE_AFTER = timedelta(seconds=6)


@dataclass(frozen=True, slots=True)
class Trip:
    """What an operator's ticket witnesses."""

    mode: str
    distance_m: int
    duration_s: int
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What an agent saw somebody bring."""

    material: str
    count: int
    mass_g: int
    agent: int


@dataclass(slots=True)
class LineState:
    """What the terminal knows of the server."""

    last_answer_at: datetime | None = None
    last_heartbeat_at: datetime | None = None
    refusal: str | None = None
    used: tuple[int, int] = (-1, -1)
    announced: set[str] = field(default_factory=set)


class Terminal:
    """A kiosk, a bin, a counter's post or an operator's ticket desk.

    Args:
        store: Its folder.
        link: Its line to the server.
        key: Its key.
        identity: Who it is.
        gate: Sensor in the container's mouth; with one, a kiosk shows a code per drop.
    """

    def __init__(
        self,
        store: Store,
        link: Link,
        *,
        key: Ed25519PrivateKey,
        identity: Identity,
        gate: DropGate | None = None,
    ) -> None:
        self.identity = identity
        self._gate = gate
        self._store = store
        self._link = link
        self._key = key
        self._lock = threading.Lock()
        self._line = LineState()
        self.outbox = Outbox(store.folder)
        self._screen = SlotScreen(
            key,
            device=identity.number,
            public_url=identity.public_url,
            capacity_per_slot=identity.capacity_per_slot,
        )

    def shown(self) -> Shown | None:
        """Return the code on the screen now.

        `None` when all of the slot's are used, or when the gate waits for an object.
        """
        now = self._link.now()
        with self._lock:
            slot, used = self._line.used
            used_seq = used if slot == codes.slot_of(now) else -1
            if self._gate is not None and used_seq + 1 >= self._gate.opened(now):
                return None
            return self._screen.show(now, used_seq=used_seq)

    def drop(self) -> None:
        """Note that an object fell through the gate; without a gate nothing changes."""
        if self._gate is not None:
            with self._lock:
                self._gate.drop(self._link.now())

    def refuse(self) -> None:
        """Note an object that the gate did not take; without a gate nothing changes."""
        if self._gate is not None:
            with self._lock:
                self._gate.refuse(self._link.now())

    @property
    def has_gate(self) -> bool:
        """True when a code is shown only after an object fell."""
        return self._gate is not None

    def short_of(self, shown: Shown) -> str | None:
        """Return what to type in place of a code, once the server knows it."""
        with self._lock:
            is_announced = shown.token in self._line.announced
        return rules.short_code(shown.token) if is_announced and self.is_online() else None

    def now(self) -> datetime:
        """Return the corrected time."""
        return self._link.now()

    def is_online(self) -> bool:
        """Tell whether the server answered lately."""
        last = self._line.last_answer_at
        return last is not None and self._link.now() - last < OFFLINE_AFTER

    def refusal(self) -> str | None:
        """Return the code of the server's refusal, e.g. device_revoked; `None` when it is well."""
        return self._line.refusal

    def deposit(self, *, material: str, count: int, mass_g: int) -> str:
        """Sign one deposit under a counter that never repeats; works offline.

        Returns:
            The link for the QR.
        """
        token = codes.encode_deposit(
            self._key,
            device=self.identity.number,
            counter=self._count(),
            material=material,
            count=count,
            mass_g=mass_g,
            issued_at=self._link.now(),
        )
        return codes.url_of(token, self.identity.public_url)

    def attend(self, secret: str, seen: Seen) -> str:
        """Sign a deposit for the holder of a card and keep it until the server has it.

        Args:
            secret: Of the card; it is used for the card's name and kept nowhere.
            seen: What was brought, and who saw it.
        Returns:
            The signed message.
        """
        token = codes.encode_attended(
            self._key,
            device=self.identity.number,
            counter=self._count(),
            material=seen.material,
            count=seen.count,
            mass_g=seen.mass_g,
            card_ref=card_ref(secret),
            agent=seen.agent,
            issued_at=self._link.now(),
        )
        self.outbox.put(token)
        return token

    def new_cards(self, spare: str | None) -> list[str]:
        """Return the secrets of new cards: with a spare card those that replace a lost one.

        Raises:
            ServerRefusedError: The spare card is unknown or blocked.
            UnavailableError: The server does not answer.
        """
        return self._link.cards(self.identity.number, spare)

    def take_back(self, *, material: str, serial: str) -> str:
        """Sign that an object with a serial number was taken back; return the link for the QR.

        Raises:
            CodeMalformedError: The serial is not 1 to 16 letters, digits and hyphens.
        """
        token = codes.encode_item(
            self._key,
            device=self.identity.number,
            counter=self._count(),
            material=material,
            serial=serial,
            issued_at=self._link.now(),
        )
        return codes.url_of(token, self.identity.public_url)

    def feel(self, *, event: str, value: int) -> str:
        """Sign what the sensor of a container felt and keep it until the server has it."""
        token = codes.encode_sensor(
            self._key,
            device=self.identity.number,
            counter=self._count(),
            event=event,
            value=value,
            issued_at=self._link.now(),
        )
        self.outbox.put(token)
        return token

    def ticket(self, trip: Trip) -> str:
        """Sign one trip under a serial number that never repeats.

        Returns:
            The link for the QR or for the operator's app.
        """
        serial = f"T{self._count():09d}"
        now = self._link.now()
        ended_at = trip.ended_at or now
        token = codes.encode_ticket(
            self._key,
            device=self.identity.number,
            serial=serial,
            mode=trip.mode,
            distance_m=trip.distance_m,
            started_at=ended_at - timedelta(seconds=trip.duration_s),
            ended_at=ended_at,
            issued_at=now,
        )
        return codes.url_of(token, self.identity.public_url)

    def step(self) -> None:
        """Talk to the server once: announce what is about to be shown, ask what was used.

        An unreachable server changes nothing: the codes stay valid without it.
        """
        try:
            self._announce()
            self.deliver()
            if self.identity.kind == rules.DeviceKind.KIOSK:
                self._ask_use()
        except UnavailableError:
            return
        except EcoError as error:
            self._line.refusal = error.code
            return
        self._line.refusal = None
        self._line.last_answer_at = self._link.now()

    def deliver(self) -> None:
        """Send what waits, oldest first.

        Raises:
            UnavailableError: The server does not answer; what waits goes on waiting.
            ServerRefusedError: It does not take the request.
        """
        waiting = self.outbox.waiting()
        for start in range(0, len(waiting), BATCH):
            tokens = waiting[start : start + BATCH]
            answers = dict(zip(tokens, self._link.send(tokens), strict=True))
            # Its server is there and its database is not: the message waits like before.
            is_told = {t: a for t, a in answers.items() if not a.state.endswith("_unavailable")}
            self.outbox.answered(is_told)

    def run(self, stop: threading.Event) -> None:
        """Talk to the server until `stop` is set."""
        while not stop.is_set():
            self.step()
            stop.wait(POLL_S)

    def _count(self) -> int:
        with self._lock:
            return self._store.next_counter()

    def _announce(self) -> None:
        now = self._link.now()
        tokens: tuple[str, ...] = ()
        if self.identity.kind == rules.DeviceKind.KIOSK:
            shown = self.shown()
            tokens = (shown.token,) if shown else ()
            if self._gate is None:
                tokens += (self._screen.ahead(now),)
        last = self._line.last_heartbeat_at
        is_due = last is None or now - last >= HEARTBEAT_EVERY
        if not is_due and set(tokens) <= self._line.announced:
            return
        self._link.heartbeat(self.identity.number, tokens)
        with self._lock:
            self._line.announced = set(tokens)
            self._line.last_heartbeat_at = now

    def _ask_use(self) -> None:
        slot = codes.slot_of(self._link.now())
        used_seq = self._link.used_seq(self.identity.number, slot)
        with self._lock:
            self._line.used = (slot, used_seq)


def open_terminal(
    store: Store,
    link: Link,
    *,
    key: Ed25519PrivateKey,
    enrolment_code: str | None,
    gate: DropGate | None = None,
) -> Terminal:
    """Start a terminal from its folder; the first time it enrols itself.

    Raises:
        NotEnrolledError: There is neither an identity nor a code.
        ServerRefusedError: The code is wrong, used or too old.
        UnavailableError: The server does not answer the enrolment.
    """
    identity = store.identity()
    if identity is None:
        if enrolment_code is None:
            raise NotEnrolledError
        identity = link.enrol(enrolment_code, key.public_key().public_bytes_raw().hex())
        store.remember(identity)
    return Terminal(store, link, key=key, identity=identity, gate=gate)
