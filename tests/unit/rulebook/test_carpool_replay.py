"""The whole outside judge: real campaigns, replayed with no difference."""

import json
from pathlib import Path
from typing import Any

import pytest

from backend.rulebook.adapters.carpool import import_campaign
from backend.rulebook.adapters.carpool_cases import CaseResult, replay
from backend.rulebook.rulebook import Rulebook
from tests.unit.rulebook.books import DATA

CASES = sorted(
    path for kind in ("vectors", "random", "edges") for path in (DATA / kind).glob("*.json")
)


def _replay(cases: Path, campaign: dict[str, Any] | None = None) -> list[CaseResult]:
    facts = campaign or json.loads((DATA / "campaigns" / cases.name).read_text())
    return replay(Rulebook(import_campaign(json.dumps(facts))), cases.read_bytes())


@pytest.mark.parametrize("cases", CASES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_campaign_replays_without_difference(cases: Path) -> None:
    rulebook = Rulebook(import_campaign((DATA / "campaigns" / cases.name).read_bytes()))

    results = replay(rulebook, cases.read_bytes())

    assert results
    assert [item for result in results for item in result.differences] == []


def test_every_campaign_has_cases() -> None:
    campaigns = {path.name for path in (DATA / "campaigns").glob("*.json")}

    assert len(campaigns) == 30
    assert {path.name for path in (DATA / "vectors").glob("*.json")} == campaigns


def test_the_one_failing_test_of_upstream_is_replayed_as_its_engine_does() -> None:
    noted = [
        (path.stem, result)
        for path in CASES
        if path.parent.name == "vectors"
        for result in _replay(path)
        if result.note
    ]

    # Trip 5 lies outside the territory, but this campaign's rules never look at the place: the
    # run-time selector would, and the recorded test leaves it open. So the engine pays 150.
    assert [(name, result.n, result.got) for name, result in noted] == [
        ("20240805_CCVMM_2024_05", 1, (0, 0, 0, 0, 150, 0))
    ]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("eligibility", 1, "require", "min_m"), 5001),
        (("eligibility", 1, "require", "max_m"), 79_999),
        (("eligibility", 4, "require", "codes", "aom"), ["000000000"]),
        (("tariff", "variants", 0, "tiers", 0, "components", 0, "fixed_cents"), 151),
        (("caps", 0, "max"), 5),
        (("caps", 1, "period"), "month"),
        (("caps", 2, "period_time_zone"), "Europe/Paris"),
    ],
)
def test_replay_notices_when_one_fact_changes(path: tuple[str | int, ...], value: object) -> None:
    name = "20240201_GrandChatellerault.json"
    campaign = json.loads((DATA / "campaigns" / name).read_text())
    node: Any = campaign
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value

    found = [
        item
        for kind in ("vectors", "random", "edges")
        for result in _replay(DATA / kind / name, campaign)
        for item in result.differences
    ]

    assert found
