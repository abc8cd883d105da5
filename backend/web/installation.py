"""Put the pages, their static files and the page for problems into an app."""

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from backend.http.headers import SecurityHeaders
from backend.web import (
    admin,
    area_map,
    cards,
    citizen,
    clerk_door,
    collections,
    council,
    evidence,
    freezes,
    help_pages,
    households,
    incidents,
    joining,
    mailbox_pages,
    offers,
    own_data,
    own_wallet,
    paying,
    payouts,
    problems,
    promises,
    proving,
    refunding,
    reviews,
    rides,
    rulebook_pages,
    scanning,
    shop_offers,
    shop_paper,
    shopping,
    signing_in,
    solvency_pages,
    stickers,
    team,
    till,
    till_cards,
    till_promises,
    treasury,
    trips,
    worker,
)
from backend.web.rendering import FOLDER

MODULES = (
    admin,
    area_map,
    cards,
    citizen,
    clerk_door,
    collections,
    council,
    evidence,
    freezes,
    help_pages,
    households,
    incidents,
    joining,
    mailbox_pages,
    offers,
    shop_offers,
    own_data,
    own_wallet,
    paying,
    payouts,
    problems,
    promises,
    proving,
    refunding,
    reviews,
    rides,
    rulebook_pages,
    scanning,
    shop_paper,
    shopping,
    signing_in,
    solvency_pages,
    stickers,
    team,
    till,
    till_cards,
    till_promises,
    treasury,
    trips,
    worker,
)


def install(app: FastAPI) -> None:
    """Add everything that people see to `app`."""
    app.add_middleware(SecurityHeaders)
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), name="static")
    for module in MODULES:
        app.include_router(module.router)
    app.state.render_problem_page = problems.render_problem_page
