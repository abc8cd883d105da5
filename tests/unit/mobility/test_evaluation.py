import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from backend.cli_mobility import app
from backend.mobility.evaluation import (
    calibration_table,
    confusion,
    expected_calibration_error,
    group_weights,
    macro_f1,
    wilson_interval,
)
from backend.mobility.scorecard import baseline_mode, scorecard
from tests.unit.mobility.support import BIKE, DATA, line

RUN = CliRunner()


def test_macro_f1_of_a_known_table() -> None:
    table = confusion(["a", "a", "b", "b"], ["a", "b", "b", "b"], ["a", "b", "c"])

    assert table.tolist() == [[1, 1, 0], [0, 2, 0], [0, 0, 0]]
    assert macro_f1(table) == pytest.approx((2 / 3 + 4 / 5) / 2)


def test_one_trip_on_many_phones_weighs_as_one() -> None:
    weights = group_weights(["g", "g", "h"], ["bike", "bike", "bike"])

    assert weights.tolist() == [0.5, 0.5, 1.0]


def test_calibration_error_is_the_gap_between_said_and_true() -> None:
    probability, right = np.array([0.95, 0.95, 0.55, 0.55]), np.array([True, False, True, True])

    assert expected_calibration_error(probability, right) == pytest.approx(0.45)
    assert [row[2] for row in calibration_table(probability, right)] == [2, 2]


def test_wilson_interval_of_a_known_share() -> None:
    assert wilson_interval(9, 10) == pytest.approx((0.596, 0.982), abs=0.001)
    assert wilson_interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("speed", "mode"), [(1.6, "walk"), (1.9, "bike"), (8.3, "bike"), (8.8, "motor")]
)
def test_baseline_cuts_where_the_published_rule_does(speed: float, mode: str) -> None:
    assert baseline_mode(line(np.full(60, speed), jitter_m=0.0)) == mode


def test_scorecard_of_an_empty_folder_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no labelled leg"):
        scorecard(tmp_path)


def test_verify_prints_verdict_legs_and_reasons_in_both_languages() -> None:
    shown = RUN.invoke(app, ["verify", str(DATA / "traces" / f"{BIKE}.json")])

    verdict = json.loads(shown.stdout)
    assert shown.exit_code == 0
    assert (verdict["verdict"], verdict["proof_level"]) == ("accepted", "P1")
    assert {"mode", "probability", "distance_m", "started_at", "ended_at"} <= set(
        verdict["legs"][0]
    )
    assert verdict["reasons"][0]["fr"] != verdict["reasons"][0]["en"]


def test_verify_holds_a_copy_of_an_earlier_trace() -> None:
    path = str(DATA / "traces" / f"{BIKE}.json")

    shown = RUN.invoke(app, ["verify", path, "--earlier", path])

    assert json.loads(shown.stdout)["verdict"] == "held"


def test_verify_tells_what_is_wrong_with_a_file_and_exits_2(tmp_path: Path) -> None:
    broken = tmp_path / "x.json"
    broken.write_text('{"points": [[1, NaN, 2]]}')

    shown = RUN.invoke(app, ["verify", str(broken)])

    assert shown.exit_code == 2
    assert json.loads(shown.stderr)["error"]["code"] == "trace_not_finite"


def test_evaluate_prints_the_figures_that_decide() -> None:
    shown = RUN.invoke(app, ["evaluate", str(DATA / "traces")])

    card = json.loads(shown.stdout)
    assert shown.exit_code == 0
    assert card["paid"]["motor_legs_paid_as_bike"] == 0
    assert card["mode_of_given_legs"]["macro_f1"] >= 0.85
    assert set(card) >= {"calibration", "distance", "walk_bike_motor", "mode_of_found_legs"}


def test_evaluate_of_an_empty_folder_exits_2(tmp_path: Path) -> None:
    assert RUN.invoke(app, ["evaluate", str(tmp_path)]).exit_code == 2


def test_judging_needs_no_training_library() -> None:
    code = "import sys, backend.mobility.verify; sys.exit('sklearn' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
