"""Importer and engines against a second reading of the register's format.

More campaigns: `make fuzz-rules`.
"""

import json
from typing import Any

import pytest

from backend.rulebook.adapters.carpool import import_campaign, read_json
from backend.rulebook.adapters.carpool_cases import acts_of, bind, replay
from backend.rulebook.document import to_yaml
from backend.rulebook.engine import load
from backend.rulebook.rulebook import Rulebook
from backend.rulebook.simulation.columnar import simulate
from backend.rulebook.simulation.table import table_of
from tests.unit.rulebook.books import DATA
from tests.unit.rulebook.register_campaigns import Draw
from tests.unit.rulebook.register_oracle import Oracle, judged

NAMES = sorted(path.name for path in (DATA / "campaigns").glob("*.json"))


@pytest.mark.parametrize("name", NAMES)
def test_the_oracle_gives_what_the_register_recorded(name: str) -> None:
    campaign = json.loads((DATA / "campaigns" / name).read_text())
    cases = json.loads((DATA / "vectors" / name).read_text())
    cases.setdefault("processing_date", "2026-11-23")

    for case in cases["cases"]:
        oracle = Oracle(campaign, cases, case)
        wanted = case["engine_output"] if case.get("upstream") == "fail" else case["expected"]
        assert oracle.run(case["trips"])[1] == wanted


@pytest.mark.parametrize("first", range(0, 80, 10))
def test_a_drawn_campaign_pays_what_the_oracle_says(first: int) -> None:
    paid = 0
    for seed in range(first, first + 10):
        draw = Draw(seed)
        campaign = draw.campaign()
        cases = judged(campaign, draw.cases(trips=30))

        edition = load(to_yaml(import_campaign(json.dumps(campaign)))).edition
        (result,) = replay(Rulebook(edition), json.dumps(cases))

        assert (seed, result.differences) == (seed, ())
        assert (seed, _by_columns(edition, cases)) == (seed, list(result.expected))
        paid += sum(1 for cents in result.expected if cents)
    assert paid > 10


def _by_columns(edition: Any, cases: dict[str, Any]) -> list[int]:
    exact = read_json(json.dumps(cases))
    (case,) = exact["cases"]
    outcomes = simulate(Rulebook(bind(edition, case["policy"])), table_of(acts_of(exact, case)))
    found: list[int] = outcomes.paid_units.tolist()
    return found
