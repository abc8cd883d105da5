"""One verifier per way to prove an act, behind one protocol and one registry."""

from collections.abc import Mapping

from backend.actions.verifiers.attended import AttendedVerifier
from backend.actions.verifiers.carpool import CarpoolVerifier
from backend.actions.verifiers.deposit import DepositVerifier
from backend.actions.verifiers.item import ItemVerifier
from backend.actions.verifiers.protocol import Verifier
from backend.actions.verifiers.sensor import SensorVerifier
from backend.actions.verifiers.shared_ride import SharedRideVerifier
from backend.actions.verifiers.slot import SlotVerifier
from backend.actions.verifiers.sticker import StickerVerifier
from backend.actions.verifiers.ticket import TicketVerifier
from backend.actions.verifiers.trip import TripVerifier

VERIFIERS: Mapping[str, Verifier] = {
    "slot": SlotVerifier(),
    "deposit": DepositVerifier(),
    "ticket": TicketVerifier(),
    "carpool": CarpoolVerifier(),
    "sticker": StickerVerifier(),
    "sensor": SensorVerifier(),
    "attended": AttendedVerifier(),
    "item": ItemVerifier(),
    "trip": TripVerifier(),
    "shared_ride": SharedRideVerifier(),
}
"""Evidence kind → verifier. A new way to prove an act is one file and one line here."""
