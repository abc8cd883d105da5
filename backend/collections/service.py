"""Writes of collections: deposits, weighings, rounds and their balances; flush, never commit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col

from backend.collections import queries, rules
from backend.collections.errors import RoundClosedError, RoundNotFoundError
from backend.collections.models import CollectionRound, DepositMass, StationBalance, Weighing
from backend.collections.rules import Balance, BalanceState, Round
from backend.collections.schemas import WeighingFacts
from backend.db.upsert import insert_or_skip


@dataclass(frozen=True, slots=True)
class Judged:
    """One station and material of a round: the comparison and what it was made of."""

    balance: StationBalance
    deposits: Sequence[DepositMass]
    found: Balance


def note_deposit(session: Session, deposit: DepositMass) -> None:
    """Remember the mass that a paid deposit claims; a second time changes nothing."""
    insert_or_skip(session, deposit)


def withdraw_deposit(session: Session, claim_id: int, *, is_withdrawn: bool) -> None:
    """Leave a deposit out of mass balances, because its reward was taken back, or put it back."""
    session.execute(
        update(DepositMass)
        .where(col(DepositMass.claim_id) == claim_id)
        .values(is_withdrawn=is_withdrawn)
    )


def put_weighing(
    session: Session, facts: WeighingFacts, station_id: str, *, is_dry_run: bool, at: datetime
) -> str:
    """Store a weighing, or tell what storing it would do.

    Returns:
        create, update or unchanged.
    Raises:
        RoundClosedError: It would change a round whose masses were compared.
    """
    standing = queries.weighing(
        session,
        ticket=facts.ticket,
        station_id=station_id,
        material=facts.material,
        container=facts.container,
    )
    if standing is not None and _says_the_same(standing, facts):
        return "unchanged"
    for ref in {facts.round_ref, standing.round_ref if standing else facts.round_ref}:
        tour = queries.lock_round(session, ref)
        if tour is not None and tour.state == "closed":
            raise RoundClosedError(ref)
    if not is_dry_run:
        _touch_round(session, facts.round_ref, at)
        row = standing or Weighing(
            ticket=facts.ticket,
            station_id=station_id,
            material=facts.material,
            container=facts.container,
            round_ref=facts.round_ref,
            net_g=facts.net_g,
            collected_at=facts.collected_at,
        )
        row.round_ref, row.net_g = facts.round_ref, facts.net_g
        row.impurity_bps, row.collected_at = facts.impurity_bps, facts.collected_at
        session.add(row)
        session.flush()
    return "create" if standing is None else "update"


def take_round(session: Session, ref: str, *, by: str, at: datetime) -> Sequence[Weighing]:
    """Close a round and return what was weighed in it.

    Raises:
        RoundNotFoundError: There is none.
        RoundClosedError: It was closed before.
    """
    tour = queries.lock_round(session, ref)
    if tour is None:
        raise RoundNotFoundError(ref)
    if tour.state == "closed":
        raise RoundClosedError(ref)
    tour.state, tour.closed_at, tour.closed_by = "closed", at, by
    session.add(tour)
    session.flush()
    return queries.weighings_of(session, ref)


def judge(
    session: Session, weighings: Sequence[Weighing], *, reliability_bps: int, at: datetime
) -> Judged:
    """Compare what was weighed of one station and material in one round with its claims.

    Args:
        weighings: All of one round, station and material; at least one.
        reliability_bps: The station's, before.
    Effects: one balance; the deposits that it counted belong to it from now on.
    """
    first = weighings[0]
    station_id, material = first.station_id, first.material
    until = max(row.collected_at for row in weighings)
    last = queries.last_balance(session, station_id=station_id, material=material)
    deposits = queries.open_deposits(session, station_id=station_id, material=material, until=until)
    round_ = Round(
        claimed_g=_claimed_g(deposits, last),
        weighed_g=sum(rules.good_g(row.net_g, row.impurity_bps) for row in weighings),
        carried_g=last.carried_out_g if last else 0,
    )
    tolerance_bps = rules.tolerance_bps(sum(row.items for row in deposits))
    found = rules.judge_round(round_, reliability_bps=reliability_bps, tolerance_bps=tolerance_bps)
    balance = StationBalance(
        round_ref=first.round_ref,
        station_id=station_id,
        material=material,
        until=until,
        deposits=len(deposits),
        claimed_g=round_.claimed_g,
        weighed_g=round_.weighed_g,
        carried_in_g=round_.carried_g,
        carried_out_g=found.carried_g,
        spare_g=max(0, round_.weighed_g - round_.claimed_g - round_.carried_g),
        excess_g=found.excess_g,
        tolerance_bps=tolerance_bps,
        keep_numerator=found.keep.numerator,
        keep_denominator=found.keep.denominator,
        reliability_before_bps=reliability_bps,
        reliability_after_bps=found.reliability_bps,
        state=_state_of(found),
        due_at=at + rules.DECIDED_WITHIN if found.is_gross else None,
    )
    session.add(balance)
    session.flush()
    session.execute(
        update(DepositMass)
        .where(col(DepositMass.claim_id).in_([row.claim_id for row in deposits]))
        .values(balance_id=balance.id)
    )
    return Judged(balance, deposits, found)


def judge_again(session: Session, balance: StationBalance) -> Judged:
    """Compare a waiting balance once more, without the deposits that were taken back since.

    Effects: the balance's keep and excess.
    """
    deposits = queries.counted_by(session, balance.id or 0)
    round_ = Round(sum(row.mass_g for row in deposits), balance.weighed_g, balance.carried_in_g)
    found = rules.judge_round(
        round_,
        reliability_bps=balance.reliability_before_bps,
        tolerance_bps=balance.tolerance_bps,
    )
    balance.keep_numerator = found.keep.numerator
    balance.keep_denominator = found.keep.denominator
    balance.excess_g = found.excess_g
    session.add(balance)
    session.flush()
    return Judged(balance, deposits, found)


def settle(
    session: Session,
    balance: StationBalance,
    *,
    state: BalanceState,
    released_units: int,
    trimmed_units: int,
    by: str | None = None,
    at: datetime,
) -> None:
    """Write what became of a balance's second tranches."""
    balance.state = state
    balance.released_units += released_units
    balance.trimmed_units += trimmed_units
    if by is not None:
        balance.decided_at, balance.decided_by = at, by
    session.add(balance)
    session.flush()


def _claimed_g(deposits: Sequence[DepositMass], last: StationBalance | None) -> int:
    """Late uploads of the time before first use what that time's round left unclaimed."""
    if last is None:
        return sum(row.mass_g for row in deposits)
    late_g = sum(row.mass_g for row in deposits if row.occurred_at <= last.until)
    fresh_g = sum(row.mass_g for row in deposits if row.occurred_at > last.until)
    return fresh_g + rules.beyond_spare_g(late_g, last.spare_g)


def _state_of(found: Balance) -> BalanceState:
    if found.is_gross:
        return BalanceState.WAITING
    return BalanceState.RECONCILED if found.keep == 1 else BalanceState.TRIMMED


def _says_the_same(standing: Weighing, facts: WeighingFacts) -> bool:
    stored = (standing.round_ref, standing.net_g, standing.impurity_bps, standing.collected_at)
    return stored == (facts.round_ref, facts.net_g, facts.impurity_bps, facts.collected_at)


def _touch_round(session: Session, ref: str, at: datetime) -> None:
    insert_or_skip(session, CollectionRound(ref=ref, opened_at=at, touched_at=at))
    session.execute(
        update(CollectionRound).where(col(CollectionRound.ref) == ref).values(touched_at=at)
    )
