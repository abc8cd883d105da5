"""Agent at a counter: a person saw the deposit, scanned the citizen's card and signed."""

from dataclasses import replace

from backend.actions.rules import ClaimState, Evidence, Judgement, Reason, Witness
from backend.actions.verifiers.deposit import measured
from backend.actions.verifiers.protocol import refused


class AttendedVerifier:
    """Judges deposits that an agent signed for the holder of a card: P2."""

    def judge(self, evidence: Evidence, witness: Witness) -> Judgement:
        """Accept when a counter signed and the quantities are possible."""
        if witness.kind != "counter":
            return refused("recycling", "witness_not_a_counter", device=evidence.device_number)
        judgement = measured(evidence, witness)
        if judgement.state != ClaimState.ACCEPTED:
            return judgement
        seen = Reason("agent_attested", {"agent": evidence.facts.get("agent")})
        return replace(judgement, reasons=(seen,))
