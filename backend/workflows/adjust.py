"""What becomes of a reward after its receipt: trimmed, taken back while pending, restored.

Each moves the same books as the grant did, the other way: tranche, counters, ledger, and a
line that the receipt shows.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlmodel import Session

from backend.db import event_log
from backend.ledger import names
from backend.ledger import service as ledger
from backend.rewards import counters as reward_counters
from backend.rewards import queries as reward_queries
from backend.rewards import rules as reward_rules
from backend.rewards import service as rewards
from backend.rewards.models import Adjustment, Receipt, Reward
from backend.workflows import notices


def waiting_for_mass(session: Session, claim_ids: Sequence[int]) -> Sequence[Reward]:
    """Lock and return the tranches of these claims that wait for a weighing."""
    return reward_queries.lock_waiting_for_mass(session, claim_ids)


def hold(session: Session, held: Sequence[Reward], *, until: datetime) -> None:
    """Keep tranches at least until then."""
    for reward in held:
        rewards.hold_until(session, reward, until)


def release(
    session: Session,
    held: Sequence[Reward],
    keep: Fraction,
    *,
    reference: str,
    facts: Mapping[str, Any],
    now: datetime,
) -> tuple[int, int]:
    """Release locked tranches with the part of them that is kept, rounded down.

    Args:
        reference: Of the one ledger transfer that takes the rest back.
        facts: Why, for the receipts of those touched.
    Returns:
        Units released and units trimmed; their sum is what was held.
    Effects: tranches, counters, one ledger transfer, adjustments, one event each.
    """
    kept = {row.reward_id: row.units * keep.numerator // keep.denominator for row in held}
    cuts = [
        (row, row.units - kept[row.reward_id]) for row in held if kept[row.reward_id] < row.units
    ]
    before = sum(row.units for row in held)
    for row in held:
        rewards.release_kept(session, row, kept_units=kept[row.reward_id], at=now)
    if cuts:
        _book(session, cuts, kind="trimmed", reference=reference, facts=facts, now=now)
    released = sum(kept.values())
    return released, before - released


def take_back(session: Session, claim_id: int, *, reason_code: str, now: datetime) -> int:
    """Cancel what is still pending of a claim's reward; what was minted stays.

    Returns:
        Units taken back, 0 when all of it is on its way to the chain or there.
    Effects: as `release`; counters that count acts move only when nothing was paid.
    """
    tranches = reward_queries.lock_still_here(session, claim_id)
    if not tranches:
        return 0
    cuts = [(row, row.units) for row in tranches]
    for row in tranches:
        rewards.cancel(session, row)
    number = len(reward_queries.adjustments_of(session, [claim_id]).get(claim_id, []))
    _book(
        session,
        cuts,
        kind="taken_back",
        reference=f"claim/{claim_id}/taken_back/{number}",
        facts={"reason_code": reason_code},
        now=now,
    )
    receipt = reward_queries.receipt_of(session, claim_id)
    if receipt is not None and len(tranches) == len(reward_queries.of_claim(session, claim_id)):
        reward_counters.give_back(session, receipt.moves.get("others", {}))
    return sum(units for _, units in cuts)


def owe(session: Session, claim_id: int, *, reason_code: str, now: datetime) -> int:
    """Record what was paid for an act that has turned out not to count; nothing is moved.

    Returns:
        Units recorded as owed, 0 when nothing of the reward was paid or it is recorded already.
    Effects: one adjustment, one event, one mail.
    """
    earlier = reward_queries.adjustments_of(session, [claim_id]).get(claim_id, [])
    units = reward_queries.beyond_reach(session, claim_id)
    receipt = reward_queries.receipt_of(session, claim_id)
    if receipt is None or units == 0 or any(row.kind == "owed" for row in earlier):
        return 0
    told = {"reason_code": reason_code, "before_units": receipt.units}
    row = rewards.note_adjustment(session, claim_id, kind="owed", units=units, facts=told, at=now)
    _tell(session, row, receipt.account_id, str(receipt.public["claim"]))
    return units


def restore(session: Session, claim_id: int, *, room_units: int, now: datetime) -> int:
    """Give back what was taken, as far as the caps have room now.

    Args:
        room_units: What the engine would grant for the act with the counters of today.
    Returns:
        Units restored.
    """
    receipt = reward_queries.receipt_of(session, claim_id)
    cancelled = reward_queries.lock_cancelled(session, claim_id)
    if receipt is None or not cancelled:
        return 0
    total = sum(row.units for row in cancelled)
    fits = min(total, room_units)
    restored = 0
    for row in cancelled:
        units = row.units * fits // total
        if units:
            rewards.restore(session, row, units=units, at=now)
            restored += units
    if restored:
        moves = reward_rules.part_of(receipt.moves.get("units", {}), restored, receipt.units)
        others = receipt.moves.get("others", {})
        is_whole = len(cancelled) == len(reward_queries.of_claim(session, claim_id))
        reward_counters.move(session, moves | (others if is_whole else {}))
        number = len(reward_queries.adjustments_of(session, [claim_id]).get(claim_id, []))
        ledger.move(
            session,
            reference=f"claim/{claim_id}/restored/{number}",
            kind="reward_restored",
            source=names.ISSUANCE,
            target=names.pending(receipt.account_id),
            units=restored,
            at=now,
        )
        rewards.note_adjustment(
            session, claim_id, kind="restored", units=restored, facts={}, at=now
        )
    return restored


def _book(
    session: Session,
    cuts: Sequence[tuple[Reward, int]],
    *,
    kind: str,
    reference: str,
    facts: Mapping[str, Any],
    now: datetime,
) -> None:
    """Give cut units back to counters and issuance, and tell those touched."""
    by_claim: dict[int, int] = {}
    accounts: dict[int, str] = {}
    for reward, units in cuts:
        by_claim[reward.claim_id] = by_claim.get(reward.claim_id, 0) + units
        accounts[reward.claim_id] = reward.account_id
    receipts = reward_queries.receipts_of(session, list(by_claim))
    reward_counters.give_back(session, _counter_parts(by_claim, receipts))
    legs = {names.ISSUANCE: sum(by_claim.values())}
    for claim_id, units in by_claim.items():
        name = names.pending(accounts[claim_id])
        legs[name] = legs.get(name, 0) - units
    ledger.transfer(session, reference=reference, kind=f"reward_{kind}", legs=legs, at=now)
    for claim_id, units in sorted(by_claim.items()):
        told = {**facts, "before_units": _before(receipts, claim_id), "units": units}
        row = rewards.note_adjustment(session, claim_id, kind=kind, units=units, facts=told, at=now)
        public_id = str(receipts[claim_id].public["claim"]) if claim_id in receipts else ""
        _tell(session, row, accounts[claim_id], public_id)


def _tell(session: Session, row: Adjustment, account_id: str, public_id: str) -> None:
    event_log.append(
        session,
        kind="reward_adjusted",
        subject=public_id,
        audience=account_id,
        at=row.at,
        units=-row.units,
    )
    notices.mail(
        session,
        account_id,
        f"reward_{row.kind}",
        dedupe_key=f"adjustment/{row.id}",
        facts=lambda language: {
            "change": notices.adjustment(row, language),
            "receipt": public_id,
        },
        at=row.at,
    )


def _before(receipts: Mapping[int, Receipt], claim_id: int) -> int:
    return receipts[claim_id].units if claim_id in receipts else 0


def _counter_parts(by_claim: Mapping[int, int], receipts: Mapping[int, Receipt]) -> dict[str, int]:
    """Sum over all claims first, so that each counter is locked once and in order."""
    total: dict[str, int] = {}
    for claim_id, units in by_claim.items():
        receipt = receipts.get(claim_id)
        if receipt is None or receipt.units == 0:
            continue
        part = reward_rules.part_of(receipt.moves.get("units", {}), units, receipt.units)
        for key, delta in part.items():
            total[key] = total.get(key, 0) + delta
    return total
