"""Printed sticker of a container: a place, and a phone that says it is there."""

from datetime import datetime
from zoneinfo import ZoneInfo

from backend.actions.rules import ClaimState, Evidence, Judgement, ProofLevel, Reason, Witness
from backend.actions.verifiers.protocol import place_facts, refused, whole

NEAR_M = 150
"""Positions of containers are exact to some ten metres, and streets are wide."""
ERROR_CREDIT_M = 200
"""A phone's own error counts in its favour up to here: more would make any place the right one."""
ZONE = ZoneInfo("Europe/Paris")


class StickerVerifier:
    """Judges stickers: P1, one act at the container's material, when the phone is near it."""

    def judge(self, evidence: Evidence, witness: Witness) -> Judgement:
        """Accept when the phone's position is plausible; say the distance when it is not."""
        distance_m = whole(evidence.facts.get("away_m"))
        accuracy_m = whole(evidence.facts.get("accuracy_m"))
        if witness.kind != "sticker" or not witness.materials:
            return refused("recycling", "witness_not_a_sticker", device=evidence.device_number)
        is_vouched = evidence.facts.get("cleared") is True
        if not is_vouched and not is_near_enough(distance_m, accuracy_m):
            return refused(
                "recycling",
                "sticker_too_far",
                distance_m=distance_m,
                accuracy_m=accuracy_m,
                limit_m=NEAR_M,
            )
        return Judgement(
            ClaimState.ACCEPTED,
            ProofLevel.P1,
            (_why(distance_m, accuracy_m, is_vouched=is_vouched),),
            "recycling",
            {"material": witness.materials[0], "count": 1, **place_facts(witness)},
        )


def _why(distance_m: int, accuracy_m: int, *, is_vouched: bool) -> Reason:
    if is_vouched:
        # A reviewer believed the person against the phone: an appeal that was won stays won.
        return Reason("sticker_vouched", {"distance_m": distance_m})
    return Reason("sticker_located", {"distance_m": distance_m, "accuracy_m": accuracy_m})


def is_near_enough(distance_m: int, accuracy_m: int) -> bool:
    """Tell whether a phone that claims to be somewhere may stand at the sticker."""
    return distance_m <= NEAR_M + min(max(accuracy_m, 0), ERROR_CREDIT_M)


def claim_key(device: int, account_id: str, at: datetime, *, is_near: bool) -> str:
    """Return the single-use key of a sticker: once per person and local day.

    A try from far away has a key of its own, so that it does not cost the day's visit.
    """
    day = at.astimezone(ZONE).date().isoformat()
    return f"sticker:{device}:{account_id}:{day}" + ("" if is_near else ":far")
