"""Pages of a merchant's till."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class TillLine:
    """One payment request at a till.

    Attributes:
        taker: Clerk who took it; empty for the owner, or when the customer started it.
        is_gift: Given to an association.
    """

    href: str
    at: datetime
    units: int
    label: str
    state: str
    taker: str = ""
    is_gift: bool = False


@dataclass(frozen=True)
class CashOutLine:
    """One cash-out of a till."""

    at: datetime
    units: int
    cents: int
    state: str


@dataclass(frozen=True)
class TillPage:
    """A merchant's till.

    Attributes:
        state: draft, registering or active.
        is_owner: May cash out, and sees takings, offers, clerks and payouts.
        today_units: Sold since local midnight.
        takings_units: On chain, not cashed out.
        cash_out_units: What a cash-out would take now.
        cash_out_cents: What it would pay. Unit: euro cents.
    """

    merchant_id: str
    merchant: str
    commune: str
    state: str
    others: tuple[tuple[str, str], ...]
    today_units: int
    today_count: int
    takings_units: int
    cash_out_units: int
    cash_out_cents: int
    point_cents: str
    lines: tuple[TillLine, ...]
    cash_outs: tuple[CashOutLine, ...]
    is_owner: bool = True
    problem_key: str = ""
    typed: str = ""


@dataclass(frozen=True)
class RefundLine:
    """Points of a payment on their way back.

    Attributes:
        giver: Clerk who gave them back; empty for the owner, and on the citizen's page.
    """

    at: datetime
    units: int
    reason: str
    state: str
    giver: str = ""


@dataclass(frozen=True)
class TillPaymentPage:
    """A payment request on the till's screen: the code, then the answer.

    Attributes:
        refund_key: Makes a refund that is sent twice happen once.
        refundable_units: What can still be given back now; 0 hides the form.
        is_limited: A clerk may not give back more today.
        taker: Clerk who took it, if one did.
        is_waiting: The register could not take it yet; it is asked again.
        is_called_off: The till gave it up, and the points are back.
        is_own_wallet: Signed by the customer's own wallet: accepted when it is mined.
        refused_key: Why a payment signed without network was refused on arrival.
    """

    payment_id: str
    merchant: str
    units: int
    worth_cents: int
    label: str
    state: str
    link: str
    expires_at: datetime
    seconds_left: int
    refunds: tuple[RefundLine, ...] = ()
    refund_key: str = ""
    refundable_units: int = 0
    is_limited: bool = False
    taker: str = ""
    is_waiting: bool = False
    is_called_off: bool = False
    is_own_wallet: bool = False
    refused_key: str = ""
    problem_key: str = ""
    typed: str = ""
