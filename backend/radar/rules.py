"""What a merchant's payments tell, and for how long its payout waits.

A suspicion never takes money away: it delays the euro of a closing, by itself for a time or
until a person has looked, and both sides read why. Each rule needs a least number of payments
and a least amount, so that a quiet shop with one faithful customer is left alone.

The thresholds are ours, chosen so that everyday trade passes (docs/settlement.md); they are to be
revised with the first year's figures.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

WINDOW = timedelta(days=30)
"""How far back payments are looked at."""
MIN_PAYMENTS = 5
MIN_UNITS = 5_000
"""50 points, some five euro: below it nobody gains by colluding."""
PAIR_PERCENT = 50
"""Share of a merchant's takings from one payer that is unusual."""
PAIR_HIGH_PERCENT = 80
VELOCITY_SPAN = timedelta(minutes=10)
VELOCITY_PAYMENTS = 4
"""Payments of one payer at one till within the span."""
ROUND_TRIP_PERCENT = 50
"""Share of what one owner took from another that flows back to that other one's shop."""
REFUND_PERCENT = 30
DELAY = timedelta(days=3)
"""How long a payout waits by itself for a suspicion of level WATCH."""


class Level(IntEnum):
    """What a suspicion asks for."""

    WATCH = 1
    """The payout waits for DELAY."""
    STOP = 2
    """The payout waits for a person."""


@dataclass(frozen=True)
class Sale:
    """One payment as the radar sees it."""

    payer_id: str
    units: int
    at: datetime
    refunded_units: int = 0


@dataclass(frozen=True)
class Flow:
    """Points that two shopkeepers spent at each other's shop in the window.

    Attributes:
        given_units: What the other shopkeeper spent here.
        back_units: What this shop's owner spent at the other's shop.
    """

    other_id: str
    given_units: int
    back_units: int


@dataclass(frozen=True)
class Facts:
    """What is known of a merchant's window.

    Attributes:
        insiders: Accounts that run its till: owner and clerks.
    """

    sales: Sequence[Sale]
    insiders: frozenset[str]
    flows: Sequence[Flow] = ()


@dataclass(frozen=True)
class Suspicion:
    """One reason to wait.

    Attributes:
        code: Key of the sentence that explains it (`radar.<code>` in the catalogues).
        facts: Numbers of the sentence; no names.
    """

    code: str
    level: Level
    facts: Mapping[str, int]


@dataclass(frozen=True)
class Assessment:
    """Reasons, the gravest first, and until when to wait.

    Attributes:
        until: `None` with suspicions means: until a person has looked.
    """

    suspicions: tuple[Suspicion, ...]
    until: datetime | None

    @property
    def is_held(self) -> bool:
        """True when the payout waits."""
        return bool(self.suspicions)


def assess(facts: Facts, now: datetime) -> Assessment:
    """Apply every rule to a merchant's window."""
    found = [suspicion for rule in RULES for suspicion in rule(facts)]
    found.sort(key=lambda suspicion: (-suspicion.level, suspicion.code))
    must_look = any(suspicion.level == Level.STOP for suspicion in found)
    return Assessment(tuple(found), None if must_look or not found else now + DELAY)


def own_pocket(facts: Facts) -> Iterable[Suspicion]:
    """Stop when the people behind the till pay at it themselves."""
    own = [sale for sale in facts.sales if sale.payer_id in facts.insiders]
    units = _kept(own)
    if units >= MIN_UNITS:
        yield Suspicion("own_pocket", Level.STOP, {"count": len(own), "units": units})


def concentration(facts: Facts) -> Iterable[Suspicion]:
    """Wait when one payer brings an unusual share of the takings."""
    total = _kept(facts.sales)
    by_payer: Counter[str] = Counter()
    for sale in facts.sales:
        by_payer[sale.payer_id] += sale.units - sale.refunded_units
    if len(facts.sales) < MIN_PAYMENTS or not by_payer:
        return
    payer_id, units = max(by_payer.items(), key=lambda pair: (pair[1], pair[0]))
    if units < MIN_UNITS or units * 100 < total * PAIR_PERCENT:
        return
    count = sum(sale.payer_id == payer_id for sale in facts.sales)
    is_high = units * 100 >= total * PAIR_HIGH_PERCENT and count >= MIN_PAYMENTS
    yield Suspicion(
        "concentration",
        Level.STOP if is_high else Level.WATCH,
        {"percent": units * 100 // total, "count": count, "units": units},
    )


def velocity(facts: Facts) -> Iterable[Suspicion]:
    """Wait when one payer pays again and again within minutes."""
    by_payer: dict[str, list[datetime]] = defaultdict(list)
    for sale in facts.sales:
        by_payer[sale.payer_id].append(sale.at)
    most = max((_burst(sorted(times)) for times in by_payer.values()), default=0)
    if most >= VELOCITY_PAYMENTS and _kept(facts.sales) >= MIN_UNITS:
        minutes = VELOCITY_SPAN // timedelta(minutes=1)
        yield Suspicion("velocity", Level.WATCH, {"count": most, "minutes": minutes})


def round_trips(facts: Facts) -> Iterable[Suspicion]:
    """Stop when shopkeepers spend at each other's shops and the points go in a circle."""
    for flow in facts.flows:
        circled = min(flow.given_units, flow.back_units)
        if circled >= MIN_UNITS and circled * 100 >= flow.given_units * ROUND_TRIP_PERCENT:
            yield Suspicion(
                "round_trip",
                Level.STOP,
                {"given_units": flow.given_units, "back_units": flow.back_units},
            )


def refund_abuse(facts: Facts) -> Iterable[Suspicion]:
    """Wait when much of what is sold is refunded."""
    sold = sum(sale.units for sale in facts.sales)
    refunded = sum(sale.refunded_units for sale in facts.sales)
    count = sum(sale.refunded_units > 0 for sale in facts.sales)
    is_much = refunded >= MIN_UNITS and refunded * 100 >= sold * REFUND_PERCENT
    if count >= MIN_PAYMENTS and is_much:
        percent = refunded * 100 // sold
        yield Suspicion("refund_abuse", Level.WATCH, {"count": count, "percent": percent})


RULES: Sequence[Callable[[Facts], Iterable[Suspicion]]] = (
    own_pocket,
    concentration,
    velocity,
    round_trips,
    refund_abuse,
)
"""Every rule there is."""


def _kept(sales: Iterable[Sale]) -> int:
    return sum(sale.units - sale.refunded_units for sale in sales)


def _burst(times: Sequence[datetime]) -> int:
    """Return the largest number of instants within VELOCITY_SPAN."""
    most = start = 0
    for end, at in enumerate(times):
        while at - times[start] > VELOCITY_SPAN:
            start += 1
        most = max(most, end - start + 1)
    return most
