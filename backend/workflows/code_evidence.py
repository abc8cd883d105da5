"""What a verified code proves, in the words of acts; pure."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from backend.actions.rules import Evidence, Fact
from backend.devices import codes
from backend.devices.rules import act_at

KINDS: Mapping[type[codes.Code], str] = MappingProxyType(
    {
        codes.SlotCode: "slot",
        codes.DepositCode: "deposit",
        codes.AttendedCode: "attended",
        codes.ItemCode: "item",
        codes.TicketCode: "ticket",
        codes.StickerCode: "sticker",
        codes.SensorCode: "message",
    }
)
"""Class of a code → kind of evidence; those of citizens have a verifier each."""
_ENVELOPE = frozenset({"device", "issued_at", "card_ref"})
"""Columns of a claim, not facts of its act. A card names a person: it is not kept twice."""


def kind_and_facts(content: codes.Code) -> tuple[str, dict[str, Fact]]:
    """Return the kind of evidence that a code is, and the facts that it carries."""
    kind = KINDS[type(content)]
    facts = {name: getattr(content, name) for name in content.__slots__ if name not in _ENVELOPE}
    return kind, {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in facts.items()
    }


def evidence_of(content: codes.Code, *, received_at: datetime) -> Evidence:
    """Return the evidence of a code that carries all of it."""
    kind, facts = kind_and_facts(content)
    return Evidence(
        kind=kind,
        code_key=codes.code_key(content),
        device_number=content.device,
        occurred_at=act_at(content, received_at=received_at),
        facts=facts,
    )
