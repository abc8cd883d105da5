"""What is known around an act beside its own person: company, place, machine, container.

Everything is read from rows that exist for other reasons (claims, claimed masses), so that
doubt collects nothing of its own but the phones (`review.models.PhoneSeen`).
"""

from collections import defaultdict
from datetime import date, datetime, time, timedelta
from typing import TypedDict
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, or_
from sqlmodel import Session, col, select

from backend.actions.models import Claim
from backend.collections import queries as mass_queries
from backend.collections import rules as mass
from backend.devices import queries as device_queries
from backend.review import rules
from backend.rulebook.act import Act
from backend.territory import queries as territory_queries

TOGETHER = timedelta(minutes=2)
TOGETHER_DAYS = 3
"""Meeting somebody at a machine on so many days of a month is no chance any more."""
MAX_ACTS = 30
"""Newest acts of a person that company is looked for around; more than an honest month has."""
USUAL_ROUNDS = 4
"""Last rounds that say what a container usually holds."""
ZONE = ZoneInfo("Europe/Paris")


class Slot(TypedDict):
    """Which code of its slot a kiosk's code is; empty capacity elsewhere."""

    slot_seq: int
    slot_capacity: int


class Masses(TypedDict):
    """What is claimed at a container since it was emptied, and what is usual. Unit: grams."""

    open_mass_g: int
    usual_mass_g: int
    usual_act_g: int


def companions(session: Session, claim: Claim) -> int:
    """Return how many people acted beside this person on several days of the last month."""
    since = claim.occurred_at - rules.HISTORY
    mine = session.exec(
        select(Claim.device_number, Claim.occurred_at)
        .where(
            col(Claim.account_id) == claim.account_id,
            col(Claim.code_key).is_not(None),
            col(Claim.occurred_at) > since,
        )
        .order_by(col(Claim.id).desc())
        .limit(MAX_ACTS)
    ).all()
    if len(mine) < TOGETHER_DAYS:
        return 0
    beside = or_(
        *(
            and_(
                col(Claim.device_number) == device,
                col(Claim.occurred_at).between(at - TOGETHER, at + TOGETHER),
            )
            for device, at in mine
        )
    )
    met: dict[str, set[date]] = defaultdict(set)
    rows = session.exec(
        select(Claim.account_id, Claim.occurred_at).where(
            beside, col(Claim.account_id) != claim.account_id, col(Claim.code_key).is_not(None)
        )
    )
    for account_id, at in rows:
        met[account_id].add(at.astimezone(ZONE).date())
    return sum(1 for days in met.values() if len(days) >= TOGETHER_DAYS)


def located_today(session: Session, claim: Claim, act: Act) -> int:
    """Return how many located acts the place paid on the act's local day."""
    if act.proof_level != "P1" or act.station_ref is None:
        return 0
    day = claim.occurred_at.astimezone(ZONE).date()
    start = datetime.combine(day, time(), ZONE)
    return mass_queries.located_between(session, act.station_ref, start, start + timedelta(days=1))


def used_codes(session: Session, claim: Claim) -> int:
    """Return how many codes that others had used this person presented in a week."""
    statement = select(func.count()).where(
        col(Claim.account_id) == claim.account_id,
        col(Claim.refusal_code) == "code_already_used",
        col(Claim.received_at) > claim.received_at - timedelta(days=7),
    )
    return int(session.exec(statement).one())


def slot(session: Session, claim: Claim) -> Slot:
    """Return which code of its slot was claimed, and how many the kiosk may show."""
    if claim.kind != "slot":
        return Slot(slot_seq=0, slot_capacity=0)
    device = device_queries.need(session, claim.device_number)
    seq = int(claim.code_ref.rpartition(":")[2])
    return Slot(slot_seq=seq, slot_capacity=device.capacity_per_slot)


def masses(session: Session, claim: Claim, act: Act) -> Masses:
    """Return what is claimed at the container since it was emptied, this act included."""
    station_id, material = act.station_ref, act.material
    if station_id is None or material is None:
        return Masses(open_mass_g=0, usual_mass_g=0, usual_act_g=0)
    own_g = mass.claimed_g(material, items=act.count or 0, mass_g=act.mass_g or 0)
    open_g = mass_queries.mass_since_emptied_g(session, station_id=station_id, material=material)
    balances = mass_queries.last_balances(
        session, station_id=station_id, material=material, limit=USUAL_ROUNDS
    )
    if balances:
        usual_g = mass.usual_g(
            [(row.until, row.weighed_g) for row in balances], now=claim.occurred_at
        )
    else:
        volume_l = territory_queries.volume_l(session, station_id, material)
        usual_g = mass.full_g(material, volume_l)
    deposits = sum(row.deposits for row in balances)
    act_g = sum(row.claimed_g for row in balances) // deposits if deposits else 0
    return Masses(open_mass_g=open_g + own_g, usual_mass_g=usual_g, usual_act_g=act_g)
