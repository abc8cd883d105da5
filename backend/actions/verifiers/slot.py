"""Slot code of a kiosk: the citizen stood before its screen within a 30 s slot."""

from backend.actions.rules import ClaimState, Evidence, Judgement, ProofLevel, Reason, Witness
from backend.actions.verifiers.protocol import place_facts, refused


class SlotVerifier:
    """Judges slot codes: P2, one item of the station's main material.

    A slot code says where and when, not what; the station says what it takes.
    """

    def judge(self, evidence: Evidence, witness: Witness) -> Judgement:
        """Accept when the signer is a kiosk at a known station."""
        if witness.kind != "kiosk" or not witness.materials:
            return refused("recycling", "witness_not_a_kiosk", device=evidence.device_number)
        return Judgement(
            ClaimState.ACCEPTED,
            ProofLevel.P2,
            (Reason("kiosk_attested", {"device": evidence.device_number}),),
            "recycling",
            {"material": witness.materials[0], "count": 1, **place_facts(witness)},
        )
