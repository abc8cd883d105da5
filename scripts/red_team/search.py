"""Look for the setting with which a style of cheating gains most.

A trial is an exact small town: nine agents of one style with their own honest months, beside
the mass that honest people usually bring to the weighed containers. What a setting gained by
luck is told apart by playing the best ones again with other people.
"""

import random
from collections import defaultdict
from dataclasses import replace
from functools import lru_cache

from backend.collections.rules import ITEM_G
from scripts.red_team import attacks, town
from scripts.red_team.acts import DAY_S, DAYS
from scripts.red_team.attacks import COLLECTORS, STYLES, Attack, Setting
from scripts.red_team.scheme import Container, Controls, Scheme

ALL_ON = Controls()
HOSTILE_BASE = 1_000_000
"""Agents from here on are hostile."""
_ALL = {**STYLES, **COLLECTORS}
AGENTS = attacks.ACCOMPLICES
GROUPS = 24
"""Groups of nine people among whom settings are tried in turn: 216 households, not one."""
FINALISTS = 6
"""Best settings of a search that are played again."""
REPLAYS = 8
"""Other groups that play each of them."""


def seeded(seed: int | str) -> random.Random:
    """Return a generator that replays."""
    return random.Random(seed)  # noqa: S311 - a simulation must be replayable


def controls_without(control: str) -> Controls:
    """Return all defences but one; the empty name switches none off."""
    return replace(ALL_ON, **{control: False}) if control else ALL_ON


def setting_of(style: str, number: int, *, seed: int) -> dict[str, int]:
    """Return the setting of one number, the same for whoever asks."""
    return attacks.draw_setting(seeded(f"{seed}/{style}/{number}"))


def gain(style: str, setting: Setting, controls: Controls, *, group: int, seed: int) -> float:
    """Return fake units an agent and month that nine people get with one setting."""
    first = HOSTILE_BASE - HOSTILE_BASE % AGENTS + group * AGENTS
    draw = seeded(f"{seed}/{style}/{group}/{sorted(setting.items())}")
    acts = [
        act
        for agent in range(first, first + AGENTS)
        for act in _ALL[style](Attack(agent, setting, controls, draw, seed))
    ]
    # Whose every code the door refused has gained nothing, whatever the scheme does.
    if all(act.is_real for act in acts):
        return 0.0
    scheme = Scheme(controls, draw, usual_week_g(seed))
    scheme.run(acts)
    agents = range(first, first + AGENTS)
    return sum(scheme.books[agent].fake_units for agent in agents) / AGENTS


def trials(style: str, control: str, numbers: range, *, seed: int) -> list[float]:
    """Return what each of some settings gains, `control` being off."""
    controls = controls_without(control)
    return [
        gain(style, setting_of(style, n, seed=seed), controls, group=n % GROUPS, seed=seed)
        for n in numbers
    ]


def confirm(style: str, control: str, number: int, *, seed: int) -> float:
    """Return the mean gain of one setting over groups of people that have not tried it."""
    controls, setting = controls_without(control), setting_of(style, number, seed=seed)
    groups = range(GROUPS, GROUPS + REPLAYS)
    return sum(gain(style, setting, controls, group=g, seed=seed) for g in groups) / REPLAYS


def finalists(gained: list[float]) -> list[int]:
    """Return the numbers of the settings that gained most, best first."""
    ranked = sorted(range(len(gained)), key=lambda number: -gained[number])
    return ranked[:FINALISTS]


@lru_cache(maxsize=8)
def usual_week_g(seed: int) -> dict[Container, int]:
    """Return what each weighed container takes in a week from honest people, in grams."""
    draw = seeded(seed)
    found: dict[Container, int] = defaultdict(int)
    weighed = {*town.BINS, *town.COUNTERS}
    for agent in range(1000):
        for act in town.month_of(town.citizen(draw), agent, draw):
            if act.station in weighed and 0 <= act.at_s < DAYS * DAY_S:
                found[act.station, act.material] += act.items * ITEM_G[act.material]
    # A thousand people stand for five thousand, a month for four weeks and two days.
    return {where: mass_g * 5 * 7 // 30 for where, mass_g in found.items()}
