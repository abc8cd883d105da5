"""A sticker's scan and a sensor's message about one container become one stronger proof."""

from dataclasses import replace

from sqlmodel import Session

from backend.actions.models import Claim
from backend.actions.rules import Evidence, Fact, Witness
from backend.actions.verifiers import sticker
from backend.actions.verifiers.protocol import whole
from backend.devices import witnesses


def corroborated(session: Session, claim: Claim, evidence: Evidence, witness: Witness) -> Evidence:
    """Return the evidence of a claim with the sensor's message that belongs to it, if any.

    Effects: the message is this claim's from now on and corroborates no other.
    """
    is_near = sticker.is_near_enough(
        whole(evidence.facts.get("away_m")), whole(evidence.facts.get("accuracy_m"))
    )
    if evidence.kind != "sticker" or witness.station_id is None or not is_near:
        # Somebody far away must not use up the message of who stands there.
        return evidence
    message = witnesses.pair_message(
        session,
        claim_id=claim.id or 0,
        station_id=witness.station_id,
        material=witness.materials[0] if witness.materials else None,
        at=evidence.occurred_at,
    )
    if message is None:
        return evidence
    apart_s = abs(int((message.felt_at - evidence.occurred_at).total_seconds()))
    felt: dict[str, Fact] = {
        "event": message.event,
        "value": message.value,
        "seconds_apart": apart_s,
    }
    return replace(evidence, kind="sensor", facts={**evidence.facts, **felt})
