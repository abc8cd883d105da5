"""Decide one claim: verdict, reward, ledger, counters and event in one transaction."""

from dataclasses import dataclass, field, replace
from datetime import datetime

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
from backend.review import queries as review_queries
from backend.review import service as review
from backend.review.rules import LOCATED_WAIT, only_waits
from backend.rulebook import engine
from backend.rulebook import queries as rulebook_queries
from backend.rulebook.act import Act
from backend.rulebook.models import Edition
from backend.territory import queries as territory_queries
from backend.territory.geo import Position
from backend.workflows import look_again, sold_elsewhere
from backend.workflows.acts import LevelCodes, act_of
from backend.workflows.carpool import with_journey
from backend.workflows.corroborate import corroborated
from backend.workflows.doubt import reasons_to_doubt
from backend.workflows.grant import Payable, grant
from backend.workflows.review_claim import about
from backend.workflows.sold_elsewhere import PartnerKeys
from backend.workflows.trip_witness import paid_once, with_recording

ATTESTED = (ProofLevel.P2, ProofLevel.P3)

log = structlog.get_logger()


@dataclass(frozen=True)
class Outcome:
    """What came of one claim."""

    public_id: str
    state: ClaimState
    units: int


@dataclass(frozen=True)
class _Setting:
    """What a decision needs to know of this installation.

    Attributes:
        region: Codes that hold for the whole territory, for example {"epci": "200054807"}.
        partner_keys: Schemes that pay for the same trips; none by default.
    """

    region: LevelCodes
    partner_keys: PartnerKeys = field(default_factory=dict)


def decide_next(
    session: Session, *, region: LevelCodes, now: datetime, partner_keys: PartnerKeys | None = None
) -> Outcome | None:
    """Decide the oldest pending claim.

    Args:
        region: Codes that hold for the whole territory, for example {"epci": "200054807"}.
        partner_keys: Schemes that pay for the same trips; none by default.
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
            return _decide(session, claim, _Setting(region, partner_keys or {}), now)
    except SQLAlchemyError:
        raise
    except Exception:
        log.exception("claim_undecidable", claim=claim.public_id)
    reason = Reason("decision_failed")
    judgement = Judgement(ClaimState.REVIEW, ProofLevel.P0, (reason,), "unknown", {})
    return _conclude(session, claim, judgement, None, now)


def _decide(session: Session, claim: Claim, setting: _Setting, now: datetime) -> Outcome:
    witness = _witness(session, claim)
    is_cleared = review_queries.is_cleared(session, claim.id or 0)
    evidence = corroborated(session, claim, _evidence(claim, is_cleared=is_cleared), witness)
    evidence = with_recording(session, claim, evidence, is_cleared=is_cleared)
    evidence = with_journey(session, evidence)
    judgement = VERIFIERS[evidence.kind].judge(evidence, witness)
    judgement = paid_once(session, claim, evidence, judgement, now=now)
    edition = rulebook_queries.in_force_at(session, claim.occurred_at)
    payable: Payable | None = None
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
            region=setting.region,
        )
        try:
            keys = engine.counter_keys(act, rulebook_queries.rulebook_of(edition))
            doubts = () if is_cleared else _doubts(session, claim, act, witness, edition)
            if not is_cleared:
                doubts += sold_elsewhere.reasons(session, claim, act, setting.partner_keys)
            if doubts:
                judgement = _held(judgement, doubts)
            else:
                payable = Payable(claim, act, edition, keys, witness.kind)
                sold_elsewhere.publish(session, claim, act, setting.partner_keys, at=now)
        except engine.ActIncompleteError as error:
            # The rule asks for a fact that this witness does not sign: a person decides.
            judgement = _for_review(judgement, error.code)
    outcome = _conclude(session, claim, judgement, payable, now)
    if outcome.units and judgement.level in ATTESTED:
        look_again.at_waiting(session, claim.account_id, region=setting.region, now=now)
    return outcome


def _conclude(
    session: Session,
    claim: Claim,
    judgement: Judgement,
    payable: Payable | None,
    now: datetime,
) -> Outcome:
    actions.decide(session, claim, judgement, at=now)
    if judgement.state == ClaimState.REVIEW:
        reasons = [{"code": r.code, "facts": dict(r.facts)} for r in judgement.reasons]
        codes = [reason.code for reason in judgement.reasons]
        within = LOCATED_WAIT if only_waits(codes) else review.DECIDED_WITHIN
        review.open_doubt(session, about(claim), reasons=reasons, at=now, within=within)
    units = grant(session, payable, now) if payable is not None else 0
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


def _evidence(claim: Claim, *, is_cleared: bool) -> Evidence:
    facts = claim.evidence["facts"]
    return Evidence(
        kind=claim.kind,
        code_key=claim.code_ref,
        device_number=claim.device_number,
        occurred_at=claim.occurred_at,
        facts={**facts, "cleared": True} if is_cleared else facts,
    )


def _witness(session: Session, claim: Claim) -> Witness:
    if claim.device_number == 0:
        # Nobody signed: the person's own phone is what there is.
        return Witness(kind="phone")
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
