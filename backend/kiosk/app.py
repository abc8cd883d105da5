"""The terminal's own small web server, reachable from its own machine only."""

import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from starlette.middleware.trustedhost import TrustedHostMiddleware

from backend.devices import rules
from backend.kiosk import counter_page, desk_page, kiosk_page
from backend.kiosk.agents import Agents
from backend.kiosk.terminal import Terminal

_HERE = Path(__file__).parent
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def create_app(terminal: Terminal, agents: Agents | None = None) -> FastAPI:
    """Make the web application of one terminal; its line to the server runs beside it.

    Args:
        terminal: A kiosk, a machine, an operator, a sensor, or with `agents` a counter.
        agents: Who may sign at the counter.
    """
    app = FastAPI(
        title="Calanque terminal", docs_url=None, redoc_url=None, lifespan=_runner(terminal)
    )
    # Another name for this machine would let a foreign page read the screen (DNS rebinding).
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]"])
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")
    templates = Jinja2Templates(directory=_HERE / "templates")

    @app.middleware("http")
    async def add_headers(
        request: Request, proceed: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        response = await proceed(request)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    @app.get("/sante")
    def health() -> dict[str, str | int | bool]:
        """Tell that the process lives."""
        return {"device": terminal.identity.number, "is_online": terminal.is_online()}

    app.include_router(_page(terminal, agents, templates))
    return app


def _page(terminal: Terminal, agents: Agents | None, templates: Jinja2Templates) -> APIRouter:
    if agents is not None:
        return counter_page.routes(terminal, agents, templates)
    if terminal.identity.kind == rules.DeviceKind.KIOSK:
        return kiosk_page.routes(terminal, templates)
    return desk_page.routes(terminal, templates)


def _runner(terminal: Terminal) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        stop = threading.Event()
        thread = threading.Thread(target=terminal.run, args=(stop,), name="line", daemon=True)
        thread.start()
        yield
        stop.set()
        thread.join(timeout=5)

    return lifespan
