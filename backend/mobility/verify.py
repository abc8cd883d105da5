"""The verdict on one trace: what was travelled, how surely, at which proof level.

Pure: no session, clock or network. A trace alone proves P1 at most; a witness that signed
raises it elsewhere. Doubt about the mode lowers a leg to P0, signs of fraud hold the trip.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from backend.mobility.emissions.factors import EmissionFactor, default_factors
from backend.mobility.emissions.trips import FACTOR_OF_MODE, avoided_by
from backend.mobility.fraud.fingerprint import Fingerprint, fingerprint, is_same_movement
from backend.mobility.fraud.signs import Sign, signs_of
from backend.mobility.pipeline.cleaning import CleanTrace, clean
from backend.mobility.pipeline.legs import Leg, find_legs
from backend.mobility.pipeline.model import ModeModel, default_model
from backend.mobility.reasons import Reason
from backend.mobility.rules import proved
from backend.mobility.trace import MIN_POINTS, Trace

ACCEPTED, HELD, REFUSED = "accepted", "held", "refused"


@dataclass(frozen=True, slots=True)
class LegVerdict:
    """One leg as the receipt shows it.

    Attributes:
        mode: walk, bike, bus, rail or car: the most probable one.
        probability: Calibrated probability of that mode.
        distance_m: Rounded down.
        started_at: Aware UTC.
        ended_at: Aware UTC.
        proof_level: P1 when the trace alone proves mode and distance, else P0.
    """

    mode: str
    probability: float
    distance_m: int
    started_at: datetime
    ended_at: datetime
    proof_level: str


@dataclass(frozen=True, slots=True)
class TripVerdict:
    """What a trace proves.

    Attributes:
        verdict: accepted, held (a human looks) or refused.
        proof_level: P1 when at least one leg is proved, else P0: statistics, no points.
        legs: In order of time.
        distance_m: Of all legs.
        proved_distance_m: Of the legs at P1 by mode that rules may pay: nothing else is paid.
        co2_avoided_g: Of the proved legs, against the same distance alone in a thermal car.
        factor_ids: Factors behind that figure, the reference first; empty when it is zero.
        model: Version of the mode model.
        reasons: Why, most important first.
    """

    verdict: str
    proof_level: str
    legs: tuple[LegVerdict, ...]
    distance_m: int
    proved_distance_m: dict[str, int]
    co2_avoided_g: int
    factor_ids: tuple[str, ...]
    model: str
    reasons: tuple[Reason, ...]


def verify(
    trace: Trace,
    *,
    history: Sequence[Fingerprint] = (),
    model: ModeModel | None = None,
    factors: tuple[EmissionFactor, ...] | None = None,
    witness: ModeModel | None = None,
) -> TripVerdict:
    """Judge one trace.

    Args:
        history: Fingerprints of earlier traces to compare with: the person's own, and those
            of others that began or ended nearby.
        model: Mode model; the one that ships with the code when left out.
        factors: Emission factors; the table that ships with the code when left out.
        witness: Of altered movements; the one that ships with the code when left out.
    """
    model = model or default_model()
    cleaned = clean(trace)
    if len(cleaned.trace) < MIN_POINTS:
        return _refused(model, [Reason("too_few_fixes", {"usable": len(cleaned.trace)})])
    legs = find_legs(cleaned.trace, model)
    signs = _signs(cleaned, history)
    day = datetime.fromtimestamp(float(cleaned.trace.t[0]), tz=UTC).date()
    levels = ("P1" if is_proved else "P0" for is_proved in proved(legs, witness))
    shown = tuple(map(_shown, legs, levels))
    reasons = [Reason(sign.code, {"figure": round(sign.figure, 3)}) for sign in signs]
    if any(sign.refuses for sign in signs) or not shown:
        return _refused(model, reasons or [Reason("no_movement", {})], shown)
    reasons += _doubts(shown)
    verdict = HELD if signs else ACCEPTED
    return _verdict(verdict, shown, reasons, model, (factors or default_factors(), day))


def _signs(cleaned: CleanTrace, history: Sequence[Fingerprint]) -> list[Sign]:
    signs = signs_of(cleaned)
    if history:
        own = fingerprint(cleaned.trace)
        copies = sum(is_same_movement(own, other) for other in history)
        if copies:
            signs.append(Sign("same_movement", refuses=False, figure=float(copies)))
    return signs


def _shown(leg: Leg, proof_level: str) -> LegVerdict:
    return LegVerdict(
        mode=leg.mode,
        probability=round(leg.probability, 4),
        distance_m=int(leg.distance_m),
        started_at=datetime.fromtimestamp(leg.start_t, tz=UTC),
        ended_at=datetime.fromtimestamp(leg.end_t, tz=UTC),
        proof_level=proof_level,
    )


def _doubts(legs: tuple[LegVerdict, ...]) -> list[Reason]:
    """Explain legs that are not proved: by a mode that needs a witness, or by doubt."""
    reasons = []
    for leg in legs:
        facts: dict[str, float | int | str] = {"mode": leg.mode, "probability": leg.probability}
        if leg.mode in ("bus", "rail", "car"):
            reasons.append(Reason("needs_witness", facts))
        elif leg.proof_level == "P0":
            reasons.append(Reason("mode_uncertain", facts))
    return list(dict.fromkeys(reasons))


def _verdict(
    verdict: str,
    legs: tuple[LegVerdict, ...],
    reasons: list[Reason],
    model: ModeModel,
    table: tuple[tuple[EmissionFactor, ...], date],
) -> TripVerdict:
    proved: dict[str, int] = {}
    grams, factor_ids = 0, {}
    factors, day = table
    for leg in legs:
        if leg.proof_level == "P0":
            continue
        proved[leg.mode] = proved.get(leg.mode, 0) + leg.distance_m
        avoided = avoided_by(factors, FACTOR_OF_MODE[leg.mode], leg.distance_m, day)
        grams += avoided.grams
        factor_ids[avoided.reference_id] = factor_ids[avoided.factor_id] = True
    if proved and not reasons:
        reasons = [Reason("trace_consistent", {})]
    return TripVerdict(
        verdict=verdict,
        proof_level="P1" if proved else "P0",
        legs=legs,
        distance_m=sum(leg.distance_m for leg in legs),
        proved_distance_m=proved,
        co2_avoided_g=grams,
        factor_ids=tuple(factor_ids) if grams else (),
        model=model.version,
        reasons=tuple(reasons),
    )


def _refused(
    model: ModeModel, reasons: list[Reason], legs: tuple[LegVerdict, ...] = ()
) -> TripVerdict:
    distance = sum(leg.distance_m for leg in legs)
    return TripVerdict(REFUSED, "P0", legs, distance, {}, 0, (), model.version, tuple(reasons))
