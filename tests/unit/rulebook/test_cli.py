"""The command line, as a shell sees it: output and exit codes."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from backend.cli_rules import app
from backend.rulebook.act_facts import act_to_facts
from tests.unit.rulebook.books import DATA, EDITIONS, edition_text, make_act

NAME = "20240201_GrandChatellerault.json"
FIRST, SECOND = str(EDITIONS / "amp-2026-1.yaml"), str(EDITIONS / "amp-2026-2.yaml")


def run(*arguments: str, expect: int = 0) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == expect, result.output
    return result.output


@pytest.fixture
def imported(tmp_path: Path) -> Path:
    rulebook = tmp_path / "rulebook.yaml"
    run("import-campaign", str(DATA / "campaigns" / NAME), "-o", str(rulebook))
    return rulebook


@pytest.mark.parametrize("kind", ["vectors", "random", "edges"])
def test_import_then_replay_finds_no_difference(imported: Path, kind: str) -> None:
    output = run("replay", str(imported), str(DATA / kind / NAME))

    assert output.endswith(" 0 cases with differences\n")


def test_replay_exits_1_and_says_what_differs(imported: Path) -> None:
    imported.write_text(imported.read_text().replace("units: 150", "units: 151"))

    output = run("replay", str(imported), str(DATA / "vectors" / NAME), expect=1)

    assert "expected 150, got 151" in output


def test_import_writes_to_standard_output_without_a_file() -> None:
    output = run("import-campaign", str(DATA / "campaigns" / NAME))

    assert output.startswith("schema: calanque-rulebook/1\n")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("schema", "carpool-campaign/2"), "schema"),
        (("eligibility", [{"id": "x", "require": {"type": "moon_phase"}}]), "moon_phase"),
        (("eligibility", [{"id": "x", "require": {"type": "distance"}}, 7]), "malformed"),
        (("tariff", {"mode": "auction", "rounding": {"mode": "half up"}}), "auction"),
        (("caps", [{"target": "planet", "counter": "amount", "period": "day"}]), "planet"),
    ],
)
def test_a_campaign_beyond_the_format_is_refused(
    tmp_path: Path, change: tuple[str, object], problem: str
) -> None:
    campaign = json.loads((DATA / "campaigns" / NAME).read_text()) | {change[0]: change[1]}
    path = tmp_path / "campaign.json"
    path.write_text(json.dumps(campaign))

    assert problem in run("import-campaign", str(path), expect=2)


@pytest.mark.parametrize("text", ["not json", "[]", '{"schema": "carpool-cases/1"}'])
def test_cases_that_are_none_are_refused(imported: Path, tmp_path: Path, text: str) -> None:
    cases = tmp_path / "cases.json"
    cases.write_text(text)

    assert "cannot be imported" in run("replay", str(imported), str(cases), expect=2)


def test_validate_shows_the_hash() -> None:
    assert "valid: amp-2026-1, 11 rules\nhash: " in run("validate", FIRST)


def test_validate_says_that_a_replayed_campaign_cannot_be_published(imported: Path) -> None:
    assert "cannot be published" in run("validate", str(imported))


def test_validate_exits_2_with_path_problem_and_example(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_bytes(edition_text("amp-2026-1").replace(b"max: 10\n", b"max: ten\n"))

    output = run("validate", str(broken), expect=2)

    assert "caps[0].max: input should be a valid integer\n    for example 1000" in output


def test_explain_tells_an_act_in_words(tmp_path: Path) -> None:
    act = tmp_path / "act.json"
    act.write_text(json.dumps(act_to_facts(make_act(count=2))))
    counters = tmp_path / "counters.json"
    counters.write_text(json.dumps({"1|person|alice|amp|deposits-day|2026-11-28": 10}))

    assert "2 × 3 points = 6 points." in run("explain", SECOND, str(act), "--lang", "en")
    assert "Total : 0 point." in run("explain", SECOND, str(act), "--counters", str(counters))


def test_simulate_shows_costs_and_gains(tmp_path: Path) -> None:
    acts = tmp_path / "acts.jsonl"
    acts.write_text("".join(json.dumps(act_to_facts(make_act())) + "\n" for _ in range(3)))

    alone = run("simulate", FIRST, str(acts), "--lang", "en")
    beside = run("simulate", FIRST, str(acts), "--against", SECOND, "--lang", "en")

    assert "amp-2026-1: 6 points, 3 of 3 acts paid" in alone
    assert "people: 1 gain, 0 lose, 0 unchanged" in beside
    assert "act 1 under amp-2026-2" in beside


def test_diff_tells_the_change() -> None:
    assert "2 points → 3 points" in run("diff", FIRST, SECOND, "--lang", "en")


def test_schema_is_json_schema() -> None:
    assert json.loads(run("schema"))["title"] == "Edition"
