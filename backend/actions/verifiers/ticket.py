"""Ticket or receipt of a transport operator: a trip, signed by who carried it."""

from backend.actions.rules import ClaimState, Evidence, Judgement, ProofLevel, Reason, Witness
from backend.actions.verifiers.protocol import refused

MODES = frozenset({"bus", "metro", "tram", "rail", "ferry", "bike_share", "scooter_share"})
MAX_DISTANCE_M = 150_000
"""Longest trip inside the metropolis with a wide margin: its far corners lie 100 km apart."""


class TicketVerifier:
    """Judges operators' signed tickets: P2, and P3 when a recording shows the same trip.

    `trace` among the facts is the recording that agrees.
    """

    def judge(self, evidence: Evidence, witness: Witness) -> Judgement:
        """Accept when an operator signed a possible trip of a known mode."""
        mode = evidence.facts.get("mode")
        distance_m = evidence.facts.get("distance_m")
        if witness.kind != "operator":
            return refused("mobility", "witness_not_an_operator", device=evidence.device_number)
        if mode not in MODES:
            return refused("mobility", "mode_unknown", mode=str(mode))
        if not isinstance(distance_m, int) or not 0 < distance_m <= MAX_DISTANCE_M:
            return refused("mobility", "distance_impossible", distance_m=str(distance_m))
        reasons = [Reason("operator_attested", {"device": evidence.device_number, "mode": mode})]
        # A second witness that does not depend on the first: the person's own recording.
        is_seen = evidence.facts.get("trace") is not None
        if is_seen:
            reasons.append(Reason("trace_agrees"))
        return Judgement(
            ClaimState.ACCEPTED,
            ProofLevel.P3 if is_seen else ProofLevel.P2,
            tuple(reasons),
            "mobility",
            {
                "mode": mode,
                "distance_m": distance_m,
                "count": 1,
                "operator": str(evidence.device_number),
            },
        )
