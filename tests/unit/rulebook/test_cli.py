"""The command line, as a shell sees it: output and exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from backend import cli, console
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


def test_import_names_unknown_fields_and_strictly_refuses_them(tmp_path: Path) -> None:
    campaign = json.loads((DATA / "campaigns" / NAME).read_text()) | {"surprise": 1}
    path = tmp_path / "campaign.json"
    path.write_text(json.dumps(campaign))
    output = str(tmp_path / "rulebook.yaml")

    assert "left out: surprise" in run("import-campaign", str(path), "-o", output)
    assert "surprise" in run("import-campaign", str(path), "-o", output, "--strict", expect=2)


def test_import_says_when_the_file_cannot_be_written(tmp_path: Path) -> None:
    output = str(tmp_path / "missing" / "rulebook.yaml")

    text = run("import-campaign", str(DATA / "campaigns" / NAME), "-o", output, expect=2)

    assert "cannot be written" in text


def test_replay_warns_about_cases_of_another_campaign(imported: Path) -> None:
    other = str(DATA / "vectors" / "20250101_Rennes.json")

    assert "cases of 20250101_Rennes" in run("replay", str(imported), other, expect=1)


def test_the_console_starts_only_what_a_group_needs() -> None:
    code = (
        "import sys; sys.argv = ['calanque', 'rules', 'schema']\n"
        "from backend import console\n"
        "try: console.main()\n"
        "finally: print('web3' in sys.modules, 'fastapi' in sys.modules, file=sys.stderr)\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert json.loads(done.stdout)["title"] == "Edition"
    assert done.stderr == "False False\n"


def test_the_console_knows_every_group_of_commands() -> None:
    groups = {group.name for group in cli.app.registered_groups}

    assert set(console.PARTS) == groups


def test_simulate_writes_the_papers_of_a_comparison(tmp_path: Path) -> None:
    acts = tmp_path / "acts.jsonl"
    acts.write_text("".join(json.dumps(act_to_facts(make_act())) + "\n" for _ in range(3)))
    pdf, csv = tmp_path / "vote.pdf", tmp_path / "vote.csv"
    papers = ("--pdf", str(pdf), "--csv", str(csv))

    run("simulate", FIRST, str(acts), "--against", SECOND, *papers)

    assert pdf.read_bytes().startswith(b"%PDF")
    assert "total;;;6;9;3;1;0;" in csv.read_text("utf-8-sig")
    assert "--against" in run("simulate", FIRST, str(acts), *papers, expect=2)
