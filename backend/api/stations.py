"""Stations: the public list, and imports by field staff."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from backend.accounts.rules import Actor, Permission
from backend.devices.codes import MATERIALS
from backend.http.deps import Now, ReadSession, WriteSession, public, requires
from backend.territory import queries, service
from backend.territory.sources import points

router = APIRouter(tags=["stations"])


class StationPublic(BaseModel):
    """A station as anybody sees it."""

    id: str
    name: str
    kind: str
    address: str
    commune_code: str
    latitude_e6: int = Field(description="Micro-degrees (WGS 84).")
    longitude_e6: int = Field(description="Micro-degrees (WGS 84).")
    materials: list[str]


class ImportCreate(BaseModel):
    """A list of drop-off points."""

    format: Literal["csv", "opendatasoft"]
    content: str = Field(max_length=20_000_000, description="The file's text, UTF-8.")
    dry_run: bool = Field(default=True, description="True only tells what would happen.")


class LinePublic(BaseModel):
    """What became of a line."""

    lines: list[int] = Field(description="Lines of the file, the header being line 1.")
    action: str = Field(description="create, update, unchanged or refused.")
    name: str
    commune_code: str | None
    problems: list[str]


class ImportPublic(BaseModel):
    """The report of an import."""

    dry_run: bool
    counts: dict[str, int] = Field(description="Lines per action.")
    lines: list[LinePublic]


@router.get("/stations", dependencies=[public()], summary="List drop-off points")
def get_stations(
    session: ReadSession,
    commune: Annotated[str | None, Query(max_length=5)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
) -> list[StationPublic]:
    """Return open stations with what they take, by name."""
    found = queries.stations(session, commune_code=commune, limit=limit)
    materials = queries.materials_by_station(session, [station.id for station in found])
    return [
        StationPublic(
            **station.model_dump(include=set(StationPublic.model_fields) - {"materials"}),
            materials=list(materials.get(station.id, ())),
        )
        for station in found
        if station.state == "open"
    ]


@router.post("/stations/imports", summary="Import drop-off points, or try an import")
def post_import(
    body: ImportCreate,
    session: WriteSession,
    clock: Now,
    actor: Annotated[Actor, requires(Permission.MANAGE_STATIONS)],
) -> ImportPublic:
    """Report per line; nothing changes in a dry run."""
    del actor
    if body.format == "csv":
        lines = points.read_csv(body.content, known_materials=MATERIALS)
    else:
        lines = points.read_opendatasoft(body.content)
    reports = service.import_points(
        session, lines, source=body.format, is_dry_run=body.dry_run, at=clock.now()
    )
    actions = [report.action for report in reports]
    return ImportPublic(
        dry_run=body.dry_run,
        counts={action: actions.count(action) for action in sorted(set(actions))},
        lines=[
            LinePublic(
                lines=list(report.numbers),
                action=report.action,
                name=report.name,
                commune_code=report.commune_code,
                problems=list(report.problems),
            )
            for report in reports
        ],
    )
