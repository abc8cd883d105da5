"""Put the pages, their static files and the page for problems into an app."""

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from backend.http.headers import SecurityHeaders
from backend.web.rendering import FOLDER


def install(app: FastAPI) -> None:
    """Add everything that people see to `app`."""
    app.add_middleware(SecurityHeaders)
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), name="static")
