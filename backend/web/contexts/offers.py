"""Pages of offers and of applications to take points."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True)
class OfferCard:
    """An offer as citizens see it.

    Attributes:
        left: Pieces that can still be reserved.
        mine: How many the visitor has, paid or reserved.
        pay_href: Where a reservation of the visitor is paid; empty without one.
        km: Kilometres from the chosen commune as the crow flies; 0 for near or unknown.
        open_today: The shop's hours today; empty when it is closed or said nothing.
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
    last_day: date
    is_accessible: bool
    is_spend_free: bool
    mine: int = 0
    pay_href: str = ""
    can_reserve: bool = True
    km: int = 0
    open_today: str = ""


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
        pins: Shops that are on the map, for `map.js`.
    """

    commune_code: str
    communes: tuple[tuple[str, str], ...]
    only_accessible: bool
    only_spend_free: bool
    offers: tuple[OfferCard, ...]
    outlines: tuple[str, ...]
    dots: tuple[OfferDot, ...]
    pins: str
    balance_units: int
    is_known: bool


@dataclass(frozen=True)
class OfferLine:
    """An offer in its merchant's list."""

    offer_id: str
    title: str
    price_units: int
    left: int
    last_day: date
    is_open: bool


@dataclass(frozen=True)
class ShopOffersPage:
    """A merchant's offers and the form for another one.

    Attributes:
        typed: Field → what was typed, or what is usual.
    """

    merchant_id: str
    merchant: str
    lines: tuple[OfferLine, ...]
    problem_key: str = ""
    typed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ApplicationLine:
    """An application as applicant or staff see it.

    Attributes:
        hours: Of seven days from Monday; none when nothing was said.
        account: Number of the bank account, its middle left out; empty once decided.
        pins: Where it is, for `map.js`; empty when nothing was said.
        place: The same in words.
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
    pins: str = ""
    place: str = ""


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
    latitude: str = ""
    longitude: str = ""
    hours: tuple[str, ...] = ("",) * 7
    holder: str = ""
    iban: str = ""
    problem_key: str = ""


@dataclass(frozen=True)
class ApplicationsPage:
    """Applications that wait for somebody of the metropolis."""

    lines: tuple[ApplicationLine, ...]


@dataclass(frozen=True)
class OfferChangeLine:
    """One field of an offer that its merchant changed."""

    at: datetime
    text_key: str
    before: str
    after: str


@dataclass(frozen=True)
class EditOfferPage:
    """An offer that its merchant changes.

    Attributes:
        stock_seen: Pieces left when the page was made.
        typed: Field → what stands in it.
    """

    merchant_id: str
    offer_id: str
    title: str
    is_open: bool
    stock_seen: int
    changes: tuple[OfferChangeLine, ...]
    problem_key: str = ""
    typed: tuple[tuple[str, str], ...] = ()
