"""Pure rules of promises: limits, clocks, and why one that arrives is refused."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

EACH_UNITS = 2_000
"""20 points: the dearest promise. What a till takes from the code on a phone without a PIN
(`market.rules.CARD_UNPROVED_UNITS`), because nobody can check a PIN without network."""
PASS_UNITS = 6_000
"""60 points: what one pass may promise in all."""
PASS_UNITS_MIN = 100
"""One point: a pass for less is not worth having."""
PASS_LIFE = timedelta(days=7)
"""How long a phone may promise without having seen us."""
PASSES_MAX = 3
"""Passes of an account that can promise at the same time: 180 points are the most that shops can
hold of one person's promises unknown to us."""
RENEW_BEFORE = timedelta(days=3)
"""A phone that is online this long before the end fetches the next pass."""
ARRIVES_WITHIN = timedelta(days=7)
"""How long after its signature a promise may arrive: a shop closed for a week's holiday."""
CLOCKS_DIFFER = timedelta(minutes=10)
"""How far a phone's clock may be from ours, and from the till's."""
TILL_ALONE = timedelta(hours=72)
"""How long a till may take promises without having seen us: a weekend, as counters do
(`devices.rules.Windows.attended_s`)."""
TILL_COUNT = 50
"""Promises that one till may keep unsent."""
SHOP_UNITS_MAX = 100_000
"""1,000 points: the most that an owner may let one till keep unsent, or a clerk take in a day."""
BARRED_FOR = timedelta(days=30)
"""How long after a promise that its payer did not cover no other pass is given."""
NAME_BYTES = 48
"""Of a shop's name inside a code, so that the code stays readable."""


class PassState(StrEnum):
    """Life of a pass; that it ends by itself is told by its time."""

    ACTIVE = "active"
    """Its phone may promise."""
    REVOKED = "revoked"
    """Its owner took it back: nothing that arrives from now on is paid."""


class Outcome(StrEnum):
    """What became of a promise that arrived."""

    ACCEPTED = "accepted"
    """A payment like any other."""
    REFUSED = "refused"
    """Paid nothing and never will; the shop bears it."""


class Refusal(StrEnum):
    """Why a genuine promise pays nothing, for good."""

    REVOKED = "revoked"
    """The payer had taken the pass back, for example because the phone was stolen."""
    OVER = "over"
    """Signed after the end of the pass, or before it was given."""
    USED_UP = "used_up"
    """More than the pass may promise, in one or in all."""
    TOO_LATE = "too_late"
    """Arrived more than ARRIVES_WITHIN after it was signed."""
    FROM_THE_FUTURE = "from_the_future"
    """The phone's clock was ahead of ours."""
    BALANCE_GONE = "balance_gone"
    """The points were spent elsewhere before the promise arrived."""
    ACCOUNT_STOPPED = "account_stopped"
    """The account is frozen or closed."""
    OWN_WALLET = "own_wallet"
    """The payer's points moved to an own wallet, for which nobody here signs."""


PAYERS_FAULT = frozenset(
    {
        Refusal.REVOKED,
        Refusal.USED_UP,
        Refusal.BALANCE_GONE,
        Refusal.ACCOUNT_STOPPED,
        Refusal.OWN_WALLET,
    }
)
"""Refusals after which the account gets no other pass for BARRED_FOR."""

REFUSED_BY = {
    "units_insufficient": Refusal.BALANCE_GONE,
    "own_wallet_signs": Refusal.OWN_WALLET,
    "account_not_ready": Refusal.ACCOUNT_STOPPED,
}
"""Code of an error of paying → what it means for a promise. Any other error passes: the till
keeps the promise and asks again."""


@dataclass(frozen=True)
class PassFacts:
    """What the rules read of a pass. Unit of amounts: token units."""

    state: str
    each_units: int
    issued_at: datetime
    expires_at: datetime


def refusal(held: PassFacts, *, units: int, signed_at: datetime, now: datetime) -> Refusal | None:
    """Return why a promise of a pass is refused, `None` when nothing of it is wrong.

    The total of the pass is not judged here: the database counts it.

    Args:
        units: What was promised.
        signed_at: The phone's clock; nothing but a bound on it is believed.
        now: When it arrives.
    """
    if held.state == PassState.REVOKED:
        return Refusal.REVOKED
    if signed_at > now + CLOCKS_DIFFER:
        return Refusal.FROM_THE_FUTURE
    if now > signed_at + ARRIVES_WITHIN:
        return Refusal.TOO_LATE
    if not held.issued_at - CLOCKS_DIFFER <= signed_at <= held.expires_at:
        return Refusal.OVER
    return Refusal.USED_UP if units > held.each_units else None


def pass_units(balance_units: int, *, open_units: int) -> int:
    """Return what a new pass may promise in all; 0 when it is not worth having.

    Args:
        balance_units: Confirmed points of the account.
        open_units: What its other passes can still promise.

    >>> [pass_units(n, open_units=1_000) for n in (900, 1_050, 3_000, 90_000)]
    [0, 0, 2000, 6000]
    """
    units = min(PASS_UNITS, balance_units - open_units)
    return units if units >= PASS_UNITS_MIN else 0
