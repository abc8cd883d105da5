"""Recorded trip: what the trace proved, already computed; this only says what it is worth."""

from backend.actions.rules import ClaimState, Evidence, Fact, Judgement, ProofLevel, Reason, Witness
from backend.actions.verifiers.protocol import refused

TOLD = frozenset({"too_few_fixes", "no_movement", "overlap"})
"""Refusals that are told as they are; which sign of fraud gave a trip away is not."""


class TripVerifier:
    """Judges recorded trips: P1 for a proved walk or ride, P2 when a partner signed the trace.

    Legs that a ticket attests are paid with the ticket, and what is not proved is accepted
    at P0: it counts in the person's own figures and no rule pays it.
    """

    def judge(self, evidence: Evidence, witness: Witness) -> Judgement:
        """Say what the finding is worth; `cleared` means that a person believed the trip."""
        facts = evidence.facts
        reasons = tuple(Reason(code) for code in words(facts.get("reasons")))
        if "verdict" not in facts:
            return _for_a_person(Reason("decision_failed"))
        is_cleared = facts.get("cleared") is True
        if facts["verdict"] == "refused" and not is_cleared:
            first = reasons[0].code if reasons else ""
            return refused("mobility", first if first in TOLD else "trip_impossible")
        mode, distance_m = facts.get("mode"), facts.get("distance_m")
        if mode is None:
            act = {"mode": facts.get("main_mode"), "distance_m": facts.get("total_m"), "count": 1}
            return Judgement(ClaimState.ACCEPTED, ProofLevel.P0, reasons, "mobility", act)
        is_attested = witness.kind == "operator"
        operator = str(evidence.device_number) if is_attested else None
        level = ProofLevel.P2 if is_attested else ProofLevel.P1
        return Judgement(
            ClaimState.ACCEPTED,
            level,
            reasons,
            "mobility",
            {"mode": mode, "distance_m": distance_m, "count": 1, "operator": operator},
        )


def words(joined: Fact) -> list[str]:
    """Return the codes of a comma-separated fact."""
    return [code for code in str(joined or "").split(",") if code]


def _for_a_person(reason: Reason) -> Judgement:
    return Judgement(ClaimState.REVIEW, ProofLevel.P0, (reason,), "mobility", {})
