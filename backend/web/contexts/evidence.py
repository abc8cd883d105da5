"""Pages of reviewers: the evidence of one act, and freezes of accounts."""

from dataclasses import dataclass
from datetime import datetime

from backend.web.contexts.admin import CaseLine, Doubt
from backend.web.contexts.trips import LegLine, TripMap


@dataclass(frozen=True)
class TrailLine:
    """One case about the act: what led to it and what was decided."""

    cause: str
    state: str
    opened_at: datetime
    decided_at: datetime | None
    doubts: tuple[Doubt, ...]
    statement: str
    reason_key: str


@dataclass(frozen=True)
class PastAct:
    """Another act of the same person, without a name."""

    claim_id: str
    title_key: str
    at: datetime
    place: str
    state: str
    level: str
    units: int


@dataclass(frozen=True)
class EvidencePage:
    """Everything that a reviewer may see of one act.

    Attributes:
        reasons: What the verifier found, with its figures.
        pending_units: What can still be taken back.
        companions: People who keep acting beside this person.
        accounts_on_phone: Accounts that opened a session in the same browser.
        map, legs: Of a recorded trip, both ends cut off; none of any other act.
    """

    case: CaseLine
    state: str
    level: str
    received_at: datetime
    device: int
    reasons: tuple[str, ...]
    trail: tuple[TrailLine, ...]
    past: tuple[PastAct, ...]
    companions: int
    accounts_on_phone: int
    pending_units: int
    is_open: bool
    accept_reasons: tuple[str, ...]
    refuse_reasons: tuple[str, ...]
    take_back_reasons: tuple[str, ...]
    freeze_reasons: tuple[str, ...]
    changes: tuple[str, ...] = ()
    map: TripMap | None = None
    legs: tuple[LegLine, ...] = ()


@dataclass(frozen=True)
class FreezeLine:
    """A freeze, and what the reader can do about it."""

    id: int
    state: str
    reason: str
    claim_id: str
    note: str
    requested_at: datetime
    confirmed_at: datetime | None
    statement: str
    appealed_at: datetime | None
    appeal_due_at: datetime | None
    appeal_decided_at: datetime | None
    closed_at: datetime | None
    may_answer: bool
    may_uphold: bool
    may_lift: bool


@dataclass(frozen=True)
class FreezesPage:
    """Freezes, the newest first."""

    freezes: tuple[FreezeLine, ...]
