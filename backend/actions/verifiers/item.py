"""Object with a serial number of its own, for example a reusable cup: one reward ever."""

from backend.actions.rules import ClaimState, Evidence, Judgement, ProofLevel, Reason, Witness
from backend.actions.verifiers.protocol import place_facts, refused


class ItemVerifier:
    """Judges objects that a machine or an agent took back: P2, one item.

    That a serial pays once ever is the work of its single-use key (`item:<serial>`).
    """

    def judge(self, evidence: Evidence, witness: Witness) -> Judgement:
        """Accept when a bin or counter that takes the material signed the serial."""
        material, serial = evidence.facts.get("material"), evidence.facts.get("serial")
        if witness.kind not in ("bin", "counter"):
            return refused("recycling", "witness_not_a_bin", device=evidence.device_number)
        if material not in witness.materials:
            return refused("recycling", "material_not_taken_here", material=str(material))
        return Judgement(
            ClaimState.ACCEPTED,
            ProofLevel.P2,
            (Reason("item_taken_back", {"serial": str(serial)}),),
            "recycling",
            {"material": material, "count": 1, "serial": serial, **place_facts(witness)},
        )
