"""A verdict as JSON: what the command line prints and what the product keeps. Pure."""

from typing import Any

from backend.mobility.verify import TripVerdict


def verdict_json(verdict: TripVerdict) -> dict[str, Any]:
    """Return a verdict as JSON-safe values; times are ISO 8601 in UTC."""
    return {
        "verdict": verdict.verdict,
        "proof_level": verdict.proof_level,
        "distance_m": verdict.distance_m,
        "proved_distance_m": verdict.proved_distance_m,
        "co2_avoided_g": verdict.co2_avoided_g,
        "factor_ids": list(verdict.factor_ids),
        "model": verdict.model,
        "legs": [
            {
                "mode": leg.mode,
                "probability": leg.probability,
                "distance_m": leg.distance_m,
                "started_at": leg.started_at.isoformat(),
                "ended_at": leg.ended_at.isoformat(),
                "start_t": leg.started_at.timestamp(),
                "end_t": leg.ended_at.timestamp(),
                "proof_level": leg.proof_level,
            }
            for leg in verdict.legs
        ],
        "reasons": [
            {
                "code": reason.code,
                "fr": reason.text("fr"),
                "en": reason.text("en"),
                "facts": dict(reason.facts),
            }
            for reason in verdict.reasons
        ],
    }
