"""Deposit code of a connected bin or a counter: what was put in, signed by the machine."""

from backend.actions.rules import ClaimState, Evidence, Judgement, ProofLevel, Reason, Witness
from backend.actions.verifiers.protocol import place_facts, refused, whole

MAX_MASS_G = 200_000
"""A deposit heavier than a full 1,000 l container of glass is a broken scale, not a citizen."""
MAX_COUNT = 500


class DepositVerifier:
    """Judges deposit codes: P2, with the material, count and mass that the machine signed."""

    def judge(self, evidence: Evidence, witness: Witness) -> Judgement:
        """Accept when a machine signed, and the quantities are possible."""
        if witness.kind not in ("bin", "counter"):
            return refused("recycling", "witness_not_a_bin", device=evidence.device_number)
        return measured(evidence, witness)


def measured(evidence: Evidence, witness: Witness) -> Judgement:
    """Judge material, count and mass: the station takes it, and they are possible."""
    material = evidence.facts.get("material")
    count = whole(evidence.facts.get("count"))
    mass_g = whole(evidence.facts.get("mass_g"))
    if material not in witness.materials:
        return refused("recycling", "material_not_taken_here", material=str(material))
    if count < 1 and mass_g < 1:
        return refused("recycling", "deposit_empty")
    if count > MAX_COUNT or mass_g > MAX_MASS_G:
        return refused("recycling", "quantity_impossible", count=count, mass_g=mass_g)
    return Judgement(
        ClaimState.ACCEPTED,
        ProofLevel.P2,
        (Reason("bin_attested", {"device": evidence.device_number, "mass_g": mass_g}),),
        "recycling",
        {"material": material, "count": count, "mass_g": mass_g, **place_facts(witness)},
    )
