"""Pages of shops as citizens and tills see them beside the keypad."""

from dataclasses import dataclass

from backend.web.contexts.offers import OfferDot


@dataclass(frozen=True)
class ShopPage:
    """A shop's own page, where a citizen types the amount.

    Attributes:
        is_association: What is typed is a gift.
        is_open: Registered on chain.
        can_pay: The visitor is signed in.
        point_cents: What a point is worth, in euro cents.
        purchase_key: Makes a purchase that is sent twice one.
        hours: Of seven days from Monday; none when the shop said nothing.
        where: Street and number.
        pins: Where it is, for `map.js`; empty when nothing was said.
    """

    merchant_id: str
    merchant: str
    commune: str
    is_association: bool
    is_open: bool
    can_pay: bool
    balance_units: int
    point_cents: str
    purchase_key: str
    hours: tuple[str, ...] = ()
    where: str = ""
    pins: str = ""
    problem_key: str = ""
    typed: str = ""


@dataclass(frozen=True)
class TillCardPage:
    """The till scans a customer's card.

    Attributes:
        purchase_key: Makes a purchase that is sent twice one.
        asks_pin: The last try needs the customer's PIN.
    """

    merchant_id: str
    merchant: str
    purchase_key: str
    amount: str = ""
    label: str = ""
    code: str = ""
    problem_key: str = ""
    asks_pin: bool = False


@dataclass(frozen=True)
class AssociationLine:
    """An association that takes points as gifts."""

    href: str
    name: str
    where: str


@dataclass(frozen=True)
class GivingPage:
    """Where one can give points to.

    Attributes:
        outlines: Communes, as paths of a picture 1000 wide.
        dots: How many associations are in which commune.
    """

    associations: tuple[AssociationLine, ...]
    outlines: tuple[str, ...]
    dots: tuple[OfferDot, ...]
    pins: str
