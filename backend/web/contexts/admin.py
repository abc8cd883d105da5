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
    may_review: bool
    may_read_treasury: bool
    may_admit_merchants: bool = False
    may_print_stickers: bool = False


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
class GroupCost:
    """What a month, a material or a place costs under the edition in force and under the draft.

    Attributes:
        name: A month ("2026-03"), a text key of a material or mode, or a commune.
    """

    name: str
    before_units: int
    after_units: int
    gaining: int = 0
    losing: int = 0


@dataclass(frozen=True)
class Example:
    """An act whose amount changes much, under both editions.

    Attributes:
        title_key: Text key of its material or mode.
        before_lines: Why it earned what it did, in sentences; `after_lines` likewise.
    """

    title_key: str
    before_units: int
    after_units: int
    before_lines: tuple[str, ...]
    after_lines: tuple[str, ...]


@dataclass(frozen=True)
class BudgetUse:
    """A budget under the draft."""

    name: str
    spent_units: int
    max_units: int
    exhausted_at: datetime | None


@dataclass(frozen=True)
class ForecastView:
    """What a draft would cost, beside the edition in force.

    Attributes:
        state: waiting, running, done or failed.
        basis: past_acts, or population while there are too few.
        acts: Acts that were replayed.
        delta_cents: Difference over all acts. Unit: euro cents.
        subjects: Materials and modes whose amounts change.
        areas: Communes that change most.
        districts: Priority districts that change most; None when none is loaded.
        examples: Acts that change most.
        months_chart: Picture of the months, SVG; `areas_chart` and `districts_chart` likewise.
    """

    state: str
    progress_percent: int = 0
    basis: str = "past_acts"
    acts: int = 0
    before_units: int = 0
    after_units: int = 0
    delta_cents: int = 0
    gaining: int = 0
    losing: int = 0
    same: int = 0
    months: tuple[GroupCost, ...] = ()
    subjects: tuple[GroupCost, ...] = ()
    areas: tuple[GroupCost, ...] = ()
    districts: tuple[GroupCost, ...] | None = None
    examples: tuple[Example, ...] = ()
    budgets: tuple[BudgetUse, ...] = ()
    months_chart: str = ""
    areas_chart: str = ""
    districts_chart: str = ""


@dataclass(frozen=True)
class EditionPage:
    """One edition: what changes, what it costs, the document, what can be done."""

    edition: EditionLine
    document_hash: str
    previous_number: int | None
    changes: tuple[str, ...]
    diff: tuple[DiffLine, ...]
    forecast: ForecastView | None
    source_text: str
    tx_hash: str
    steps: tuple[Step, ...]
    seconds_left: int
    may_approve: bool
    may_discard: bool
    may_withdraw: bool
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


@dataclass(frozen=True)
class OrphanLine:
    """A transaction on chain that nothing of ours explains.

    Attributes:
        kind: mint, spend, refund or cash_out.
        items: Credits, payments, refunds or burns in it.
        proposer: First person who vouched; empty before.
        may_propose, may_adopt: What the reader can do about it.
    """

    tx_hash: str
    kind: str
    block_number: int
    units: int
    items: int
    found_at: datetime
    proposer: str
    may_propose: bool
    may_adopt: bool


@dataclass(frozen=True)
class QuarantineLine:
    """A reward that was set aside because the chain or the signer refuses it."""

    reward_id: str
    number: int


@dataclass(frozen=True)
class IncidentsPage:
    """What needs a person: orphans of the chain, rewards set aside, a restore under way."""

    orphans: tuple[OrphanLine, ...]
    quarantined: tuple[QuarantineLine, ...]
    is_recovering: bool
    may_act: bool


@dataclass(frozen=True)
class Doubt:
    """One signal, as a text with its facts."""

    text_key: str
    facts: dict[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True)
class CaseLine:
    """A case before a reviewer, without the citizen's name.

    Attributes:
        cause: doubt or appeal.
        is_late: Its day has passed.
    """

    claim_id: str
    cause: str
    title_key: str
    icon: str
    place: str
    occurred_at: datetime
    due_at: datetime
    is_late: bool
    doubts: tuple[Doubt, ...]
    statement: str
    is_own: bool
    count: int = 0
    mass_g: int = 0
    distance_m: int = 0


@dataclass(frozen=True)
class ReviewsPage:
    """The queue of cases, the most urgent first."""

    cases: tuple[CaseLine, ...]
    accept_reasons: tuple[str, ...]
    refuse_reasons: tuple[str, ...]
