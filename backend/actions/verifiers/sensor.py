"""Sensor's message paired with a citizen's scan: the container felt what the phone says."""

from dataclasses import replace

from backend.actions.rules import ClaimState, Evidence, Judgement, ProofLevel, Reason, Witness
from backend.actions.verifiers.protocol import whole
from backend.actions.verifiers.sticker import StickerVerifier

WEIGHT = "weight"


class SensorVerifier:
    """Judges a sticker's scan that a sensor corroborates: P2 in place of P1.

    The sensor is the witness; the scan says who it was. A weight is taken over, a lid or a
    fill only says that something went in.
    """

    def judge(self, evidence: Evidence, witness: Witness) -> Judgement:
        """Judge the scan as a sticker's, then raise it to attested."""
        located = StickerVerifier().judge(evidence, witness)
        if located.state != ClaimState.ACCEPTED:
            return located
        event, value = str(evidence.facts.get("event")), whole(evidence.facts.get("value"))
        seconds = whole(evidence.facts.get("seconds_apart"))
        felt = Reason("sensor_felt", {"event": event, "value": value, "seconds": seconds})
        act = {**located.act, "mass_g": value} if event == WEIGHT else located.act
        return replace(located, level=ProofLevel.P2, reasons=(felt, *located.reasons), act=act)
