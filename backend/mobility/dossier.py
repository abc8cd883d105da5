"""Everything that one judged trace leaves behind: verdict, map, fingerprint, lines. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from backend.mobility.bikes.gbfs import Stations, corroborate
from backend.mobility.emissions.factors import EmissionFactor
from backend.mobility.emissions.trips import FACTOR_OF_MODE, avoided_by
from backend.mobility.fraud.fingerprint import Fingerprint, fingerprint
from backend.mobility.pipeline.cleaning import clean
from backend.mobility.pipeline.model import ModeModel, default_model
from backend.mobility.report import verdict_json
from backend.mobility.storing import cell_of, length_m, shape_text, shown_path
from backend.mobility.trace import MIN_POINTS, Trace
from backend.mobility.transit.matching import TransitMatch, TransitMatcher
from backend.mobility.verify import LegVerdict, verify

TRANSIT_MODES = frozenset({"bus", "rail", "car"})
"""Legs that are looked up in timetables: the model confuses the three in slow traffic."""
FEWEST_FIXES_OF_A_LINE = 4


@dataclass(frozen=True, slots=True)
class Dossier:
    """What is kept of a trace once it is judged.

    Attributes:
        finding: The verdict as JSON; legs also say `factor` and, where a run of a
            timetable fits, `line`, `board`, `alight` and `late_s`.
        path: Simplified legs without their ends.
        start_cell, end_cell: About a kilometre; `None` without a usable fix.
        shape: Fingerprint as text; `None` when there is too little of it.
    """

    finding: dict[str, Any]
    path: list[dict[str, Any]]
    start_cell: str | None
    end_cell: str | None
    length_m: int
    shape: str | None


def examine(
    trace: Trace,
    *,
    history: Sequence[Fingerprint] = (),
    factors: tuple[EmissionFactor, ...],
    matchers: Sequence[TransitMatcher] = (),
    bikes: Sequence[Stations] = (),
    model: ModeModel | None = None,
) -> Dossier:
    """Judge a trace and collect what is kept of it.

    Args:
        history: Fingerprints that a copy would be of.
        factors: The table of emission factors, all editions.
        matchers: Timetables in use.
        bikes: Stations of shared bikes; they name the ends of a ride and prove nothing.
    """
    verdict = verify(trace, history=history, factors=factors, model=model or default_model())
    finding = verdict_json(verdict)
    usable = clean(trace).trace
    if len(usable) < MIN_POINTS:
        return Dossier(finding, [], None, None, 0, None)
    for leg, told in zip(verdict.legs, finding["legs"], strict=True):
        told.update(_more(leg, usable, matchers, bikes))
    spans = [
        (leg.mode, leg.started_at.timestamp(), leg.ended_at.timestamp() + 1) for leg in verdict.legs
    ]
    return Dossier(
        finding=finding,
        path=shown_path(usable, spans),
        start_cell=cell_of(float(usable.lat[0]), float(usable.lon[0])),
        end_cell=cell_of(float(usable.lat[-1]), float(usable.lon[-1])),
        length_m=length_m(usable),
        shape=shape_text(fingerprint(usable)),
    )


def co2_of(
    finding: dict[str, Any], factors: tuple[EmissionFactor, ...]
) -> tuple[int, list[dict[str, str]]]:
    """Return grams avoided by the legs that are proved, and the factors behind that.

    Legs at P1 and above count; the factor of a leg is that of the vehicle a timetable or a
    ticket names, else the least favourable one of its mode.
    """
    grams = 0
    used: dict[str, dict[str, str]] = {}
    by_id = {factor.factor_id: factor for factor in factors}
    for leg in finding["legs"]:
        if leg["proof_level"] == "P0":
            continue
        day: date = datetime.fromisoformat(leg["started_at"]).astimezone(UTC).date()
        avoided = avoided_by(factors, leg["factor"], leg["distance_m"], day)
        leg["co2_avoided_g"] = avoided.grams
        grams += avoided.grams
        for factor_id in (avoided.reference_id, avoided.factor_id):
            factor = by_id[factor_id]
            used[factor_id] = {
                "id": factor_id,
                "code": factor.code,
                "value": f"{factor.value:g}",
                "unit": factor.unit,
                "source": factor.source,
                "edition": factor.edition,
                "licence": factor.licence,
            }
    return grams, list(used.values()) if grams else []


def _more(
    leg: LegVerdict,
    usable: Trace,
    matchers: Sequence[TransitMatcher],
    bikes: Sequence[Stations],
) -> dict[str, Any]:
    told: dict[str, Any] = {"factor": FACTOR_OF_MODE[leg.mode]}
    part = usable.between(leg.started_at.timestamp(), leg.ended_at.timestamp() + 1)
    if len(part) < FEWEST_FIXES_OF_A_LINE:
        return told
    if leg.mode not in TRANSIT_MODES:
        return told | (corroborate(part, bikes) if leg.mode == "bike" else {})
    found = [match for matcher in matchers if (match := matcher.match(part)) is not None]
    best = max(found, key=lambda match: match.via_share, default=None)
    return told if best is None else told | _line(best)


def _line(match: TransitMatch) -> dict[str, Any]:
    return {
        "factor": match.factor_code,
        "line": match.route_name,
        "line_mode": match.mode,
        "board": match.board,
        "alight": match.alight,
        "late_s": match.late_s,
    }
