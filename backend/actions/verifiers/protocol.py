"""What every verifier is, and the checks they share."""

from typing import Protocol

from backend.actions.rules import (
    ClaimState,
    Evidence,
    Fact,
    Judgement,
    ProofLevel,
    Reason,
    Witness,
)


class Verifier(Protocol):
    """Judges one kind of evidence; pure."""

    def judge(self, evidence: Evidence, witness: Witness) -> Judgement:
        """Return what the evidence proves, with reasons in words."""


def refused(act_kind: str, code: str, **facts: str | int | None) -> Judgement:
    """Make a refusal with one reason."""
    return Judgement(ClaimState.REFUSED, ProofLevel.P0, (Reason(code, facts),), act_kind, {})


def place_facts(witness: Witness) -> dict[str, Fact]:
    """Return the place of the witness as facts for the rulebook."""
    return {
        "station_id": witness.station_id,
        "commune_code": witness.commune_code,
        "parent_commune_code": witness.parent_commune_code,
        "latitude_e6": witness.latitude_e6,
        "longitude_e6": witness.longitude_e6,
    }


def whole(value: Fact) -> int:
    """Return a fact that is a whole number, 0 for anything else."""
    return value if isinstance(value, int) else 0
