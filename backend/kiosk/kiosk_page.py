"""The screen of a kiosk: one page, its state as JSON, the picture of its code."""

from typing import Literal

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel, Field

from backend.devices import codes
from backend.kiosk import qr
from backend.kiosk.terminal import Terminal


class ScreenState(BaseModel):
    """What the screen shows now; its script polls this."""

    state: Literal["code", "waiting", "full", "refused"] = Field(
        description="Which panel is shown."
    )
    id: str = Field(description="Changes with each code.")
    qr: str = Field(description="Address of the picture; empty without a code.")
    url: str = Field(description="What the picture holds; empty without a code.")
    short: str | None = Field(description="What to type instead, once the server knows it.")
    remaining_ms: int = Field(description="Until the slot ends. Unit: milliseconds.")
    slot_ms: int = Field(description="Length of a slot. Unit: milliseconds.")
    is_online: bool = Field(description="False without an answer of the server lately.")


def routes(terminal: Terminal, templates: Jinja2Templates) -> APIRouter:
    """Make the routes of a kiosk's screen."""
    router = APIRouter()

    @router.get("/", response_class=HTMLResponse)
    def page(request: Request) -> Response:
        """Show the screen of a kiosk."""
        context = {"identity": terminal.identity, "screen": screen_state(terminal)}
        return templates.TemplateResponse(request, "kiosk.html", context)

    @router.get("/ecran.json")
    def state() -> ScreenState:
        """Tell the page what to show now."""
        return screen_state(terminal)

    @router.post("/chute", status_code=204)
    def drop(request: Request) -> None:
        """Note that an object fell; the sensor's driver calls this on the machine itself."""
        if request.headers.get("Sec-Fetch-Site", "none") != "none":
            raise HTTPException(403)
        if not terminal.has_gate:
            raise HTTPException(404)
        terminal.drop()

    @router.get("/qr/{code_id}.svg")
    def picture(code_id: str) -> Response:
        """Draw the code on the screen; a past one is gone."""
        shown = terminal.shown()
        if shown is None or code_id != f"{shown.slot}-{shown.seq}":
            raise HTTPException(404)
        return Response(qr.svg_of(shown.url), media_type=qr.MEDIA_TYPE)

    return router


def screen_state(terminal: Terminal) -> ScreenState:
    """Return what a kiosk's page shows at this instant."""
    shown, now = terminal.shown(), terminal.now()
    remaining_ms = codes.SLOT_S * 1000 - int(now.timestamp() * 1000) % (codes.SLOT_S * 1000)
    code_id = f"{shown.slot}-{shown.seq}" if shown else f"{codes.slot_of(now)}-full"
    is_refused = terminal.refusal() is not None
    is_shown = shown is not None and not is_refused
    return ScreenState(
        state="refused" if is_refused else "code" if shown else _empty(terminal),
        id=code_id,
        qr=f"/qr/{code_id}.svg" if is_shown else "",
        url=shown.url if shown and is_shown else "",
        short=terminal.short_of(shown) if shown and is_shown else None,
        remaining_ms=remaining_ms,
        slot_ms=codes.SLOT_S * 1000,
        is_online=terminal.is_online(),
    )


def _empty(terminal: Terminal) -> Literal["waiting", "full"]:
    return "waiting" if terminal.has_gate else "full"
