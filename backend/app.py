"""The web process: API and pages put together; started by uvicorn."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from backend import web
from backend.api import (
    accounts,
    carpool,
    claims,
    collections,
    devices,
    events,
    freezes,
    health,
    market,
    me,
    merchants,
    operations,
    operators,
    partners,
    reviews,
    rides,
    rules,
    settlement,
    solvency,
    stations,
    treasury,
    trips,
    witnesses,
)
from backend.api.events import Tailer
from backend.api.intake import Intake
from backend.db.engine import Database
from backend.http import problems
from backend.http.deps import Config
from backend.kernel import logs
from backend.kernel.clock import Clock, SystemClock
from backend.payouts.rules import Payee
from backend.settings import Settings

API_MODULES = (
    accounts,
    carpool,
    claims,
    collections,
    devices,
    events,
    freezes,
    market,
    merchants,
    me,
    operations,
    operators,
    partners,
    reviews,
    rides,
    rules,
    settlement,
    solvency,
    stations,
    treasury,
    trips,
    witnesses,
)


def create_app(settings: Settings | None = None, *, clock: Clock | None = None) -> FastAPI:
    """Build the web application.

    Args:
        settings: Read from the environment when left out.
        clock: The machine's when left out.
    """
    chosen = settings or Settings()
    logs.configure(chosen.log_level)
    the_clock = clock or SystemClock()
    database = Database(chosen.database_url)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.intake.start()
        app.state.tailer.start()
        yield
        await app.state.tailer.stop()
        await app.state.intake.stop()
        database.dispose()

    app = FastAPI(
        title="Calanque",
        summary="Eco-citizen rewards of Aix-Marseille-Provence",
        version="1",
        lifespan=lifespan,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses={"default": {"model": problems.Problem, "description": "A problem (RFC 9457)."}},
    )
    app.state.database = database
    app.state.clock = the_clock
    app.state.intake = Intake(database, the_clock)
    app.state.tailer = Tailer(database)
    app.state.config = Config(
        public_url=chosen.public_url.rstrip("/"),
        rate_micro_cents_per_unit=chosen.rate_micro_cents_per_unit,
        mailbox_path=chosen.maildir if chosen.is_demo else None,
        trip_area=chosen.trip_area,
        payer=Payee(chosen.payer_name, chosen.payer_iban, chosen.payer_bic),
        identity_secret=chosen.identity_secret_bytes,
        promise_secret=chosen.promise_secret_bytes,
    )
    problems.install(app)
    api = APIRouter(prefix="/api/v1")
    for module in API_MODULES:
        api.include_router(module.router)
    app.include_router(api)
    app.include_router(health.router)
    web.install(app)
    return app
