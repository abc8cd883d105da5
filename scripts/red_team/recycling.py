"""A simulated town with hostile agents; prints what they got (make red-team-recycling).

For each style 200 settings are searched against the scheme; the worst is then played by all
agents of the style beside 5,000 honest people for 30 days, several times with other seeds.
Finally each control is switched off to see its attack succeed. A run that was stopped goes on
where it was.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias

from scripts.record import Record
from scripts.red_team import report, search, town
from scripts.red_team.attacks import COLLECTORS, GUARDS, STYLES, Attack, Setting
from scripts.red_team.scheme import EDITION, Books, Scheme
from scripts.red_team.search import ALL_ON, HOSTILE_BASE, seeded

Pair: TypeAlias = tuple[str, str]
"""A style and the control that is off; none by the empty name."""
CHUNK = 25
"""Settings of one piece of work."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one simulated month says."""

    fraud: float
    cheater: float
    held: float
    refused: float
    located: float
    located_pay: float
    located_act_pay: float
    trimmed: float
    by_style: Mapping[str, float]
    honest_mean: float


def month(worst: Mapping[str, Setting], *, honest: int, hostile: int, seed: int) -> Result:
    """Play the whole town for 30 days."""
    draw, scheme = seeded(seed), Scheme(ALL_ON, seeded(seed + 1))
    acts = [
        act for agent in range(honest) for act in town.month_of(town.citizen(draw), agent, draw)
    ]
    styles = list(worst)
    agents = {
        HOSTILE_BASE + number: styles[number * len(styles) // hostile] for number in range(hostile)
    }
    for agent, style in agents.items():
        acts += STYLES[style](Attack(agent, worst[style], ALL_ON, draw, seed))
    scheme.run(acts)
    return summarise(scheme.books, agents, honest)


def summarise(books: Mapping[int, Books], agents: Mapping[int, str], honest: int) -> Result:
    """Boil the books down to the figures."""
    people = [books[agent] for agent in range(honest)]
    cheats = {agent: books[agent] for agent in agents}
    issued = sum(book.real_units + book.fake_units for book in [*people, *cheats.values()])
    earned = sorted(book.real_units for book in people)
    heavy = earned[int(len(earned) * 0.99)]
    acts, located = sum(book.acts for book in people), sum(book.located for book in people)
    located_units = sum(book.located_units for book in people)
    attested_units, located_mean = sum(earned) - located_units, located_units / located
    objects = sum(book.attested_items for book in people)
    by_style: dict[str, list[int]] = {}
    for agent, style in agents.items():
        by_style.setdefault(style, []).append(cheats[agent].fake_units)
    return Result(
        fraud=sum(book.fake_units for book in cheats.values()) / issued,
        cheater=max(book.real_units + book.fake_units for book in cheats.values()) / heavy,
        held=sum(book.held for book in people) / acts,
        refused=sum(book.refused for book in people) / acts,
        located=located / acts,
        located_pay=located_mean * objects / attested_units,
        located_act_pay=located_mean * (acts - located) / attested_units,
        trimmed=sum(book.trimmed_units for book in people) / sum(earned),
        by_style={style: statistics.mean(units) for style, units in by_style.items()},
        honest_mean=statistics.mean(earned),
    )


def some_trials(style: str, control: str, first: int, end: int, seed: int) -> list[float]:
    """Try settings first to end; a piece of work."""
    return search.trials(style, control, range(first, end), seed=seed)


def confirmation(style: str, control: str, number: int, seed: int) -> float:
    """Play one setting again with other people; a piece of work."""
    return search.confirm(style, control, number, seed=seed)


def whole_month(numbers: dict[str, int], honest: int, hostile: int, seed: int) -> dict[str, object]:
    """Play the whole town with the settings of these numbers; a piece of work.

    The settings are those of the search's seed, which is part of `numbers` under "".
    """
    chosen = {
        style: search.setting_of(style, number, seed=numbers[""])
        for style, number in numbers.items()
        if style
    }
    return asdict(month(chosen, honest=honest, hostile=hostile, seed=seed))


@dataclass(frozen=True, slots=True)
class Worst:
    """The setting that gained most of a search, by its number, and its confirmed gain."""

    number: int
    units: float


def search_all(
    record: Record,
    pool: ProcessPoolExecutor,
    wanted: Sequence[Pair],
    *,
    settings: int,
    seed: int,
) -> dict[Pair, Worst]:
    """Search the worst setting of every style, each with the control that is off."""
    chunks = [(first, min(settings, first + CHUNK)) for first in range(0, settings, CHUNK)]
    tasks = [(style, control, *chunk, seed) for style, control in wanted for chunk in chunks]
    parts = record.work(pool, some_trials, tasks)
    finals = []
    for place, (style, control) in enumerate(wanted):
        mine = parts[place * len(chunks) : (place + 1) * len(chunks)]
        gained = [units for part in mine for units in part]
        finals += [(style, control, number, seed) for number in search.finalists(gained)]
    found: dict[Pair, Worst] = {}
    for (style, control, number, _), units in zip(
        finals, record.work(pool, confirmation, finals), strict=True
    ):
        pair = style, control
        if pair not in found or units > found[pair].units:
            found[pair] = Worst(number, units)
    return found


def main() -> int:
    """Search, play, break each control; exit 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--honest", type=int, default=5_000)
    parser.add_argument("--hostile", type=int, default=500)
    parser.add_argument("--settings", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--record", type=Path, default=Path("build/red-team"))
    options = parser.parse_args()
    started = time.perf_counter()
    record = Record(options.record, [EDITION])
    with ProcessPoolExecutor(options.workers) as pool:
        look = {"settings": options.settings, "seed": options.seed}
        everyone = [(style, "") for style in (*STYLES, *COLLECTORS)]
        found = search_all(record, pool, everyone, **look)
        numbers = {"": options.seed, **{style: found[style, ""].number for style in STYLES}}
        seeds = range(options.seed, options.seed + options.seeds)
        months = [(numbers, options.honest, options.hostile, seed) for seed in seeds]
        results = [Result(**answer) for answer in record.work(pool, whole_month, months)]
        look["settings"] = max(1, options.settings // 4)
        gained = search_all(record, pool, GUARDS, **look)
        # The very setting that gains most without a control, with all of them on.
        again = [
            (style, "", gained[style, control].number, options.seed) for style, control in GUARDS
        ]
        usual = dict(zip(GUARDS, record.work(pool, confirmation, again), strict=True))
    chosen = {
        style: search.setting_of(style, worst.number, seed=options.seed)
        for (style, _), worst in found.items()
    }
    print(f"{options.honest} honest, {options.hostile} hostile, seeds {list(seeds)}, 30 days")
    is_met = report.goals(results, chosen, options.settings)
    broken = report.broken({pair: worst.units for pair, worst in gained.items()}, usual)
    print(f"{time.perf_counter() - started:.0f} s, record {record.path}")
    return 0 if is_met and broken else 1


if __name__ == "__main__":
    sys.exit(main())
