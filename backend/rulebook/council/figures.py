"""A comparison of two editions as JSON-safe figures; pages, papers and the database hold these."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from backend.rulebook import lab
from backend.rulebook.evaluation import Evaluation
from backend.rulebook.rulebook import Rulebook
from backend.rulebook.simulation.table import ActTable

Figures = Mapping[str, Any]

DISTRICT_LEVEL = "qpv"
"""Level of place codes that names a priority district (quartier prioritaire de la ville)."""
MIN_PEOPLE = 6
"""Places with fewer people are shown together: docs/architecture.md, figures at k ≥ 6."""
_ALIKE = 100
"""Acts looked at for each one explained."""
TOGETHER = "*"
"""Code of the row that holds the places with too few people."""


@dataclass(frozen=True)
class Places:
    """Which places the figures name.

    Args:
        area_level: Level of the places everybody has, for example `arr`.
        area_names: Code → name.
        district_names: Code → name of every priority district that is loaded; empty when none is,
            and then nothing is said by district.
    """

    area_level: str = "commune"
    area_names: Mapping[str, str] = field(default_factory=dict)
    district_names: Mapping[str, str] = field(default_factory=dict)


def comparison_figures(
    before: Rulebook, after: Rulebook, table: ActTable, *, places: Places, top: int
) -> dict[str, Any]:
    """Simulate acts under two editions and return what changes.

    Units are token units. `by_district` is None when no district is loaded.

    Args:
        top: Number of acts with the largest difference that are explained.
    Raises:
        ActIncompleteError: An act lacks a fact that its rule asks for.
    """
    levels = (places.area_level, DISTRICT_LEVEL)
    found = lab.compare(before, after, table, levels=levels, top=top * _ALIKE)
    areas, districts = (found.by_level[level] for level in levels)
    return {
        "before": _summary(found.before) | {"hash": before.hash},
        "after": _summary(found.after) | {"hash": after.hash},
        "by_month": {name: asdict(change) for name, change in found.by_month.items()},
        "by_subject": {name: asdict(change) for name, change in found.by_subject.items()},
        "by_area": _rows(areas, places.area_names),
        "by_district": _rows(districts, places.district_names) if places.district_names else None,
        "people": {
            "gaining": found.people_gaining,
            "losing": found.people_losing,
            "same": found.people_same,
        },
        "examples": _examples(before, after, table, _unlike(table, found.top_rows)[:top]),
    }


def _rows(changes: Mapping[str, lab.Change], names: Mapping[str, str]) -> list[dict[str, Any]]:
    by_size = sorted(changes.items(), key=lambda item: (item[1].people, item[0]))
    few: list[lab.Change] = []
    while by_size and (
        by_size[0][1].people < MIN_PEOPLE or 0 < sum(c.people for c in few) < MIN_PEOPLE
    ):
        few.append(by_size.pop(0)[1])
    rows = [
        {"code": code, "name": names.get(code, code), **asdict(change)}
        for code, change in sorted(by_size)
    ]
    if few:
        summed = {name: sum(getattr(change, name) for change in few) for name in asdict(few[0])}
        rows.append({"code": TOGETHER, "name": TOGETHER, **summed})
    return rows


def _unlike(table: ActTable, rows: Sequence[tuple[int, int]]) -> list[int]:
    """Return one row of each kind of act and difference, so that no two examples say the same."""
    seen: dict[tuple[str, int], int] = {}
    for row, gain in rows:
        seen.setdefault((_subject(table, row), gain), row)
    return list(seen.values())


def _examples(
    before: Rulebook, after: Rulebook, table: ActTable, rows: Sequence[int]
) -> list[dict[str, Any]]:
    old, new = (lab.explain_rows(book, table, rows) for book in (before, after))
    return [
        {
            "subject": _subject(table, row),
            "before_units": old[row].amount_units,
            "after_units": new[row].amount_units,
            "before_lines": _lines(old[row]),
            "lines": _lines(new[row]),
        }
        for row in rows
    ]


def _subject(table: ActTable, row: int) -> str:
    act = table.act(row)
    return act.material or act.mode or act.kind


def _lines(result: Evaluation) -> list[dict[str, Any]]:
    return [{"code": line.code, "facts": dict(line.facts)} for line in result.lines]


def _summary(summary: lab.Summary) -> dict[str, Any]:
    return {
        "edition": summary.edition,
        "acts": summary.total.acts,
        "paid_acts": summary.total.paid_acts,
        "units": summary.total.units,
        "budgets": [
            {
                "budget": row.budget,
                "max_units": row.max_units,
                "spent_units": row.spent_units,
                "exhausted_at": row.exhausted_at.isoformat() if row.exhausted_at else None,
            }
            for row in summary.budgets
        ],
    }


def largest_first(rows: Sequence[Figures], *, limit: int) -> list[Figures]:
    """Return the rows whose amounts change, the largest difference first."""
    changed = [row for row in rows if row["before_units"] != row["after_units"]]
    return sorted(changed, key=lambda row: -abs(row["after_units"] - row["before_units"]))[:limit]
