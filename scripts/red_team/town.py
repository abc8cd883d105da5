"""Honest people of the simulated town: what they bring, where and when.

Assumptions, ours unless a source is named: 2.3 people a household; 6 glass items a month
and person (about 30 kg of glass a year, reports of French collection areas); 1 to 8 trips
to a drop-off point a month, with a long tail; attested points are used for 71 % of the
acts, since they pay four times as much; a phone's position is off by about its stated
accuracy, and one fix in 500 is far off between high buildings. Three people in ten share a
family's browser, eight in a hundred that of an association which helps them.
"""

import math
import random
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from scripts.red_team.acts import DAY_S, DAYS, FIRST_DAY, LAST_DAY, OWN_PHONE, TownAct

STICKERS, GATES, BINS, COUNTERS = (
    range(1000, 1210),
    range(2000, 2040),
    range(3000, 3030),
    range(4000, 4020),
)
ITEMS_MONTH = {"glass": 6.0, "packaging": 20.0, "paper": 12.0, "textile": 1.0}
_HOUSEHOLDS = (1, 1, 1, 2, 2, 2, 3, 4, 4, 5)
_MATERIALS = ("glass", "packaging", "paper", "textile")
_WEIGHTS = (40, 35, 18, 7)
_GATE_SHARE, _BIN_SHARE = 0.5, 0.4
_FAR_FIX = 0.002
_HELPED, _FAMILY = 8, 3


@dataclass(frozen=True, slots=True)
class Citizen:
    """Habits of one person.

    Attributes:
        household: People whose things this person brings.
        trips: Expected trips in 30 days.
        located_share: How often a place with a sticker is used.
        points: The sticker, gate, bin and counter that are near.
    """

    household: int
    trips: float
    located_share: float
    points: tuple[int, int, int, int]


def citizen(draw: random.Random) -> Citizen:
    """Draw somebody."""
    return Citizen(
        household=draw.choice(_HOUSEHOLDS),
        trips=min(45.0, max(1.0, draw.lognormvariate(math.log(8), 0.55))),
        located_share=draw.betavariate(4, 10),
        points=(
            draw.choice(STICKERS),
            draw.choice(GATES),
            draw.choice(BINS),
            draw.choice(COUNTERS),
        ),
    )


def phone_of(agent: int) -> int:
    """Return the browser of an honest person."""
    hundred, rest = divmod(agent, 100)
    if rest < _HELPED:
        return -10 - hundred
    family, member = divmod(agent, 10)
    return -1_000_000 - family if member < _FAMILY else OWN_PHONE


def poisson(draw: random.Random, mean: float) -> int:
    """Draw a Poisson number (Knuth's product; means here are small)."""
    bound, product, count = math.exp(-mean), draw.random(), 0
    while product > bound:
        product *= draw.random()
        count += 1
    return count


def month_of(who: Citizen, agent: int, draw: random.Random) -> list[TownAct]:
    """Return a person's honest acts of 30 days, with those of the months around.

    The months before make the history that the rules look at; those after decide what
    becomes of acts that wait.
    """
    return [
        act
        for first_day in range(FIRST_DAY, LAST_DAY, DAYS)
        for act in _thirty_days(who, agent, draw, first_day=first_day)
    ]


@lru_cache(maxsize=2_048)
def own_month(seed: int, agent: int) -> tuple[TownAct, ...]:
    """Return the honest acts of a hostile agent, the same ones for whatever it tries.

    What somebody brings does not depend on how they cheat, so it is drawn once for all
    settings of the search.
    """
    draw = random.Random(f"{seed}/{agent}")  # noqa: S311 - a simulation must be replayable
    return tuple(month_of(citizen(draw), agent, draw))


def _thirty_days(who: Citizen, agent: int, draw: random.Random, *, first_day: int) -> list[TownAct]:
    brought = Counter(draw.choices(_MATERIALS, _WEIGHTS, k=poisson(draw, who.trips)))
    acts = []
    for material, trips in brought.items():
        # A household makes so much, however often somebody carries it away.
        made = max(trips, poisson(draw, ITEMS_MONTH[material] * who.household))
        cuts = sorted(draw.sample(range(1, made), trips - 1)) if made > 1 else []
        for start, end in pairwise([0, *cuts, made]):
            day = first_day + draw.randrange(DAYS)
            acts.append(_trip(who, agent, draw, day=day, load=(material, end - start)))
    return acts


def _trip(
    who: Citizen, agent: int, draw: random.Random, *, day: int, load: tuple[str, int]
) -> TownAct:
    kind, station = _place(who, draw)
    accuracy_m = max(4, round(draw.lognormvariate(math.log(15), 0.6)))
    error_m = round(abs(draw.gauss(0, accuracy_m))) + draw.randrange(30)
    if draw.random() < _FAR_FIX:
        error_m = draw.randrange(200, 900)
    return TownAct(
        at_s=day * DAY_S + draw.randrange(7 * 3600, 22 * 3600),
        agent=agent,
        account=0,
        station=station,
        kind=kind,
        material=load[0],
        items=load[1],
        gps_error_m=error_m,
        gps_accuracy_m=accuracy_m,
        phone=phone_of(agent),
    )


def _place(who: Citizen, draw: random.Random) -> tuple[str, int]:
    sticker, gate, bin_, counter = who.points
    if draw.random() < who.located_share:
        return "sticker", sticker
    chance = draw.random()
    if chance < _GATE_SHARE:
        return "gate", gate
    return ("bin", bin_) if chance < _GATE_SHARE + _BIN_SHARE else ("counter", counter)
