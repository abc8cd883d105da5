"""A shared car trip: an operator's ticket, and the journey that it reported for the register."""

from backend.actions.rules import ClaimState, Evidence, Fact, Judgement, ProofLevel, Reason, Witness
from backend.actions.verifiers.protocol import refused

PAYABLE_CLASSES = ("B", "C")
"""Class A shows that two people agreed to share a car, not that they travelled: P0."""


class CarpoolVerifier:
    """Judges tickets of shared car trips: P2, or P3 with a recording that agrees.

    They are paid only once the register has confirmed them.
    """

    def judge(self, evidence: Evidence, witness: Witness) -> Judgement:
        """Accept when the operator reported the journey and nothing speaks against it."""
        facts = evidence.facts
        operator_class = str(facts.get("operator_class") or "")
        if witness.kind != "operator":
            return refused("mobility", "witness_not_an_operator", device=evidence.device_number)
        if not facts.get("journey"):
            return refused("mobility", "carpool_journey_missing", device=evidence.device_number)
        if facts.get("journey_state") == "refused":
            return refused("mobility", "carpool_refused", label=str(facts.get("label")))
        if operator_class not in PAYABLE_CLASSES:
            return refused("mobility", "carpool_class_too_low", operator_class=operator_class)
        said: dict[str, Fact] = {"device": evidence.device_number, "operator_class": operator_class}
        reasons = [Reason("carpool_attested", said)]
        is_seen = facts.get("trace") is not None
        if is_seen:
            reasons.append(Reason("trace_agrees"))
        return Judgement(
            ClaimState.ACCEPTED,
            ProofLevel.P3 if is_seen else ProofLevel.P2,
            tuple(reasons),
            "mobility",
            {
                "mode": "carpool",
                "distance_m": facts["distance_m"],
                "count": 1,
                "seats": 1,
                "operator": str(evidence.device_number),
                "operator_class": operator_class,
                "role": facts["role"],
            },
        )
