"""Collections: weighings from the weighbridge, rounds, and what came of them."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field

from backend.accounts.rules import Actor, Permission
from backend.collections import queries
from backend.collections.models import StationBalance
from backend.collections.schemas import WeighingFacts, WeighingLine, read_csv
from backend.devices.codes import MATERIALS
from backend.http.deps import Now, ReadSession, WriteSession, requires
from backend.workflows import weigh
from backend.workflows.weigh import LineReport

router = APIRouter(prefix="/collections", tags=["collections"])

FieldStaff = Annotated[Actor, requires(Permission.MANAGE_STATIONS)]
Reviewer = Annotated[Actor, requires(Permission.REVIEW_CLAIMS)]


class WeighingIn(BaseModel):
    """What one ticket says of one container."""

    round: str = Field(min_length=1, max_length=80, description="Name of the tour.")
    ticket: str = Field(min_length=1, max_length=80)
    station: str = Field(
        min_length=1, max_length=80, description="Id of the station, or its reference."
    )
    material: str
    container: str = Field(default="", max_length=80)
    collected_at: AwareDatetime
    net_g: int = Field(ge=0, le=40_000_000, description="Net mass in grams.")
    impurity_bps: int = Field(
        default=0, ge=0, le=10_000, description="Junk in the sorted sample, in 1/10,000."
    )


class WeighingsCreate(BaseModel):
    """Weighings as a weighbridge's software sends them."""

    weighings: list[WeighingIn] = Field(min_length=1, max_length=5_000)
    dry_run: bool = False


class ImportCreate(BaseModel):
    """A table of weighings."""

    content: str = Field(max_length=5_000_000, description="The file's text, UTF-8.")
    dry_run: bool = Field(default=True, description="True only tells what would happen.")


class LinePublic(BaseModel):
    """What became of a line."""

    line: int = Field(description="Line of the file, the header being line 1; or position.")
    action: Literal["create", "update", "unchanged", "refused"]
    round: str
    station: str
    problems: list[str]


class ImportPublic(BaseModel):
    """The report of an import."""

    dry_run: bool
    counts: dict[str, int] = Field(description="Lines per action.")
    lines: list[LinePublic]


class BalancePublic(BaseModel):
    """One station and material of a closed round; masses in grams."""

    id: int
    station_id: str
    material: str
    state: str = Field(description="reconciled, trimmed, waiting or released.")
    deposits: int
    claimed_g: int
    weighed_g: int
    carried_in_g: int
    carried_out_g: int
    excess_g: int
    tolerance_bps: int
    reliability_before_bps: int
    reliability_after_bps: int
    released_units: int
    trimmed_units: int
    due_at: datetime | None


class RoundPublic(BaseModel):
    """One tour of a lorry."""

    ref: str
    state: str = Field(description="open or closed.")
    touched_at: datetime
    closed_at: datetime | None
    balances: list[BalancePublic] = []


class BalanceDecision(BaseModel):
    """What a person decides about a round that is far too light."""

    decision: Literal["trim", "release"] = Field(
        description="trim: all by the same part; release: the weighing was wrong."
    )


@router.post("/imports", summary="Import a table of weighings, or try an import")
def post_import(
    body: ImportCreate, session: WriteSession, clock: Now, actor: FieldStaff
) -> ImportPublic:
    """Report per line; importing twice changes nothing."""
    del actor
    lines = read_csv(body.content, known_materials=MATERIALS)
    reports = weigh.import_weighings(session, lines, is_dry_run=body.dry_run, now=clock.now())
    return _report(reports, is_dry_run=body.dry_run)


@router.post("/weighings", summary="Send weighings, as the software of a weighbridge does")
def post_weighings(
    body: WeighingsCreate, session: WriteSession, clock: Now, actor: FieldStaff
) -> ImportPublic:
    """Report per weighing; one sent again corrects the first while its round is open."""
    del actor
    lines = [_line(number, told) for number, told in enumerate(body.weighings, start=1)]
    reports = weigh.import_weighings(session, lines, is_dry_run=body.dry_run, now=clock.now())
    return _report(reports, is_dry_run=body.dry_run)


@router.get("/rounds", summary="List collection rounds, open ones first")
def get_rounds(session: ReadSession, actor: FieldStaff) -> list[RoundPublic]:
    """Return the newest rounds with what came of the closed ones."""
    del actor
    return [
        RoundPublic(
            ref=tour.ref,
            state=tour.state,
            touched_at=tour.touched_at,
            closed_at=tour.closed_at,
            balances=[_balance(row) for row in queries.balances_of_round(session, tour.ref)],
        )
        for tour in queries.rounds(session)
    ]


@router.post("/rounds/{ref}/close", summary="Close a round: compare masses, settle tranches")
def post_close(
    ref: str, session: WriteSession, clock: Now, actor: FieldStaff
) -> list[BalancePublic]:
    """Return one balance per station and material."""
    balances = weigh.close_round(session, ref, by=actor.account_id, now=clock.now())
    return [_balance(row) for row in balances]


@router.post("/balances/{balance_id}/decision", summary="Decide about a round far too light")
def post_decision(
    balance_id: int, body: BalanceDecision, session: WriteSession, clock: Now, actor: Reviewer
) -> BalancePublic:
    """Trim or release the second tranches that wait for a person."""
    return _balance(
        weigh.decide_balance(
            session,
            balance_id,
            is_released=body.decision == "release",
            by=actor.account_id,
            now=clock.now(),
        )
    )


def _line(number: int, told: WeighingIn) -> WeighingLine:
    if told.material not in MATERIALS:
        return WeighingLine(number, None, (f"material {told.material!r} is not known",))
    facts = WeighingFacts(
        round_ref=told.round,
        ticket=told.ticket,
        station=told.station,
        material=told.material,
        collected_at=told.collected_at,
        net_g=told.net_g,
        container=told.container,
        impurity_bps=told.impurity_bps,
    )
    return WeighingLine(number, facts)


def _report(reports: list[LineReport], *, is_dry_run: bool) -> ImportPublic:
    actions = [report.action for report in reports]
    return ImportPublic(
        dry_run=is_dry_run,
        counts={action: actions.count(action) for action in sorted(set(actions))},
        lines=[
            LinePublic.model_validate(
                {
                    "line": report.number,
                    "action": report.action,
                    "round": report.round_ref,
                    "station": report.station,
                    "problems": list(report.problems),
                }
            )
            for report in reports
        ],
    )


def _balance(row: StationBalance) -> BalancePublic:
    return BalancePublic.model_validate(row.model_dump(include=set(BalancePublic.model_fields)))
