"""Shared ride of a local line: two recordings that keep together, already compared."""

from backend.actions.rules import ClaimState, Evidence, Judgement, ProofLevel, Reason, Witness


class SharedRideVerifier:
    """Judges proved rides: P1, since nobody but the two people witnessed them."""

    def judge(self, evidence: Evidence, witness: Witness) -> Judgement:
        """Accept; what speaks against a ride has kept it from becoming a claim."""
        del witness
        facts = evidence.facts
        return Judgement(
            ClaimState.ACCEPTED,
            ProofLevel.P1,
            (Reason("rode_together", {"role": facts["role"], "distance_m": facts["distance_m"]}),),
            "mobility",
            {
                "mode": "carpool",
                "distance_m": facts["distance_m"],
                "count": 1,
                "seats": 1,
                "role": facts["role"],
            },
        )
