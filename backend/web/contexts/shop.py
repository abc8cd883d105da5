"""Pages of shops as citizens and tills see them beside the keypad."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ShopPage:
    """A shop's own page, where a citizen types the amount.

    Attributes:
        is_open: Registered on chain.
        can_pay: The visitor is signed in.
        point_cents: What a point is worth, in euro cents.
        purchase_key: Makes a purchase that is sent twice one.
    """

    merchant_id: str
    merchant: str
    commune: str
    is_open: bool
    can_pay: bool
    balance_units: int
    point_cents: str
    purchase_key: str
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
