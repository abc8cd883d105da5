"""Attack the trace verdicts: ten styles of forgeries from real traces, counted by outcome.

Usage: python -m scripts.mobility.red_team DIR [--count 1000] [--seed 1] [--unseen]

The witness of altered movements was trained on forgeries of the labelled traces; with `--unseen`
each forgery is judged by one fitted without the trip that it is made from (a few minutes).

A forgery is caught when it is refused, held for review, or left at P0 without points. The
forger's own earlier trace is in the history; the vehicle rides used to fake bikes are not.
Exit 1 when less than 95 % of all are caught, or more than 2 % of honest traces are held.
"""

import argparse
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backend.mobility.evaluation import LabelledTrace, read_traces
from backend.mobility.fraud.fingerprint import Fingerprint, fingerprint
from backend.mobility.pipeline.cleaning import clean
from backend.mobility.pipeline.model import VEHICLES
from backend.mobility.trace import Trace
from backend.mobility.verify import ACCEPTED, verify
from scripts.mobility.spoofs import STYLES, Sources
from scripts.mobility.train_altered import Witnesses, unseen_witnesses

CAUGHT_MIN = 0.95
WRONGLY_HELD_MAX = 0.02
SOURCE_MIN_FIXES = 60


@dataclass(frozen=True, slots=True)
class Source:
    """A real leg to forge from, with the trip that it is part of."""

    points: Trace
    group: str


@dataclass(frozen=True, slots=True)
class Material:
    """Real legs to forge from, and the fingerprints that the system has of the bikes."""

    own: list[Source]
    prints: list[Fingerprint]
    motor: list[Source]


def main() -> None:
    """Run all styles and print the table as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--unseen", action="store_true", help="judge by witnesses fitted without")
    options = parser.parse_args()
    traces = list(read_traces(options.folder))
    witnesses = unseen_witnesses(traces) if options.unseen else None
    report = attack(material(traces), count=options.count, seed=options.seed, witnesses=witnesses)
    honest = honest_outcomes(traces)
    wrong = honest["held"] / max(sum(honest.values()), 1)
    caught = 1 - sum(row["passed"] for row in report.values()) / (len(report) * options.count)
    result = {
        "styles": report,
        "caught": round(caught, 4),
        "honest": honest,
        "honest_wrongly_held": round(wrong, 4),
    }
    print(json.dumps(result, indent=1))
    raise SystemExit(0 if caught >= CAUGHT_MIN and wrong <= WRONGLY_HELD_MAX else 1)


def material(traces: list[LabelledTrace]) -> Material:
    """Pick rides that are worth forging from: bikes to repeat, vehicles to disguise."""
    own: list[Source] = []
    motor: list[Source] = []
    for labelled in traces:
        for leg in labelled.legs:
            if len(leg.points) < SOURCE_MIN_FIXES or not leg.is_judged():
                continue
            if leg.mode in VEHICLES:
                motor.append(Source(leg.points, leg.group))
            elif leg.mode == "bike":
                own.append(Source(leg.points, leg.group))
    return Material(own, [fingerprint(one.points) for one in own], motor)


def attack(
    given: Material, *, count: int, seed: int, witnesses: Witnesses | None = None
) -> dict[str, dict[str, int]]:
    """Forge `count` traces of each style and count what becomes of them.

    Args:
        witnesses: For each trip a witness that has seen neither it nor a forgery of it; the
            one that ships judges all when left out.
    """
    rng = np.random.default_rng(seed)
    report = {}
    for name, style in STYLES.items():
        outcomes: Counter[str] = Counter()
        for number in range(count):
            chosen = int(rng.integers(len(given.own)))
            own, motor = given.own[chosen], given.motor[int(rng.integers(len(given.motor)))]
            sources = Sources(own.points, motor.points, is_careful=number % 2 == 1)
            forged = style(sources, rng)
            witness = (
                witnesses[motor.group if name == "slowed motor" else own.group]
                if witnesses
                else None
            )
            verdict = verify(forged, history=[given.prints[chosen]], witness=witness)
            is_paid = verdict.verdict == ACCEPTED and bool(verdict.proved_distance_m)
            outcome = verdict.verdict if verdict.verdict != ACCEPTED else "unpaid"
            outcomes["passed" if is_paid else outcome] += 1
            if is_paid:
                outcomes["passed careful"] += number % 2
        row = ("refused", "held", "unpaid", "passed", "passed careful")
        report[name] = {outcome: outcomes[outcome] for outcome in row}
    return report


def honest_outcomes(traces: list[LabelledTrace]) -> dict[str, int]:
    """Judge the real traces, each with those of other days on the same account as history."""
    prints = [(labelled, fingerprint(clean(labelled.trace).trace)) for labelled in traces]
    outcomes: Counter[str] = Counter()
    for labelled in traces:
        # Phones that travelled together are one trip: submitting both is no honest act.
        history = [known for other, known in prints if other.group != labelled.group]
        outcomes[verify(labelled.trace, history=history).verdict] += 1
    return {name: outcomes[name] for name in ("accepted", "held", "refused")}


if __name__ == "__main__":
    main()
