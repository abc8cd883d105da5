"""Pages of staff: state of the service and the rulebook."""

from dataclasses import dataclass, field
from datetime import datetime

from backend.web.contexts.frame import Step


@dataclass(frozen=True)
class Health:
    """One line of the state of the service: ok, wait or bad."""

    level: str
    text_key: str
    facts: dict[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True)
class AdminPage:
    """Start page of staff."""

    health: tuple[Health, ...]
    claims_by_state: tuple[tuple[str, int], ...]
    issued_units: int
    pending_units: int
    confirmed_units: int
    takings_units: int
    burned_units: int
    liability_cents: int
    merchants: int
    stations: int
    devices_silent: int
    edition_number: int | None


@dataclass(frozen=True)
class EditionLine:
    """One edition of the rulebook in a list."""

    number: int
    state: str
    title: str
    author: str
    approver: str
    created_at: datetime
    effective_from: datetime | None


@dataclass(frozen=True)
class RulesPage:
    """Editions of the rulebook.

    Attributes:
        pending: The one being written or published, which blocks a new one.
        seconds_left: Until the newest published edition governs; 0 when it does.
    """

    current: EditionLine | None
    coming: EditionLine | None
    seconds_left: int
    pending: EditionLine | None
    editions: tuple[EditionLine, ...]
    may_draft: bool


@dataclass(frozen=True)
class DiffLine:
    """One line of the comparison of two documents: same, added or removed."""

    kind: str
    text: str


@dataclass(frozen=True)
class EditionPage:
    """One edition: what changes, the document, what can be done."""

    edition: EditionLine
    document_hash: str
    previous_number: int | None
    changes: tuple[str, ...]
    diff: tuple[DiffLine, ...]
    source_text: str
    tx_hash: str
    steps: tuple[Step, ...]
    seconds_left: int
    may_approve: bool
    may_discard: bool
    is_own: bool


@dataclass(frozen=True)
class DraftProblem:
    """One thing that is wrong with a document."""

    path: str
    problem: str
    example: str


@dataclass(frozen=True)
class EditionDraftPage:
    """Writing the next edition."""

    number: int
    source_text: str
    problems: tuple[DraftProblem, ...] = ()
    message: str = ""
