"""Pages of offers and of applications to take points."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class OfferCard:
    """An offer as citizens see it.

    Attributes:
        left: Pieces that can still be reserved.
        mine: How many the visitor has, paid or reserved.
        pay_href: Where a reservation of the visitor is paid; empty without one.
    """

    offer_id: str
    title: str
    details: str
    merchant: str
    where: str
    price_units: int
    worth_cents: int
    left: int
    per_person: int
    ends_at: datetime
    is_accessible: bool
    is_spend_free: bool
    mine: int = 0
    pay_href: str = ""
    can_reserve: bool = True


@dataclass(frozen=True)
class OfferDot:
    """A commune with offers on the small map; positions in thousandths of the picture."""

    x: int
    y: int
    name: str
    count: int


@dataclass(frozen=True)
class OffersPage:
    """What one's points buy.

    Attributes:
        commune_code: Commune that comes first; empty for none.
        communes: Code and name of communes to choose from.
        outlines: Shapes of the communes for the map, as SVG paths.
    """

    commune_code: str
    communes: tuple[tuple[str, str], ...]
    only_accessible: bool
    only_spend_free: bool
    offers: tuple[OfferCard, ...]
    outlines: tuple[str, ...]
    dots: tuple[OfferDot, ...]
    balance_units: int
    is_known: bool


@dataclass(frozen=True)
class OfferLine:
    """An offer in its merchant's list."""

    offer_id: str
    title: str
    price_units: int
    left: int
    ends_at: datetime
    is_open: bool


@dataclass(frozen=True)
class ShopOffersPage:
    """A merchant's offers and the form for another one.

    Attributes:
        typed: Field → what was typed, when a field is wrong.
    """

    merchant_id: str
    merchant: str
    lines: tuple[OfferLine, ...]
    starts_on: str
    ends_on: str
    problem_key: str = ""
    typed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ApplicationLine:
    """An application as applicant or staff see it.

    Attributes:
        hours: Of seven days from Monday; none when nothing was said.
        account: Number of the bank account, its middle left out; empty once decided.
    """

    application_id: str
    name: str
    kind: str
    siret: str
    where: str
    state: str
    at: datetime
    reason: str = ""
    hours: tuple[str, ...] = ()
    holder: str = ""
    account: str = ""


@dataclass(frozen=True)
class ApplyPage:
    """The form with which somebody asks to take points."""

    communes: tuple[tuple[str, str], ...]
    applications: tuple[ApplicationLine, ...]
    contract_version: str
    can_apply: bool
    name: str = ""
    kind: str = "shop"
    siret: str = ""
    address: str = ""
    commune_code: str = ""
    hours: tuple[str, ...] = ("",) * 7
    holder: str = ""
    iban: str = ""
    problem_key: str = ""


@dataclass(frozen=True)
class ApplicationsPage:
    """Applications that wait for somebody of the metropolis."""

    lines: tuple[ApplicationLine, ...]
