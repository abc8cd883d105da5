"""Builders of what tests need; a test states only what matters to it.

Each takes an open database and the clock, commits, and returns the row or a small
object that can act (a terminal that signs codes).
"""

import itertools
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import Session

from backend.accounts import addresses, sessions
from backend.accounts import service as accounts
from backend.accounts.models import Account
from backend.accounts.rules import AccountKind, Role
from backend.actions import service as actions
from backend.batches import service as batches
from backend.batches.models import Batch
from backend.batches.rules import BatchKind, BatchState, Fees
from backend.batches.service import Call, Sender
from backend.cards import service as cards
from backend.cards.models import Card
from backend.db.engine import Database
from backend.devices import codes, witnesses
from backend.devices import service as devices
from backend.devices.rules import DeviceKind
from backend.devices.service import NewDevice
from backend.kernel.cards import card_ref
from backend.ledger import names
from backend.ledger import service as ledger
from backend.merchants import service as merchants
from backend.merchants.models import Merchant
from backend.merchants.rules import MerchantState
from backend.rulebook import service as editions
from backend.rulebook.models import Edition
from backend.territory import service as territory
from backend.territory.geo import Position
from backend.territory.models import Commune, Station
from backend.territory.service import StationFacts
from tests.support.clock import FrozenClock

ROOT = Path(__file__).parents[2]
EDITION_TEXT = (ROOT / "backend/rulebook/editions/amp-2026-1.yaml").read_text()
SEALED_SALT = "0x" + "5a" * 32
GENESIS = "0x" + "ab" * 32
CHAIN_ID = 31337
INCARNATION = 1
REGION = {"epci": "200054807", "aom": "200054807", "dep": "13", "reg": "93"}
GLASS_UNITS = 200
"""What amp-2026-1 pays for one piece of glass at proof level P2."""
GLASS_DAY_UNITS = 3000
"""Its cap of recycling points per person and day; 10 deposits a day is the other cap."""

_numbers = itertools.count(1)


@dataclass
class Terminal:
    """A device with its private key, as only the device itself has it."""

    number: int
    kind: DeviceKind
    clock: FrozenClock
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    _counter: int = 0

    def slot_code(self, *, seq: int = 0, at: datetime | None = None) -> str:
        """Return what a kiosk shows at an instant, now by default."""
        slot = codes.slot_of(at or self.clock.now())
        return codes.encode_slot(self.key, device=self.number, slot=slot, seq=seq)

    def deposit_code(self, *, material: str = "glass", count: int = 1, **changes: Any) -> str:
        """Return the code of a fresh deposit in a bin."""
        self._counter += 1
        facts: dict[str, Any] = {
            "counter": self._counter,
            "mass_g": 400 * count,
            "issued_at": self.clock.now().replace(microsecond=0),
        }
        return codes.encode_deposit(
            self.key, device=self.number, material=material, count=count, **(facts | changes)
        )

    def attended_code(self, secret: str, *, count: int = 1, **changes: Any) -> str:
        """Return a deposit that agent 7 of a counter saw, for the holder of a card."""
        self._counter += 1
        facts: dict[str, Any] = {
            "counter": self._counter,
            "material": "glass",
            "mass_g": 400 * count,
            "issued_at": self.clock.now().replace(microsecond=0),
        }
        return codes.encode_attended(
            self.key,
            device=self.number,
            count=count,
            card_ref=card_ref(secret),
            agent=7,
            **(facts | changes),
        )

    def item_code(self, serial: str, **changes: Any) -> str:
        """Return the code of one object with a serial number, taken back now."""
        self._counter += 1
        facts: dict[str, Any] = {
            "counter": self._counter,
            "material": "glass",
            "issued_at": self.clock.now().replace(microsecond=0),
        }
        return codes.encode_item(self.key, device=self.number, serial=serial, **(facts | changes))

    def sensor_message(self, *, event: str = "lid", value: int = 1, **changes: Any) -> str:
        """Return what a sensor signs for something that it feels now."""
        self._counter += 1
        facts: dict[str, Any] = {
            "counter": self._counter,
            "issued_at": self.clock.now().replace(microsecond=0),
        }
        return codes.encode_sensor(
            self.key, device=self.number, event=event, value=value, **(facts | changes)
        )

    def ticket_code(self, *, mode: str = "bus", distance_m: int = 5_000, **changes: Any) -> str:
        """Return an operator's ticket for a trip that just ended."""
        self._counter += 1
        now = self.clock.now().replace(microsecond=0)
        facts: dict[str, Any] = {
            "serial": f"T{self._counter}",
            "started_at": now - timedelta(minutes=20),
            "ended_at": now,
            "issued_at": now,
        }
        return codes.encode_ticket(
            self.key, device=self.number, mode=mode, distance_m=distance_m, **(facts | changes)
        )


def make_incarnation(database: Database, clock: FrozenClock, number: int = INCARNATION) -> None:
    """Open the incarnation that new claims carry."""
    with database.transaction() as session:
        actions.open_incarnation(
            session,
            genesis_hash=GENESIS,
            number=number,
            home=database.fingerprint(),
            at=clock.now(),
        )


def make_station(
    database: Database,
    clock: FrozenClock,
    *,
    materials: tuple[str, ...] = ("glass", "packaging"),
    kind: str = "kiosk",
    reliability_bps: int = 10_000,
) -> Station:
    """Open a station in Aubagne, trusted since long unless said otherwise."""
    with database.transaction() as session:
        if session.get(Commune, "13005") is None:
            session.add(
                Commune(
                    insee_code="13005",
                    name="Aubagne",
                    kind="commune",
                    population=47_529,
                    postcodes="13400",
                    boundary="{}",
                )
            )
            session.flush()
        station = territory.put_station(
            session,
            StationFacts(
                source="test",
                source_ref=str(next(_numbers)),
                name="Point tri rue des Pins",
                kind=kind,
                address="3 rue des Pins",
                commune_code="13005",
                position=Position(43_292_000, 5_570_000),
                materials=materials,
            ),
            at=clock.now(),
        )
        territory.set_reliability(session, station.id, reliability_bps)
        return station


def make_terminal(
    database: Database,
    clock: FrozenClock,
    kind: DeviceKind,
    *,
    station: Station | None,
    capacity: int = 100,
) -> Terminal:
    """Announce and enrol a device; tests make more of a slot than people could."""
    with database.transaction() as session:
        station_id = station.id if station else None
        new = NewDevice(kind, f"Terminal {kind}", station_id, capacity_per_slot=capacity)
        device, code = devices.create_pending(session, new, now=clock.now())
        terminal = Terminal(device.number, kind, clock)
        public_key = terminal.key.public_key().public_bytes_raw().hex()
        devices.enrol(session, code, public_key, now=clock.now())
        return terminal


def make_kiosk(
    database: Database, clock: FrozenClock, *, materials: tuple[str, ...] = ("glass",)
) -> Terminal:
    """Put up a kiosk at a station of its own."""
    station = make_station(database, clock, materials=materials)
    return make_terminal(database, clock, DeviceKind.KIOSK, station=station)


def make_bin(
    database: Database, clock: FrozenClock, *, materials: tuple[str, ...] = ("glass",)
) -> Terminal:
    """Put up a connected bin at a station of its own."""
    station = make_station(database, clock, materials=materials, kind="bin")
    return make_terminal(database, clock, DeviceKind.BIN, station=station)


def make_operator(database: Database, clock: FrozenClock) -> Terminal:
    """Register a transport operator."""
    return make_terminal(database, clock, DeviceKind.OPERATOR, station=None)


def make_sticker(database: Database, clock: FrozenClock, station: Station) -> tuple[int, str]:
    """Print a sticker for a station; return its device number and its code."""
    with database.transaction() as session:
        device, code = witnesses.print_sticker(
            session, station_id=station.id, name="Verre", material=None, now=clock.now()
        )
        return device.number, code


def make_card(database: Database, clock: FrozenClock, account_id: str) -> tuple[Card, str]:
    """Print a card for an account; return it with its secret."""
    with database.transaction() as session:
        return cards.issue(session, account_id, at=clock.now())


def make_edition(
    database: Database,
    clock: FrozenClock,
    *,
    source_text: str = EDITION_TEXT,
    effective_from: datetime | None = None,
) -> Edition:
    """Record a first edition as if the deployment had published it, in force for a year."""
    with database.transaction() as session:
        return editions.record_first(
            session,
            source_text=source_text,
            author_account_id="author",
            effective_from=effective_from or clock.now() - timedelta(days=365),
            at=clock.now(),
        )


def publish_second(session: Session, *, effective_from: datetime) -> int:
    """Store edition 2 as published, with the text of the first one; return its number."""
    first = session.get_one(Edition, 1)
    facts = first.model_dump() | {"number": 2, "effective_from": effective_from}
    session.add(Edition(**facts))
    session.flush()
    return 2


def make_citizen(
    database: Database,
    clock: FrozenClock,
    *,
    kind: AccountKind = AccountKind.CITIZEN,
    units: int = 0,
    has_address: bool = True,
    **overrides: Any,
) -> Account:
    """Open an active account, with an address and confirmed points."""
    number = next(_numbers)
    facts = {"email": f"person{number}@test.example", "display_name": f"Person {number}"}
    with database.transaction() as session:
        account = accounts.create_account(
            session, kind=kind, now=clock.now(), **(facts | overrides)
        )
        if has_address:
            give_address(session, account.id, clock)
        if units:
            give_points(session, account.id, units, clock)
        return account


def give_address(session: Session, account_id: str, clock: FrozenClock) -> str:
    """Record an address on the test chain for an account."""
    address = f"0x{next(_numbers):040x}"
    addresses.add_address(
        session,
        account_id=account_id,
        genesis_hash=GENESIS,
        address=address,
        sealed_salt=SEALED_SALT,
        index=0,
        now=clock.now(),
    )
    return address


def give_points(session: Session, account_id: str, units: int, clock: FrozenClock) -> None:
    """Book confirmed points that no reward explains."""
    ledger.move(
        session,
        reference=f"test/{next(_numbers)}",
        kind="reward_confirmed",
        source=names.ISSUANCE,
        target=names.confirmed(account_id),
        units=units,
        at=clock.now(),
    )


def give_takings(session: Session, merchant_id: str, units: int, clock: FrozenClock) -> bool:
    """Book takings of a shop that no payment explains."""
    return ledger.move(
        session,
        reference=f"test/{next(_numbers)}",
        kind="payment_confirmed",
        source=names.ISSUANCE,
        target=names.takings(merchant_id),
        units=units,
        at=clock.now(),
    )


def finish_forecast(session: Session, number: int) -> None:
    """Let the forecast of a draft be done, without which nobody can approve it."""
    editions.note_forecast(session, number, state="done")


def make_staff(database: Database, clock: FrozenClock, role: Role) -> Account:
    """Open a staff account with one role."""
    with database.transaction() as session:
        email = f"staff{next(_numbers)}@test.example"
        return accounts.seed_staff(
            session, email=email, display_name=str(role), role=role, now=clock.now()
        )


def make_merchant(
    database: Database, clock: FrozenClock, *, state: MerchantState = MerchantState.ACTIVE
) -> Merchant:
    """Register a shop with an owner of its own, active unless said otherwise."""
    owner = make_citizen(database, clock, kind=AccountKind.MERCHANT)
    with database.transaction() as session:
        merchant = merchants.register(
            session,
            name="Boulangerie du Port",
            commune_code="13005",
            owner_account_id=owner.id,
            daily_cap_units=5_000_000,
            at=clock.now(),
        )
        merchant.state = state
        session.add(merchant)
        session.flush()
        return merchant


def sign_in(database: Database, clock: FrozenClock, account: Account) -> str:
    """Open a session of an account and return its token."""
    with database.transaction() as session:
        return sessions.open_session(session, account, now=clock.now())


def sender(label: str = "minter", *, genesis_hash: str = GENESIS) -> Sender:
    """Return a key of the wallet service on the test chain."""
    address = "0x" + label.encode().hex().rjust(40, "0")[-40:]
    return Sender(genesis_hash, CHAIN_ID, label, address)


def make_batch(
    database: Database,
    clock: FrozenClock,
    *,
    kind: BatchKind = BatchKind.MINT,
    state: BatchState = BatchState.RESERVED,
    by: Sender | None = None,
) -> Batch:
    """Reserve a transaction without items and put it into a state."""
    with database.transaction() as session:
        batch = batches.reserve(
            session,
            sender=by or sender(),
            call=Call(kind, "0x" + "01" * 20, "0x", gas=100_000),
            fees=Fees(2_000_000_000, 1_000_000_000),
            chain_nonce=0,
            at=clock.now(),
        )
        batch.state = state
        session.add(batch)
        session.flush()
        return batch
