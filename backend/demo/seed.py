"""What the demo city is made of: communes, stations, terminals, shops and people."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from backend.accounts import service as accounts
from backend.accounts.rules import AccountKind, Role
from backend.devices import service as devices
from backend.devices.rules import DeviceKind
from backend.merchants import service as merchants
from backend.merchants.models import Merchant
from backend.merchants.rules import MerchantKind
from backend.rulebook import service as editions
from backend.territory import service as territory
from backend.territory.models import Station
from backend.territory.sources import communes

STATIONS = 400
"""Enough to see a map; the real metropolis has some 6,000 drop-off points."""
FULLY_TRUSTED_BPS = 10_000
DAILY_CAP_UNITS = 5_000_000
"""50,000 points: a busy museum's day."""

DATA_FOLDER = Path(__file__).parents[2] / "data" / "communes"
RULES_FOLDER = Path(__file__).parents[1] / "rulebook" / "editions"
FIRST_EDITION = RULES_FOLDER / "amp-2026-1.yaml"
SECOND_EDITION = RULES_FOLDER / "amp-2026-2.yaml"

SHOPS = (
    ("Boulangerie du Panier", "13202", "boulangerie@demo.calanque.example"),
    ("Piscine de Luminy", "13209", "piscine@demo.calanque.example"),
    ("Librairie Cours Mirabeau", "13001", "librairie@demo.calanque.example"),
)
ASSOCIATION = ("Les Amis des Calanques", "13208", "amis@demo.calanque.example")
"""Takes gifts; it does not sell."""
STAFF = (
    ("admin@demo.calanque.example", "Alix Martin", Role.ADMIN),
    ("redaction@demo.calanque.example", "Samia Benali", Role.RULES_EDITOR),
    ("approbation@demo.calanque.example", "Luc Ferrero", Role.RULES_APPROVER),
    ("tresorerie@demo.calanque.example", "Maud Giraud", Role.TREASURER),
    ("ordonnateur@demo.calanque.example", "Karim Haddad", Role.TREASURER),
)


@dataclass(frozen=True)
class Terminal:
    """A terminal to start: its kind and its one-time enrolment code."""

    kind: DeviceKind
    name: str
    enrolment_code: str


def seed(session: Session, *, effective_from: datetime, now: datetime) -> list[Terminal]:
    """Fill an empty database with the demo city.

    Args:
        effective_from: When edition 1 took effect, as the chain says.
    Returns:
        The terminals that can now enrol.
    """
    territory.seed_communes(session, _communes())
    stations = territory.seed_stations(session, total=STATIONS, at=now)
    for station in stations:
        # The demo city has been weighed for long; a new station would release nothing at once.
        territory.set_reliability(session, station.id, FULLY_TRUSTED_BPS)
    people = {
        email: accounts.seed_staff(session, email=email, display_name=name, role=role, now=now)
        for email, name, role in STAFF
    }
    editions.record_first(
        session,
        source_text=FIRST_EDITION.read_text(),
        author_account_id=people["redaction@demo.calanque.example"].id,
        effective_from=effective_from,
        at=now,
    )
    for shop in SHOPS:
        _merchant(session, *shop, now)
    _merchant(session, *ASSOCIATION, now).kind = MerchantKind.ASSOCIATION
    return _terminals(session, stations, now)


def _communes() -> list[communes.CommuneFacts]:
    return communes.read(
        (DATA_FOLDER / "amp.csv").read_text(), (DATA_FOLDER / "amp.geojson").read_text()
    )


def _merchant(
    session: Session, name: str, commune_code: str, email: str, now: datetime
) -> Merchant:
    owner = accounts.create_account(
        session, kind=AccountKind.MERCHANT, email=email, display_name=name, now=now
    )
    return merchants.register(
        session,
        name=name,
        commune_code=commune_code,
        owner_account_id=owner.id,
        daily_cap_units=DAILY_CAP_UNITS,
        at=now,
    )


def _terminals(session: Session, stations: list[Station], now: datetime) -> list[Terminal]:
    # Side by side: whoever is seen at two places at once is held for review.
    station = next(station for station in stations if station.kind == "kiosk")
    planned = (
        devices.NewDevice(DeviceKind.KIOSK, station.name, station.id, "glass"),
        devices.NewDevice(DeviceKind.BIN, f"Conteneur {station.name}", station.id, "glass"),
        devices.NewDevice(DeviceKind.OPERATOR, "Réseau de transport (démonstration)"),
    )
    made = []
    for new in planned:
        device, code = devices.create_pending(session, new, now=now)
        made.append(Terminal(new.kind, device.name, code))
    return made
