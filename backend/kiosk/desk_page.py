"""The page of a machine or an operator: a form of what it measured, then the signed code."""

import threading
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel, Field

from backend.devices import codes, rules
from backend.kiosk import qr
from backend.kiosk.terminal import Terminal, Trip

_KEPT = 200

MATERIAL_NAMES = {
    "glass": ("Verre", "Glass"),
    "packaging": ("Emballages", "Packaging"),
    "paper": ("Papier", "Paper"),
    "textile": ("Textile", "Textiles"),
    "organic": ("Biodéchets", "Food waste"),
    "electronics": ("Appareils électriques", "Electronics"),
    "battery": ("Piles et batteries", "Batteries"),
    "metal": ("Métal", "Metal"),
    "plastic_bottle": ("Bouteilles plastiques", "Plastic bottles"),
    "can": ("Canettes", "Cans"),
    "oil": ("Huile", "Oil"),
    "bulky": ("Encombrants", "Bulky waste"),
    "hazardous": ("Déchets dangereux", "Hazardous waste"),
    "green_waste": ("Déchets verts", "Garden waste"),
    "wood": ("Bois", "Wood"),
}
MODE_NAMES = {
    "walk": ("Marche", "Walking"),
    "bike": ("Vélo", "Bicycle"),
    "bus": ("Bus", "Bus"),
    "metro": ("Métro", "Metro"),
    "tram": ("Tramway", "Tram"),
    "rail": ("Train", "Train"),
    "ferry": ("Navette maritime", "Ferry"),
    "carpool": ("Covoiturage", "Carpool"),
    "bike_share": ("Vélo partagé", "Shared bike"),
    "scooter_share": ("Trottinette partagée", "Shared scooter"),
}


class DepositForm(BaseModel):
    """One deposit, as the machine measures it."""

    material: str
    count: int = Field(ge=0, le=1000)
    mass_g: int = Field(ge=0, le=1_000_000)


class TripForm(BaseModel):
    """One trip, as the operator's system knows it."""

    mode: str
    distance_m: int = Field(ge=1, le=1_000_000)
    duration_min: int = Field(ge=1, le=1440)


class _Issued:
    """The links issued by this process, newest last; older ones are forgotten."""

    def __init__(self) -> None:
        self._links: dict[int, str] = {}
        self._count = 0
        self._lock = threading.Lock()

    def keep(self, link: str) -> Response:
        """Remember a link and lead to its page."""
        with self._lock:
            self._count += 1
            self._links[self._count] = link
            self._links.pop(self._count - _KEPT, None)
            return RedirectResponse(f"/code/{self._count}", status_code=303)

    def link(self, number: int) -> str:
        """Return a link, or answer 404."""
        found = self._links.get(number)
        if found is None:
            raise HTTPException(404)
        return found


def routes(terminal: Terminal, templates: Jinja2Templates) -> APIRouter:
    """Make the routes of a machine's or an operator's page."""
    router, issued = APIRouter(), _Issued()
    is_operator = terminal.identity.kind == rules.DeviceKind.OPERATOR

    def render(request: Request, number: int | None) -> Response:
        context = {
            "identity": terminal.identity,
            "choices": choices(terminal),
            "number": number,
            "link": issued.link(number) if number else "",
            "is_operator": is_operator,
            "is_online": terminal.is_online(),
        }
        return templates.TemplateResponse(request, "desk.html", context)

    @router.get("/", response_class=HTMLResponse)
    def page(request: Request) -> Response:
        """Show the form of a machine or an operator."""
        return render(request, None)

    @router.get("/code/{number}.svg")
    def picture(number: int) -> Response:
        """Draw an issued code."""
        return Response(qr.svg_of(issued.link(number)), media_type=qr.MEDIA_TYPE)

    @router.get("/code/{number}", response_class=HTMLResponse)
    def code_page(request: Request, number: int) -> Response:
        """Show an issued code."""
        return render(request, number)

    (_add_trips if is_operator else _add_deposits)(router, terminal, issued)
    return router


def _add_trips(router: APIRouter, terminal: Terminal, issued: _Issued) -> None:
    @router.post("/trajet")
    def trip(request: Request, form: Annotated[TripForm, Form()]) -> Response:
        """Issue a ticket for a trip."""
        refuse_foreign_form(request)
        if form.mode not in codes.MODES:
            raise HTTPException(422)
        trip = Trip(form.mode, form.distance_m, form.duration_min * 60)
        return issued.keep(terminal.ticket(trip))


def _add_deposits(router: APIRouter, terminal: Terminal, issued: _Issued) -> None:
    @router.post("/depot")
    def deposit(request: Request, form: Annotated[DepositForm, Form()]) -> Response:
        """Issue a code for a deposit."""
        refuse_foreign_form(request)
        if form.material not in codes.MATERIALS:
            raise HTTPException(422)
        return issued.keep(
            terminal.deposit(material=form.material, count=form.count, mass_g=form.mass_g)
        )


def choices(terminal: Terminal) -> list[tuple[str, str, str]]:
    """Return name, French and English of what can be brought here, or of the modes."""
    is_operator = terminal.identity.kind == rules.DeviceKind.OPERATOR
    names = MODE_NAMES if is_operator else MATERIAL_NAMES
    kept = tuple(names) if is_operator else terminal.identity.materials or tuple(names)
    return [(name, *names[name]) for name in kept]


def refuse_foreign_form(request: Request) -> None:
    """Answer 403 to a form of another site."""
    # A page of another site must not make this machine sign deposits.
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise HTTPException(403)
