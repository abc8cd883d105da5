"""What the deep run prints: totals, faults by kind, and which pairs were reached."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.faults.kinds import KINDS, is_possible
from tests.faults.points import POINTS

Row = dict[str, Any]


def report(rows: Sequence[Row]) -> int:
    """Print all tables; return 1 when a promise was broken or a pair not reached."""
    print()
    print(totals(rows))
    print()
    print(strikes(rows))
    schedules = [row for row in rows if row["suite"] == "schedules"]
    reached = sum((Counter(row["pairs"]) for row in schedules), Counter[str]())
    print()
    print(coverage(reached))
    missing = unreached(reached)
    if missing:
        print(f"\n{len(missing)} pairs were not reached: {', '.join(missing)}")
    failed = [row for row in rows if row["complaints"]]
    for row in failed:
        print(failure(row))
    return 1 if failed or missing else 0


def totals(rows: Sequence[Row]) -> str:
    """Return a line per suite: what was played, what went wrong at the end."""
    heads = (
        "suite",
        "seeds",
        "rewards",
        "payments",
        "faults",
        "broken",
        "lies unnoticed",
        "slowest drain, s",
        "CPU s",
    )
    lines = [_line(heads), "|" + "---|" * len(heads)]
    for suite in dict.fromkeys(row["suite"] for row in rows):
        mine = [row for row in rows if row["suite"] == suite]
        cells = (
            suite,
            len(mine),
            sum(row["rewards"] for row in mine),
            sum(row["payments"] for row in mine),
            sum(sum(row["strikes"].values()) for row in mine),
            sum(bool(row["complaints"]) for row in mine),
            sum(len(row["unnoticed"]) for row in mine),
            max(row["drain_s"] for row in mine),
            f"{sum(row['cpu_s'] for row in mine) / len(mine):.2f}",
        )
        lines.append(_line(cells))
    return "\n".join(lines)


def strikes(rows: Sequence[Row]) -> str:
    """Return how often each kind of fault struck."""
    struck = sum((Counter(row["strikes"]) for row in rows), Counter[str]())
    lines = ["| fault | struck |", "|---|---|"]
    return "\n".join(lines + [_line((name, count)) for name, count in struck.most_common()])


def coverage(reached: Counter[str]) -> str:
    """Return how often the process was at each point while each kind struck."""
    names = [kind.name for kind in KINDS]
    lines = [_line(("point", *names)), "|" + "---|" * (len(names) + 1)]
    for point in POINTS:
        cells = [
            reached[f"{point.name} × {kind.name}"] if is_possible(point, kind) else "–"
            for kind in KINDS
        ]
        lines.append(_line((f"{point.name} {point.what}", *cells)))
    return "\n".join(lines)


def unreached(reached: Counter[str]) -> list[str]:
    """Return the possible pairs that no schedule reached."""
    return [
        name
        for point in POINTS
        for kind in KINDS
        if is_possible(point, kind) and not reached[name := f"{point.name} × {kind.name}"]
    ]


def failure(row: Row) -> str:
    """Return what went wrong with a seed and the command that plays it again."""
    wrong = "; ".join(row["complaints"])
    suite = "" if row["suite"] == "schedules" else f" SUITE={row['suite']}"
    command = f"make fault SEED={row['seed']}{suite}"
    return f"{row['suite']} seed {row['seed']}: {wrong}\n  replay: {command}"


def _line(cells: Sequence[object]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"
