"""A simulated town with hostile agents; prints what they got (make red-team-recycling).

For each style 200 settings are searched against the scheme; the worst is then played by all
agents of the style beside 5,000 honest people for 30 days, several times with other seeds.
Finally each control is switched off to see its attack succeed.
"""

import argparse
import random
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import repeat

from backend.collections.rules import ITEM_G
from scripts.red_team import attacks, town
from scripts.red_team.attacks import GUARDS, STYLES, Attack, Setting
from scripts.red_team.scheme import DAY_S, DAYS, Books, Container, Controls, Scheme, TownAct

ALL_ON = Controls()
HOSTILE_BASE = 1_000_000
"""Agents from here on are hostile."""
TRIAL_AGENTS = attacks.ACCOMPLICES
GOALS = {"fraud": 0.005, "cheater": 1.5, "held": 0.005, "refused": 0.001}


@dataclass(frozen=True, slots=True)
class Result:
    """What one simulated month says."""

    fraud: float
    cheater: float
    held: float
    refused: float
    located: float
    trimmed: float
    by_style: Mapping[str, float]
    honest_mean: float


def _seeded(seed: int | str) -> random.Random:
    return random.Random(seed)  # noqa: S311 - a simulation must be replayable


def play(
    agents: Mapping[int, tuple[str, Setting]], controls: Controls, draw: random.Random
) -> list[TownAct]:
    """Return all acts of hostile agents."""
    return [
        act
        for agent, (style, setting) in agents.items()
        for act in STYLES[style](Attack(agent, setting, controls, draw))
    ]


def search(style: str, controls: Controls, *, settings: int, seed: int) -> tuple[float, Setting]:
    """Return the highest fake units per agent over drawn settings, and the setting."""
    draw = _seeded(f"{seed}/{style}")
    background_g = usual_week_g(seed)
    worst: tuple[float, Setting] = (-1.0, {})
    for number in range(settings):
        setting = attacks.draw_setting(draw)
        first = HOSTILE_BASE + number * TRIAL_AGENTS
        first -= first % TRIAL_AGENTS
        agents = {first + k: (style, setting) for k in range(TRIAL_AGENTS)}
        scheme = Scheme(controls, _seeded(number), background_g)
        scheme.run(play(agents, controls, draw))
        gained = sum(scheme.books[agent].fake_units for agent in agents) / TRIAL_AGENTS
        if gained > worst[0]:
            worst = (gained, setting)
    return worst


def usual_week_g(seed: int) -> dict[Container, int]:
    """Return what each weighed container takes in a week from honest people, in grams."""
    draw = _seeded(seed)
    found: dict[Container, int] = defaultdict(int)
    weighed = {*town.BINS, *town.COUNTERS}
    for agent in range(1000):
        for act in town.month_of(town.citizen(draw), agent, draw):
            if act.station in weighed and 0 <= act.at_s < DAYS * DAY_S:
                found[act.station, act.material] += act.items * ITEM_G[act.material]
    # A thousand people stand for five thousand, a month for four weeks and two days.
    return {where: mass_g * 5 * 7 // 30 for where, mass_g in found.items()}


def month(worst: Mapping[str, Setting], *, honest: int, hostile: int, seed: int) -> Result:
    """Play the whole town for 30 days."""
    draw, scheme = _seeded(seed), Scheme(ALL_ON, _seeded(seed + 1))
    acts = [
        act for agent in range(honest) for act in town.month_of(town.citizen(draw), agent, draw)
    ]
    styles = list(worst)
    agents = {
        HOSTILE_BASE + number: (
            styles[number * len(styles) // hostile],
            worst[styles[number * len(styles) // hostile]],
        )
        for number in range(hostile)
    }
    scheme.run(acts + play(agents, ALL_ON, draw))
    return summarise(scheme.books, agents, honest)


def summarise(
    books: Mapping[int, Books], agents: Mapping[int, tuple[str, Setting]], honest: int
) -> Result:
    """Boil the books down to the figures."""
    people = [books[agent] for agent in range(honest)]
    cheats = {agent: books[agent] for agent in agents}
    issued = sum(book.real_units + book.fake_units for book in [*people, *cheats.values()])
    earned = sorted(book.real_units for book in people)
    heavy = earned[int(len(earned) * 0.99)]
    acts = sum(book.acts for book in people)
    by_style: dict[str, list[int]] = {}
    for agent, (style, _) in agents.items():
        by_style.setdefault(style, []).append(cheats[agent].fake_units)
    return Result(
        fraud=sum(book.fake_units for book in cheats.values()) / issued,
        cheater=max(book.real_units + book.fake_units for book in cheats.values()) / heavy,
        held=sum(book.held for book in people) / acts,
        refused=sum(book.refused for book in people) / acts,
        located=sum(book.located for book in people) / acts,
        trimmed=sum(book.trimmed_units for book in people) / sum(earned),
        by_style={style: statistics.mean(units) for style, units in by_style.items()},
        honest_mean=statistics.mean(earned),
    )


def main() -> int:
    """Search, play, break each control; exit 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--honest", type=int, default=5000)
    parser.add_argument("--hostile", type=int, default=500)
    parser.add_argument("--settings", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    started = time.perf_counter()
    with ProcessPoolExecutor(options.workers) as pool:
        look = partial(search, settings=options.settings, seed=options.seed)
        found = dict(zip(STYLES, pool.map(look, STYLES, repeat(ALL_ON)), strict=True))
        worst = {style: setting for style, (_, setting) in found.items()}
        play_month = partial(_month, worst, options.honest, options.hostile)
        seeds = range(options.seed, options.seed + options.seeds)
        results = list(pool.map(play_month, seeds))
        weak = [replace(ALL_ON, **{control: False}) for control in GUARDS.values()]
        look = partial(search, settings=options.settings // 4, seed=options.seed)
        gained = dict(zip(GUARDS, pool.map(look, GUARDS, weak), strict=True))
    is_met = report(results, worst, options.settings)
    broken = report_broken(gained, found)
    print(f"{time.perf_counter() - started:.0f} s")
    return 0 if is_met and broken else 1


def report(results: list[Result], worst: Mapping[str, Setting], settings: int) -> bool:
    """Print the table of the whole town; tell whether every goal is met by every seed."""
    mean = statistics.mean(result.honest_mean for result in results)
    print(f"Honest mean {mean:.0f} units a month. Worst of {settings} settings per style:")
    for style in worst:
        gained = statistics.mean(result.by_style[style] for result in results)
        print(f"  {style:11} {gained:7.0f} fake units an agent  {dict(worst[style])}")
    is_met = True
    for name, goal in GOALS.items():
        values = [getattr(result, name) for result in results]
        is_good = max(values) <= goal
        is_met &= is_good
        print(
            f"  {name:8} mean {statistics.mean(values):.4f}, {min(values):.4f} to "
            f"{max(values):.4f}, goal {goal}: {'met' if is_good else 'MISSED'}"
        )
    located = statistics.mean(result.located for result in results)
    trimmed = statistics.mean(result.trimmed for result in results)
    print(f"  located share of honest acts {located:.3f}, trimmed of honest value {trimmed:.5f}")
    return is_met


def report_broken(
    gained: Mapping[str, tuple[float, Setting]], found: Mapping[str, tuple[float, Setting]]
) -> bool:
    """Print what each attack gains without its control; tell whether all of them succeed."""
    print("Without its control, fake units an agent (with it):")
    all_succeed = True
    for style, control in GUARDS.items():
        without, usual = gained[style][0], found[style][0]
        succeeds = without > 2 * usual + 100
        all_succeed &= succeeds
        mark = "" if succeeds else "  (NO DIFFERENCE)"
        print(f"  {style:11} without {control:14} {without:8.0f} ({usual:.0f}){mark}")
    return all_succeed


def _month(worst: Mapping[str, Setting], honest: int, hostile: int, seed: int) -> Result:
    return month(worst, honest=honest, hostile=hostile, seed=seed)


if __name__ == "__main__":
    sys.exit(main())
