"""Decide one claim: verdict, reward, ledger, counters and event in one transaction."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from backend.actions import queries as action_queries
from backend.actions import service as actions
from backend.actions.models import Claim
from backend.actions.rules import ClaimState, Evidence, Judgement, ProofLevel, Reason, Witness
from backend.actions.verifiers import VERIFIERS
from backend.books import queries as book_queries
from backend.db import event_log
from backend.devices import queries as device_queries
from backend.kernel.ids import pack_reward_id
from backend.ledger import names
from backend.ledger import service as ledger
from backend.review import queries as review_queries
from backend.review import service as review
from backend.rewards import service as rewards
from backend.rulebook import engine
from backend.rulebook import queries as rulebook_queries
from backend.rulebook.act import Act
from backend.rulebook.models import Edition
from backend.territory import queries as territory_queries
from backend.territory.geo import Position
from backend.workflows.acts import LevelCodes, act_of
from backend.workflows.corroborate import corroborated
from backend.workflows.doubt import reasons_to_doubt
from backend.workflows.review_claim import about

PLAIN_RELEASES = ("at_once", "after_seconds")
"""Releases that only time brings about."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Outcome:
    """What came of one claim."""

    public_id: str
    state: ClaimState
    units: int


def decide_next(session: Session, *, region: LevelCodes, now: datetime) -> Outcome | None:
    """Decide the oldest pending claim.

    Args:
        region: Codes that hold for the whole territory, for example {"epci": "200054807"}.
    Returns:
        What came of it, or `None` when nothing is pending.
    Effects: verdict, receipt, rewards, counters, ledger transfer, one event. A claim that
        cannot be decided for a reason of its own goes to a person, so that those behind
        it are decided.
    """
    claim = action_queries.next_pending(session, now=now)
    if claim is None:
        return None
    try:
        with session.begin_nested():
            return _decide(session, claim, region=region, now=now)
    except SQLAlchemyError:
        raise
    except Exception:
        log.exception("claim_undecidable", claim=claim.public_id)
    reason = Reason("decision_failed")
    judgement = Judgement(ClaimState.REVIEW, ProofLevel.P0, (reason,), "unknown", {})
    return _conclude(session, claim, judgement, None, now)


def _decide(session: Session, claim: Claim, *, region: LevelCodes, now: datetime) -> Outcome:
    witness = _witness(session, claim)
    evidence = corroborated(session, claim, _evidence(claim), witness)
    judgement = VERIFIERS[evidence.kind].judge(evidence, witness)
    edition = rulebook_queries.in_force_at(session, claim.occurred_at)
    payable: _Payable | None = None
    is_cleared = review_queries.is_cleared(session, claim.id or 0)
    if not is_cleared and book_queries.is_in_lost_time(session, claim.occurred_at):
        # The code may have been used in the time that the restored backup does not know.
        judgement = _for_review(judgement, "lost_time")
    elif edition is None:
        judgement = _for_review(judgement, "no_edition_in_force")
    elif judgement.state == ClaimState.ACCEPTED:
        act = act_of(
            claim,
            kind=judgement.act_kind,
            level=judgement.level,
            facts=judgement.act,
            region=region,
        )
        try:
            keys = engine.counter_keys(act, rulebook_queries.rulebook_of(edition))
            doubts = () if is_cleared else _doubts(session, claim, act, witness, edition)
            if doubts:
                judgement = _held(judgement, doubts)
            else:
                payable = _Payable(claim, act, edition, keys)
        except engine.ActIncompleteError as error:
            # The rule asks for a fact that this witness does not sign: a person decides.
            judgement = _for_review(judgement, error.code)
    return _conclude(session, claim, judgement, payable, now)


def _conclude(
    session: Session,
    claim: Claim,
    judgement: Judgement,
    payable: "_Payable | None",
    now: datetime,
) -> Outcome:
    actions.decide(session, claim, judgement, at=now)
    if judgement.state == ClaimState.REVIEW:
        reasons = [{"code": r.code, "facts": dict(r.facts)} for r in judgement.reasons]
        review.open_doubt(session, about(claim), reasons=reasons, at=now)
    units = _reward(session, payable, now) if payable is not None else 0
    event_log.append(
        session,
        kind="claim_decided",
        subject=claim.public_id,
        audience=claim.account_id,
        at=now,
        state=judgement.state.value,
        units=units,
    )
    return Outcome(claim.public_id, judgement.state, units)


def _for_review(judgement: Judgement, code: str) -> Judgement:
    return _held(judgement, (Reason(code),))


def _held(judgement: Judgement, doubts: tuple[Reason, ...]) -> Judgement:
    return replace(judgement, state=ClaimState.REVIEW, reasons=(*judgement.reasons, *doubts))


def _doubts(
    session: Session, claim: Claim, act: Act, witness: Witness, edition: Edition
) -> tuple[Reason, ...]:
    # What it would earn before caps: a cap that is used up must not hide a doubt.
    worth = engine.evaluate(act, rulebook_queries.rulebook_of(edition), {}, with_lines=False)
    station = None
    if witness.latitude_e6 is not None and witness.longitude_e6 is not None:
        station = Position(witness.latitude_e6, witness.longitude_e6)
    return reasons_to_doubt(session, claim, act, units=worth.amount_units, station=station)


@dataclass(frozen=True)
class _Payable:
    claim: Claim
    act: Act
    edition: Edition
    counter_keys: tuple[str, ...]


def _reward(session: Session, payable: _Payable, now: datetime) -> int:
    claim, act, edition = payable.claim, payable.act, payable.edition
    counters = rewards.lock_counters(session, payable.counter_keys)
    evaluation = engine.evaluate(act, rulebook_queries.rulebook_of(edition), counters)
    rewards.move_counters(session, {move.key: move.delta for move in evaluation.moves})
    claim_id = claim.id or 0
    rewards.write_receipt(
        session,
        claim_id=claim_id,
        account_id=claim.account_id,
        edition_number=edition.number,
        edition_hash=edition.document_hash,
        rule_id=evaluation.rule_id,
        units=evaluation.amount_units,
        lines=[{"code": line.code, "facts": dict(line.facts)} for line in evaluation.lines],
        public=_public_fields(claim, act, edition, evaluation.amount_units),
        private={"account": claim.account_id, "occurred_at": claim.occurred_at.isoformat()},
        at=now,
    )
    tranches = [
        _tranche(claim, tranche, now) for tranche in evaluation.tranches if tranche.units > 0
    ]
    rewards.grant(
        session,
        claim_id=claim_id,
        account_id=claim.account_id,
        edition_number=edition.number,
        tranches=tranches,
        at=now,
    )
    if evaluation.amount_units > 0:
        ledger.move(
            session,
            reference=f"claim/{claim_id}/granted",
            kind="reward_granted",
            source=names.ISSUANCE,
            target=names.pending(claim.account_id),
            units=evaluation.amount_units,
            at=now,
        )
    return evaluation.amount_units


def _tranche(claim: Claim, tranche: engine.Tranche, now: datetime) -> rewards.Tranche:
    hold = timedelta(seconds=tranche.seconds, days=tranche.days)
    return rewards.Tranche(
        index=tranche.index,
        reward_id=pack_reward_id(
            tranche=tranche.index, incarnation=claim.incarnation, counter=claim.id or 0
        ),
        units=tranche.units,
        release_at=now + hold,
        is_held=hold > timedelta(0),
        release_condition=tranche.release if tranche.release not in PLAIN_RELEASES else None,
    )


def _evidence(claim: Claim) -> Evidence:
    return Evidence(
        kind=claim.kind,
        code_key=claim.code_ref,
        device_number=claim.device_number,
        occurred_at=claim.occurred_at,
        facts=claim.evidence["facts"],
    )


def _witness(session: Session, claim: Claim) -> Witness:
    device = device_queries.need(session, claim.device_number)
    if device.station_id is None:
        return Witness(kind=device.kind)
    view = territory_queries.station(session, device.station_id)
    materials = (device.material,) if device.material else view.materials
    area = territory_queries.commune(session, view.station.commune_code)
    return Witness(
        kind=device.kind,
        station_id=view.station.id,
        materials=materials,
        commune_code=view.station.commune_code,
        parent_commune_code=area.parent_code if area is not None else None,
        latitude_e6=view.station.latitude_e6,
        longitude_e6=view.station.longitude_e6,
    )


def _public_fields(claim: Claim, act: Act, edition: Edition, units: int) -> dict[str, Any]:
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
    }
