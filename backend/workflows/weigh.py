"""Mass balance across slices: import weighings, close rounds, settle second tranches."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from sqlmodel import Session

from backend.collections import queries as mass_queries
from backend.collections import rules as mass
from backend.collections import service as collections
from backend.collections.errors import BalanceNotFoundError, RoundClosedError
from backend.collections.models import StationBalance, Weighing
from backend.collections.rules import BalanceState
from backend.collections.schemas import WeighingFacts, WeighingLine
from backend.collections.service import Judged
from backend.db import event_log
from backend.territory import queries as territory_queries
from backend.territory import service as territory
from backend.workflows import adjust

BY_TIME = "jobs"
"""Who decides when nobody did."""
MARGIN = timedelta(days=1)
"""A waiting tranche is held this much longer than a person has, so that time decides first."""


@dataclass(frozen=True, slots=True)
class LineReport:
    """What became of one line: create, update, unchanged or refused."""

    number: int
    action: str
    round_ref: str = ""
    station: str = ""
    problems: tuple[str, ...] = ()


def import_weighings(
    session: Session, lines: Sequence[WeighingLine], *, is_dry_run: bool, now: datetime
) -> list[LineReport]:
    """Store weighings, or tell what an import would do; a second import changes nothing.

    Returns:
        One report per line, in order.
    """
    return [_import_line(session, line, is_dry_run=is_dry_run, now=now) for line in lines]


def close_round(session: Session, ref: str, *, by: str, now: datetime) -> list[StationBalance]:
    """Compare a round's masses with what was claimed and settle the second tranches.

    Returns:
        One balance per station and material.
    Raises:
        RoundNotFoundError: There is none.
        RoundClosedError: It was closed before.
    Effects: balances; tranches released, trimmed or left to a person; counters, ledger and
        receipts of those touched; the stations' reliability; events.
    """
    weighings = collections.take_round(session, ref, by=by, at=now)
    groups: dict[str, dict[str, list[Weighing]]] = defaultdict(lambda: defaultdict(list))
    for row in weighings:
        groups[row.station_id][row.material].append(row)
    balances = []
    for station_id in sorted(groups):
        # One decision for the station: its worst material says how far it is trusted.
        station = territory_queries.station(session, station_id).station
        judged = [
            collections.judge(session, rows, reliability_bps=station.reliability_bps, at=now)
            for _, rows in sorted(groups[station_id].items())
        ]
        reliability_bps = _worst(judged, station.reliability_bps)
        territory.set_reliability(session, station_id, reliability_bps)
        for one in judged:
            one.balance.reliability_after_bps = reliability_bps
            _settle(session, one, station.name, now=now)
            balances.append(one.balance)
    event_log.append(
        session, kind="round_closed", subject=ref, audience=event_log.STAFF, at=now, by=by
    )
    return balances


def decide_balance(
    session: Session, balance_id: int, *, is_released: bool, by: str, now: datetime
) -> StationBalance:
    """Settle a balance that waits: release whole, or trim for all who were not caught.

    Rewards that reviewers took back meanwhile claim no mass any more, so honest tranches
    are trimmed by what is still missing only.

    Raises:
        BalanceNotFoundError: It does not wait for a person.
    Effects: as `close_round`.
    """
    balance = mass_queries.lock_waiting(session, balance_id)
    if balance is None:
        raise BalanceNotFoundError(balance_id)
    station = territory_queries.station(session, balance.station_id).station
    judged = collections.judge_again(session, balance)
    if is_released:
        balance.keep_numerator = balance.keep_denominator = 1
        state = BalanceState.RELEASED
    else:
        state = BalanceState.TRIMMED if judged.found.keep < 1 else BalanceState.RECONCILED
    keep = Fraction(balance.keep_numerator, balance.keep_denominator)
    _release(session, judged, keep, state, station.name, by=by, now=now)
    return balance


def settle_overdue(session: Session, *, now: datetime) -> int:
    """Trim waiting balances whose time for a person is over; return how many."""
    overdue = mass_queries.waiting(session, due=now)
    for balance in overdue:
        decide_balance(session, balance.id or 0, is_released=False, by=BY_TIME, now=now)
    return len(overdue)


def _worst(judged: Sequence[Judged], before_bps: int) -> int:
    # A material that nobody claimed says nothing about those that were.
    told = [
        one.found.reliability_bps for one in judged if one.balance.deposits or one.found.excess_g
    ]
    return min(told, default=before_bps)


def _settle(session: Session, judged: Judged, station: str, *, now: datetime) -> None:
    balance, found = judged.balance, judged.found
    if not found.is_gross:
        state = BalanceState(balance.state)
        _release(session, judged, found.keep, state, station, by=None, now=now)
        return
    held = adjust.waiting_for_mass(session, [row.claim_id for row in judged.deposits])
    adjust.hold(session, held, until=now + mass.DECIDED_WITHIN + MARGIN)
    event_log.append(
        session,
        kind="balance_waiting",
        subject=str(balance.id),
        audience=event_log.STAFF,
        at=now,
        station=station,
    )


def _release(
    session: Session,
    judged: Judged,
    keep: Fraction,
    state: BalanceState,
    station: str,
    *,
    by: str | None,
    now: datetime,
) -> None:
    balance = judged.balance
    held = adjust.waiting_for_mass(session, [row.claim_id for row in judged.deposits])
    released, trimmed = adjust.release(
        session,
        held,
        keep,
        reference=f"balance/{balance.id}/trimmed",
        facts=_facts(balance, station),
        now=now,
    )
    collections.settle(
        session,
        balance,
        state=state,
        released_units=released,
        trimmed_units=trimmed,
        by=by,
        at=now,
    )


def _facts(balance: StationBalance, station: str) -> dict[str, Any]:
    keep_bps = balance.keep_numerator * mass.FULL_BPS // balance.keep_denominator
    return {
        "station": station,
        "round": balance.round_ref,
        "material": balance.material,
        "claimed_g": balance.claimed_g + balance.carried_in_g,
        "weighed_g": balance.weighed_g,
        "tolerance_bps": balance.tolerance_bps,
        "keep_bps": keep_bps,
    }


def _import_line(
    session: Session, line: WeighingLine, *, is_dry_run: bool, now: datetime
) -> LineReport:
    facts = line.facts
    if facts is None:
        return LineReport(line.number, "refused", problems=line.problems)
    station = territory_queries.station_named(session, facts.station)
    problem = _problem(facts, now)
    if station is None:
        problem = f"station {facts.station!r} is unknown; give its id or its reference"
    if station is None or problem:
        return LineReport(line.number, "refused", facts.round_ref, problems=(problem,))
    try:
        action = collections.put_weighing(session, facts, station.id, is_dry_run=is_dry_run, at=now)
    except RoundClosedError as error:
        return LineReport(line.number, "refused", facts.round_ref, station.name, (error.message,))
    return LineReport(line.number, action, facts.round_ref, station.name)


def _problem(facts: WeighingFacts, now: datetime) -> str:
    if facts.collected_at > now:
        return "collected_at lies in the future"
    return ""
