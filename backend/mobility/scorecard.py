"""How good the verdicts are on a folder of labelled traces: the figures that decide.

Two views: the mode of legs whose bounds the label gives, and what the whole pipeline, which
has to find the bounds itself, says and pays during each labelled leg.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from backend.mobility.evaluation import (
    MODES,
    LabelledLeg,
    calibration_table,
    confusion,
    expected_calibration_error,
    group_weights,
    macro_f1,
    read_traces,
    wilson_interval,
)
from backend.mobility.geometry import to_plane
from backend.mobility.pipeline.features import COARSE_STEP_S, motion
from backend.mobility.pipeline.legs import Leg, distance_m, leg_of
from backend.mobility.pipeline.model import VEHICLES, ModeModel, default_model
from backend.mobility.trace import Trace
from backend.mobility.verify import TripVerdict, verify

BASELINE_WALK_MPS = 1.7
BASELINE_BIKE_MPS = 8.5
"""Source: e-mission-server, rule-based section inference (BSD-3)."""
NOTHING, DOUBT = "nothing", "doubt"


@dataclass(frozen=True, slots=True)
class JudgedLeg:
    """One labelled leg with all that was said about it.

    Attributes:
        label: The leg and its true mode.
        given: Verdict on the mode when the bounds are given.
        baseline: walk, bike or motor by the published rule.
        found: Mode that the whole pipeline gave for most of the leg's time.
        paid: Mode that it proved for most of that time, `doubt`, or `nothing`.
    """

    label: LabelledLeg
    given: Leg
    baseline: str
    found: str
    paid: str


def scorecard(folder: Path, model: ModeModel | None = None) -> dict[str, Any]:
    """Judge every labelled trace of a folder and put the figures together.

    Raises:
        TraceInvalidError: A file is no trace within bounds.
        ValueError: No file holds a leg that is long enough to be judged.
    """
    model = model or default_model()
    judged: list[JudgedLeg] = []
    verdicts: Counter[str] = Counter()
    for labelled in read_traces(folder):
        verdict = verify(labelled.trace, model=model)
        verdicts[f"{verdict.verdict} {verdict.proof_level}"] += 1
        judged += [_judge(leg, verdict, model) for leg in labelled.legs if leg.is_judged()]
    if not judged:
        raise ValueError("no labelled leg of two minutes and ten fixes in this folder")
    return {
        "model": model.version,
        "traces": dict(verdicts),
        "legs": len(judged),
        "groups": len({leg.label.group for leg in judged}),
        "mode_of_given_legs": _modes([leg.given.mode for leg in judged], judged),
        "mode_of_found_legs": _modes([leg.found for leg in judged], judged),
        "walk_bike_motor": _three(judged),
        "paid": _paid(judged),
        "calibration": _calibration(judged),
        "distance": _distance(judged),
    }


def _judge(leg: LabelledLeg, verdict: TripVerdict, model: ModeModel) -> JudgedLeg:
    found: Counter[str] = Counter()
    paid: Counter[str] = Counter()
    for said in verdict.legs:
        start, end = said.started_at.timestamp(), said.ended_at.timestamp()
        shared_s = min(leg.end_t, end) - max(leg.start_t, start)
        if shared_s > 0:
            found[said.mode] += int(shared_s)
            is_paid = said.proof_level != "P0" and verdict.verdict == "accepted"
            paid[said.mode if is_paid else DOUBT] += int(shared_s)
    return JudgedLeg(
        leg,
        leg_of(leg.points, model),
        baseline_mode(leg.points),
        found.most_common(1)[0][0] if found else NOTHING,
        paid.most_common(1)[0][0] if paid else NOTHING,
    )


def baseline_mode(points: Trace) -> str:
    """Return walk, bike or motor by the median speed of half minutes, as e-mission does."""
    speeds = motion(points, to_plane(points.lat, points.lon), COARSE_STEP_S).speed_mps
    median = float(np.median(speeds)) if len(speeds) else 0.0
    if median <= BASELINE_WALK_MPS:
        return "walk"
    return "bike" if median <= BASELINE_BIKE_MPS else "motor"


def _modes(said: list[str], judged: list[JudgedLeg]) -> dict[str, Any]:
    true = [leg.label.mode for leg in judged]
    names = [*MODES, NOTHING]
    table = confusion(true, said, names)
    weighed = confusion(true, said, names, group_weights([j.label.group for j in judged], true))
    rows = {}
    for index, mode in enumerate(MODES):
        total, hits = int(table[index].sum()), int(table[index, index])
        low, high = wilson_interval(hits, total)
        rows[mode] = {
            "said": {name: int(table[index, at]) for at, name in enumerate(names)},
            "right": hits,
            "of": total,
            "interval_95": [round(low, 3), round(high, 3)],
        }
    return {
        "macro_f1": round(macro_f1(table), 3),
        "macro_f1_weighed_by_group": round(macro_f1(weighed), 3),
        "accuracy": round(float(np.trace(table) / table.sum()), 3),
        "confusion": rows,
    }


def _three(judged: list[JudgedLeg]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    said = {
        "ours_given": [coarse(leg.given.mode) for leg in judged],
        "ours_found": [coarse(leg.found) for leg in judged],
        "e_mission_rule": [leg.baseline for leg in judged],
    }
    true = [coarse(leg.label.mode) for leg in judged]
    for name, answers in said.items():
        hits = sum(one == other for one, other in zip(true, answers, strict=True))
        low, high = wilson_interval(hits, len(true))
        figures[name] = {
            "accuracy": round(hits / len(true), 3),
            "interval_95": [round(low, 3), round(high, 3)],
        }
    return figures


def coarse(mode: str) -> str:
    """Return walk, bike or motor."""
    return "motor" if mode in VEHICLES else mode


def _paid(judged: list[JudgedLeg]) -> dict[str, Any]:
    table: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for leg in judged:
        table[leg.label.mode][leg.paid] += 1
    return {
        "motor_legs_paid_as_bike": sum(table[mode]["bike"] for mode in VEHICLES),
        "motor_legs_paid_as_walk": sum(table[mode]["walk"] for mode in VEHICLES),
        "by_true_mode": {mode: dict(table[mode]) for mode in MODES},
    }


def _calibration(judged: list[JudgedLeg]) -> dict[str, Any]:
    probability = np.array([leg.given.probability for leg in judged])
    right = np.array([leg.given.mode == leg.label.mode for leg in judged])
    return {
        "expected_calibration_error": round(expected_calibration_error(probability, right), 3),
        "table": [
            {
                "from": round(low, 1),
                "to": round(high, 1),
                "legs": count,
                "mean_probability": round(mean, 3),
                "share_right": round(share, 3),
            }
            for low, high, count, mean, share in calibration_table(probability, right)
        ],
    }


def _distance(judged: list[JudgedLeg]) -> dict[str, Any]:
    """Compare phones that travelled together: each against the median of all of them."""
    together: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for leg in judged:
        if leg.given.gap_share == 0.0:
            together[leg.label.group, leg.label.route].append(distance_m(leg.label.points))
    errors = [
        abs(one / float(np.median(lengths)) - 1)
        for lengths in together.values()
        if len(lengths) > 2  # noqa: PLR2004 - the median of two is neither
        for one in lengths
    ]
    if not errors:
        return {"compared": 0}
    middle, high = np.quantile(errors, [0.5, 0.9])
    return {
        "compared": len(errors),
        "median_error": round(float(middle), 3),
        "error_of_90_percent": round(float(high), 3),
    }
