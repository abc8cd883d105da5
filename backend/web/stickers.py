"""Stickers of stations: field staff find a station and print a sheet for its containers."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session

from backend.accounts.rules import Actor, Permission
from backend.devices import queries as device_queries
from backend.devices import witnesses
from backend.devices.codes import url_of
from backend.http.deps import Config, ConfigDep, Now, ReadSession, WriteSession, requires
from backend.kernel.clock import Clock
from backend.paper.stickers import Sticker, stickers_pdf
from backend.paper.typesetting import MEDIA_TYPE
from backend.territory import queries as territory
from backend.territory.queries import StationView
from backend.web import places, texts
from backend.web.contexts import StationLine, StickersPage
from backend.web.forms import checked_form
from backend.web.rendering import respond

router = APIRouter(include_in_schema=False)

SHOWN = 30
Staff = Annotated[Actor, requires(Permission.MANAGE_STATIONS)]


@router.get("/admin/autocollants")
def get_stickers(
    request: Request,
    session: ReadSession,
    actor: Staff,
    search: Annotated[str, Query(alias="q", max_length=80)] = "",
) -> Response:
    """Find stations by name or address."""
    page = stickers_page(session, search)
    return respond(request, "stickers.html", page, actor=actor, section="admin")


@router.post("/admin/autocollants/{station_id}", dependencies=[checked_form()])
def post_sheet(
    station_id: str, session: WriteSession, clock: Now, config: ConfigDep, actor: Staff
) -> Response:
    """Make a sticker for each container of a station and answer with the sheet."""
    del actor
    view = territory.station(session, station_id)
    stickers = [_sticker(session, view, material, config, clock) for material in view.materials]
    headers = {
        "Content-Disposition": 'attachment; filename="autocollants.pdf"',
        "Cache-Control": "no-store",
    }
    content = stickers_pdf(stickers, at=clock.now())
    return Response(content, media_type=MEDIA_TYPE, headers=headers)


def stickers_page(session: Session, search: str) -> StickersPage:
    """Collect the stations that a search finds, with how many stickers each has."""
    found = territory.find_stations(session, search, limit=SHOWN)
    counts = device_queries.count_stickers(session, [station.id for station in found])
    return StickersPage(
        search=search,
        stations=tuple(
            StationLine(
                station_id=station.id,
                name=station.name,
                place=f"{station.address}, {places.of_commune(session, station.commune_code)}",
                stickers=counts.get(station.id, 0),
            )
            for station in found
        ),
    )


def _sticker(
    session: Session, view: StationView, material: str, config: Config, clock: Clock
) -> Sticker:
    device, code = witnesses.print_sticker(
        session,
        station_id=view.station.id,
        name=view.station.name,
        material=material,
        now=clock.now(),
    )
    commune = places.of_commune(session, view.station.commune_code)
    return Sticker(
        url=url_of(code, config.public_url),
        number=device.number,
        station=view.station.name,
        place=", ".join(part for part in (view.station.address, commune) if part),
        material_fr=texts.translate("fr", f"material.{material}"),
        material_en=texts.translate("en", f"material.{material}"),
    )
