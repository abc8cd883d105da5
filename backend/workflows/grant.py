"""Grant what an accepted act earns: receipt, tranches, counters, ledger, claimed mass."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from backend.actions.models import Claim
from backend.collections import rules as mass
from backend.collections import service as collections
from backend.collections.models import DepositMass
from backend.kernel.ids import pack_reward_id
from backend.ledger import names
from backend.ledger import service as ledger
from backend.rewards import counters as reward_counters
from backend.rewards import queries as reward_queries
from backend.rewards import service as rewards
from backend.rewards.rules import ON_MASS_BALANCE, ON_REGISTER
from backend.rulebook import engine
from backend.rulebook import queries as rulebook_queries
from backend.rulebook.act import Act
from backend.rulebook.models import Edition
from backend.territory import queries as territory_queries
from backend.workflows import adjust, tranches

CARPOOL = "carpool"
"""Mode whose trips a register judges after the verdict; see workflows/carpool.py."""


@dataclass(frozen=True)
class Payable:
    """An accepted claim with what decides its amount.

    Attributes:
        counter_keys: Counters that the edition reads for it, in lock order.
        witness_kind: Kind of the device that attests it.
    """

    claim: Claim
    act: Act
    edition: Edition
    counter_keys: tuple[str, ...]
    witness_kind: str


def grant(session: Session, payable: Payable, now: datetime) -> int:
    """Write everything that an accepted act brings about; return its amount in units."""
    claim, act, edition = payable.claim, payable.act, payable.edition
    book = rulebook_queries.rulebook_of(edition)
    counters = reward_counters.lock(session, payable.counter_keys)
    evaluation = engine.evaluate(act, book, counters)
    if reward_queries.receipt_of(session, claim.id or 0) is not None:
        return _restore(session, claim, room_units=evaluation.amount_units, now=now)
    moves = {move.key: move.delta for move in evaluation.moves}
    reward_counters.move(session, moves)
    at_once_bps = _at_once_bps(session, payable)
    split = tranches.by_reliability(evaluation, at_once_bps)
    claim_id, units = claim.id or 0, evaluation.amount_units
    rewards.write_receipt(
        session,
        claim_id=claim_id,
        account_id=claim.account_id,
        edition_number=edition.number,
        edition_hash=edition.document_hash,
        rule_id=evaluation.rule_id,
        units=units,
        lines=[{"code": line.code, "facts": dict(line.facts)} for line in split.lines],
        public=_public_fields(payable, units, at_once_bps),
        private={"account": claim.account_id, "occurred_at": claim.occurred_at.isoformat()},
        moves=_by_kind(moves, engine.amount_keys(act, book)),
        at=now,
    )
    rewards.grant(
        session,
        claim_id=claim_id,
        account_id=claim.account_id,
        edition_number=edition.number,
        tranches=[_tranche(claim, act, part, now) for part in split.tranches if part.units > 0],
        at=now,
    )
    if units > 0:
        _note_mass(session, claim_id, claim.occurred_at, act)
        ledger.move(
            session,
            reference=f"claim/{claim_id}/granted",
            kind="reward_granted",
            source=names.ISSUANCE,
            target=names.pending(claim.account_id),
            units=units,
            at=now,
        )
    return units


def _restore(session: Session, claim: Claim, *, room_units: int, now: datetime) -> int:
    """Give back what a reviewer took and an appeal won; the receipt of then stands."""
    claim_id = claim.id or 0
    collections.withdraw_deposit(session, claim_id, is_withdrawn=False)
    return adjust.restore(session, claim_id, room_units=room_units, now=now)


def _at_once_bps(session: Session, payable: Payable) -> int | None:
    """Return what is released at once, `None` where no weighing can follow."""
    act = payable.act
    if act.station_ref is None or act.proof_level not in tranches.WEIGHED_LEVELS:
        return None
    station = territory_queries.station(session, act.station_ref).station
    return mass.at_once_bps(station.reliability_bps, payable.witness_kind)


def _note_mass(session: Session, claim_id: int, occurred_at: datetime, act: Act) -> None:
    if act.station_ref is None or act.material is None:
        return
    items, mass_g = act.count or 0, act.mass_g or 0
    deposit = DepositMass(
        claim_id=claim_id,
        station_id=act.station_ref,
        material=act.material,
        level=act.proof_level,
        # What the machine weighed needs no usual mass, so it widens no tolerance.
        items=0 if mass_g else items,
        mass_g=mass.claimed_g(act.material, items=items, mass_g=mass_g),
        occurred_at=occurred_at,
    )
    collections.note_deposit(session, deposit)


def _by_kind(moves: dict[str, int], amount_keys: frozenset[str]) -> dict[str, dict[str, int]]:
    return {
        "units": {key: delta for key, delta in moves.items() if key in amount_keys},
        "others": {key: delta for key, delta in moves.items() if key not in amount_keys},
    }


def _tranche(claim: Claim, act: Act, tranche: engine.Tranche, now: datetime) -> rewards.Tranche:
    condition = ON_MASS_BALANCE if tranche.release == ON_MASS_BALANCE else None
    if act.mode == CARPOOL and act.operator_class is not None:
        condition = ON_REGISTER
    hold = timedelta(seconds=tranche.seconds, days=tranche.days)
    return rewards.Tranche(
        index=tranche.index,
        reward_id=pack_reward_id(
            tranche=tranche.index, incarnation=claim.incarnation, counter=claim.id or 0
        ),
        units=tranche.units,
        release_at=now + hold,
        is_held=hold > timedelta(0) or condition == ON_REGISTER,
        release_condition=condition,
    )


def _public_fields(payable: Payable, units: int, at_once_bps: int | None) -> dict[str, Any]:
    claim, act, edition = payable.claim, payable.act, payable.edition
    return {
        "claim": claim.public_id,
        "counter": claim.id,
        "incarnation": claim.incarnation,
        "edition": edition.number,
        "edition_hash": edition.document_hash,
        "kind": act.kind,
        "material": act.material,
        "mode": act.mode,
        "level": act.proof_level,
        "count": act.count,
        "mass_g": act.mass_g,
        "distance_m": act.distance_m,
        "units": units,
        "at_once_bps": at_once_bps,
    }
