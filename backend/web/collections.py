"""Collection rounds for staff: import weighings, close rounds, decide light ones."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from sqlmodel import Session

from backend.accounts.rules import Actor, Permission
from backend.collections import queries, rules
from backend.collections.errors import WeighingsUnreadableError
from backend.collections.models import CollectionRound, StationBalance, Weighing
from backend.collections.schemas import read_csv
from backend.devices.codes import MATERIALS
from backend.http.deps import Now, ReadSession, WriteSession, requires
from backend.territory import queries as territory_queries
from backend.web.contexts import (
    BalanceBar,
    CollectionsPage,
    ImportLine,
    ImportView,
    ReliabilityPoint,
    RoundCard,
    StationMassPage,
)
from backend.web.forms import checked_form, see
from backend.web.rendering import respond
from backend.workflows import weigh

router = APIRouter(include_in_schema=False)

PAGE = "/admin/collectes"
MAX_FILE_BYTES = 5_000_000
MAX_REPORT_LINES = 200
CHART_WIDTH, CHART_HEIGHT = 1000, 200
FieldStaff = Annotated[Actor, requires(Permission.MANAGE_STATIONS)]
Watcher = Annotated[Actor, requires(Permission.READ_OPERATIONS)]
Reviewer = Annotated[Actor, requires(Permission.REVIEW_CLAIMS)]


@router.get(PAGE)
def get_collections(request: Request, session: ReadSession, actor: Watcher) -> Response:
    """Show rounds and what waits for a person."""
    page = collections_page(session, actor)
    return respond(request, "collections.html", page, actor=actor, section="admin")


@router.post(PAGE + "/import", dependencies=[checked_form()])
def post_import(
    request: Request,
    session: WriteSession,
    clock: Now,
    actor: FieldStaff,
    content: Annotated[str, Form(max_length=MAX_FILE_BYTES)] = "",
    mode: Annotated[str, Form(pattern="^(try|keep)$")] = "try",
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Try an import, or do it; the page reports per line."""
    try:
        text = _text_of(file) or content
        lines = read_csv(text, known_materials=MATERIALS)
    except WeighingsUnreadableError as error:
        page = collections_page(session, actor, problem=error.message)
        return respond(request, "collections.html", page, actor=actor, section="admin", status=422)
    is_dry_run = mode == "try"
    reports = weigh.import_weighings(session, lines, is_dry_run=is_dry_run, now=clock.now())
    actions = [report.action for report in reports]
    view = ImportView(
        is_dry_run=is_dry_run,
        counts=tuple((action, actions.count(action)) for action in sorted(set(actions))),
        lines=tuple(
            ImportLine(r.number, r.action, r.round_ref, r.station, r.problems)
            for r in reports[:MAX_REPORT_LINES]
        ),
        content=text,
    )
    page = collections_page(session, actor, report=view)
    return respond(request, "collections.html", page, actor=actor, section="admin")


@router.post(PAGE + "/cloturer", dependencies=[checked_form()])
def post_close(
    session: WriteSession, clock: Now, actor: FieldStaff, ref: Annotated[str, Form(max_length=80)]
) -> Response:
    """Compare a round's masses and settle its second tranches."""
    weigh.close_round(session, ref, by=actor.account_id, now=clock.now())
    return see(PAGE)


@router.post(PAGE + "/{balance_id}/decider", dependencies=[checked_form()])
def post_decide(
    balance_id: int,
    session: WriteSession,
    clock: Now,
    actor: Reviewer,
    decision: Annotated[str, Form(pattern="^(trim|release)$")],
) -> Response:
    """Decide about a round that is far too light."""
    weigh.decide_balance(
        session,
        balance_id,
        is_released=decision == "release",
        by=actor.account_id,
        now=clock.now(),
    )
    return see(PAGE)


@router.get(PAGE + "/stations/{station_id}")
def get_station(
    request: Request, station_id: str, session: ReadSession, actor: Watcher
) -> Response:
    """Show how far a station was trusted over time."""
    page = station_page(session, station_id)
    return respond(request, "station_mass.html", page, actor=actor, section="admin")


def collections_page(
    session: Session, actor: Actor, *, report: ImportView | None = None, problem: str = ""
) -> CollectionsPage:
    """Collect rounds with their bars."""
    tours = queries.rounds(session)
    cards = tuple(_card(session, tour) for tour in tours)
    return CollectionsPage(
        waiting=_bars(session, queries.waiting(session)),
        rounds=cards,
        may_decide=actor.may(Permission.REVIEW_CLAIMS),
        report=report,
        problem=problem,
    )


def station_page(session: Session, station_id: str) -> StationMassPage:
    """Collect a station's balances and the curve of its reliability."""
    station = territory_queries.station(session, station_id).station
    balances = queries.balances_of_station(session, station_id)
    points = tuple(_point(number, len(balances), row) for number, row in enumerate(balances))
    return StationMassPage(
        name=station.name,
        address=station.address,
        reliability_percent=station.reliability_bps // 100,
        points=points,
        path=" ".join(f"{point.x},{point.y}" for point in points),
        bars=tuple(reversed(_bars(session, balances))),
    )


def _point(number: int, count: int, row: StationBalance) -> ReliabilityPoint:
    percent = row.reliability_after_bps // 100
    x = CHART_WIDTH * (number + 1) // (count + 1)
    return ReliabilityPoint(
        x, CHART_HEIGHT - CHART_HEIGHT * percent // 100, percent, row.until, row.state
    )


def _card(session: Session, tour: CollectionRound) -> RoundCard:
    if tour.state == "closed":
        bars = _bars(session, queries.balances_of_round(session, tour.ref))
    else:
        bars = _open_bars(session, queries.weighings_of(session, tour.ref))
    return RoundCard(tour.ref, tour.state, tour.touched_at, tour.closed_at, bars)


def _bars(session: Session, balances: Sequence[StationBalance]) -> tuple[BalanceBar, ...]:
    names = territory_queries.stations_of(session, [row.station_id for row in balances])
    return tuple(_bar(row, names[row.station_id].name) for row in balances)


def _bar(row: StationBalance, station: str) -> BalanceBar:
    claimed_g = row.claimed_g + row.carried_in_g
    longest_g = max(claimed_g, row.weighed_g, 1)
    return BalanceBar(
        id=row.id or 0,
        station=station,
        station_id=row.station_id,
        material_key=f"material.{row.material}",
        claimed_g=claimed_g,
        weighed_g=row.weighed_g,
        claimed_permille=claimed_g * 1000 // longest_g,
        weighed_permille=row.weighed_g * 1000 // longest_g,
        state=row.state,
        kept_percent=row.keep_numerator * 100 // row.keep_denominator,
        released_units=row.released_units,
        trimmed_units=row.trimmed_units,
        reliability_percent=row.reliability_after_bps // 100,
        due_at=row.due_at if row.state == rules.BalanceState.WAITING else None,
        deposits=row.deposits,
    )


def _open_bars(session: Session, weighings: Sequence[Weighing]) -> tuple[BalanceBar, ...]:
    """Show what closing the round would compare, as far as it is known now."""
    names = territory_queries.stations_of(session, [row.station_id for row in weighings])
    groups: dict[tuple[str, str], list[Weighing]] = {}
    for row in weighings:
        groups.setdefault((row.station_id, row.material), []).append(row)
    bars = []
    for (station_id, material), rows in groups.items():
        until = max(row.collected_at for row in rows)
        deposits = queries.open_deposits(
            session, station_id=station_id, material=material, until=until
        )
        claimed_g = sum(row.mass_g for row in deposits)
        weighed_g = sum(rules.good_g(row.net_g, row.impurity_bps) for row in rows)
        longest_g = max(claimed_g, weighed_g, 1)
        bars.append(
            BalanceBar(
                id=0,
                station=names[station_id].name,
                station_id=station_id,
                material_key=f"material.{material}",
                claimed_g=claimed_g,
                weighed_g=weighed_g,
                claimed_permille=claimed_g * 1000 // longest_g,
                weighed_permille=weighed_g * 1000 // longest_g,
                state="open",
                reliability_percent=names[station_id].reliability_bps // 100,
                deposits=len(deposits),
            )
        )
    return tuple(bars)


def _text_of(file: UploadFile | None) -> str:
    if file is None or not file.filename:
        return ""
    raw = file.file.read(MAX_FILE_BYTES + 1)
    if len(raw) > MAX_FILE_BYTES:
        raise WeighingsUnreadableError("it is larger than 5 MB")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Spreadsheets in France still write Windows' own character set.
        return raw.decode("cp1252", errors="replace")
