"""Pages of citizens: points, scanning, receipts, paying."""

from dataclasses import dataclass
from datetime import date, datetime

from backend.web.contexts.frame import Step
from backend.web.contexts.till import RefundLine


@dataclass(frozen=True)
class HistoryLine:
    """One act or payment of a citizen.

    Attributes:
        href: Page that explains it.
        icon: Name in the icon file.
        title_key: What it was, for example "material.glass".
        title: Name of the shop, when it is a payment.
        place: Where, may be empty.
        units: Signed amount; `None` while nothing is decided.
        state: pending, confirming, held, confirmed, refused, review, zero.
    """

    href: str
    icon: str
    title_key: str
    at: datetime
    state: str
    units: int | None = None
    title: str = ""
    place: str = ""


@dataclass(frozen=True)
class HistoryDay:
    """The lines of one local day, newest first."""

    day: date
    lines: tuple[HistoryLine, ...]


@dataclass(frozen=True)
class Shop:
    """A place that accepts points."""

    name: str
    commune: str


@dataclass(frozen=True)
class Idea:
    """What an amount of points is worth: an example a citizen can picture.

    Attributes:
        missing_units: What is still needed; 0 when it can be had now.
    """

    text_key: str
    icon: str
    units: int
    missing_units: int


@dataclass(frozen=True)
class HomePage:
    """A citizen's own page.

    Attributes:
        confirmed_units: Can be spent now.
        pending_units: Earned, on their way or held.
        in_flight_units: Paid, not yet confirmed.
        worth_cents: What the confirmed points buy. Unit: euro cents, rounded down.
        is_new: Has no history yet.
        is_anonymous: Points live on this phone only.
        kept_until: When the first of them go back if nobody signs up; `None` without any.
    """

    confirmed_units: int
    pending_units: int
    in_flight_units: int
    worth_cents: int
    is_new: bool
    is_anonymous: bool
    ideas: tuple[Idea, ...]
    shops: tuple[Shop, ...]
    days: tuple[HistoryDay, ...]
    kept_until: datetime | None = None


@dataclass(frozen=True)
class ScanPage:
    """The camera page, and the form for a typed code.

    Attributes:
        idempotency_key: Makes a form that is sent twice count once.
        problem_key: Why the last typed code was not taken; empty at first.
        typed: What was typed.
    """

    idempotency_key: str
    problem_key: str = ""
    typed: str = ""


@dataclass(frozen=True)
class CodePage:
    """What a phone's own camera opens; looking never uses the code up.

    Attributes:
        code: As it goes into the form.
        kind: slot, deposit or ticket.
        title_key: Material or mode, "code.deposit" when unknown.
        count: Items in the deposit; 0 when the code does not say.
        mass_g: Mass in grams; 0 when the code does not say.
        distance_m: Length of the trip in metres; 0 when it is none.
    """

    code: str
    kind: str
    idempotency_key: str
    title_key: str
    icon: str
    place: str
    count: int = 0
    mass_g: int = 0
    distance_m: int = 0


@dataclass(frozen=True)
class ReceiptTranche:
    """A part of a reward that is released by itself."""

    units: int
    state: str
    release_at: datetime


@dataclass(frozen=True)
class Proof:
    """What the curious can check."""

    receipt_leaf: str
    edition_hash: str
    reward_ids: tuple[str, ...]
    tx_hashes: tuple[str, ...]


@dataclass(frozen=True)
class ReceiptPage:
    """Why an act earned what it earned.

    Attributes:
        state: As in HistoryLine.
        level: Proof level, empty before the verdict.
        sentences: The rulebook's reasoning, in the reader's language.
        reason_words: Why it was believed or refused, in the reader's language.
        appeal: "", possible, open, accepted or refused.
        appeal_key: What the person who looked at it said.
        changes: What became of the reward since, in the reader's language.
        trip_href: Page with map and legs of a recorded trip.
    """

    reference: str
    title_key: str
    icon: str
    place: str
    occurred_at: datetime
    state: str
    units: int | None
    level: str
    edition_number: int | None
    count: int = 0
    mass_g: int = 0
    distance_m: int = 0
    sentences: tuple[str, ...] = ()
    reason_words: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    tranches: tuple[ReceiptTranche, ...] = ()
    proof: Proof | None = None
    appeal: str = ""
    appeal_key: str = ""
    changes: tuple[str, ...] = ()
    trip_href: str = ""


@dataclass(frozen=True)
class PaymentReceiptPage:
    """What a citizen paid.

    Attributes:
        is_gift: Given to an association.
        refused_key: Why a payment signed without network was refused on arrival.
    """

    reference: str
    merchant: str
    label: str
    units: int
    state: str
    requested_at: datetime
    steps: tuple[Step, ...]
    is_gift: bool = False
    tx_hash: str = ""
    refunded_units: int = 0
    refunds: tuple[RefundLine, ...] = ()
    is_own_wallet: bool = False
    refused_key: str = ""


@dataclass(frozen=True)
class PayPage:
    """A merchant's payment request, before the citizen says yes.

    Attributes:
        state: open, closed, mine.
        obstacle: "", sign_in, too_poor, preparing or factor_missing.
        after_units: Balance after it.
        is_gift: Given to an association.
        asks_pin: It is large, and the account has a PIN.
        challenge: What a passkey signs, base64url; empty when none is asked for.
        credentials: Passkeys that count, base64url, comma between them.
        typed: What an own wallet signs, JSON; empty for points that we keep.
        signer: Address of that wallet.
    """

    payment_id: str
    merchant: str
    commune: str
    label: str
    units: int
    worth_cents: int
    expires_at: datetime
    state: str
    obstacle: str
    balance_units: int
    after_units: int
    is_gift: bool = False
    asks_pin: bool = False
    challenge: str = ""
    credentials: str = ""
    problem_key: str = ""
    typed: str = ""
    signer: str = ""
