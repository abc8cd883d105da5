"""Errors as RFC 9457 problem documents; the one place that knows HTTP numbers."""

import http
import secrets
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from backend.kernel.errors import EcoError, ErrorKind

STATUS = {
    ErrorKind.INVALID: 422,
    ErrorKind.UNAUTHENTICATED: 401,
    ErrorKind.FORBIDDEN: 403,
    ErrorKind.NOT_FOUND: 404,
    ErrorKind.CONFLICT: 409,
    ErrorKind.LIMITED: 429,
    ErrorKind.UNAVAILABLE: 503,
}
RETRY_AFTER_S = 5
MEDIA_TYPE = "application/problem+json"

log = structlog.get_logger()


class Problem(BaseModel):
    """The body of every error answer."""

    type: str = Field(description="Stable address of the kind of problem.")
    title: str = Field(description="Short name of the HTTP status.")
    status: int = Field(description="HTTP status.")
    detail: str = Field(description="What happened and what to do.")
    code: str = Field(description="Stable snake_case name.")
    correlation_id: str = Field(description="Quote it when you ask for help.")
    errors: list[dict[str, str]] = Field(default=[], description="Path, problem, example.")
    facts: dict[str, Any] = Field(default={}, description="More about it, for programs.")


def problem_of(error: EcoError, correlation_id: str) -> Problem:
    """Turn an expected error into a problem document."""
    facts = {key: value for key, value in error.facts.items() if key != "errors"}
    errors = error.facts.get("errors")
    return _problem(
        STATUS[error.kind],
        error.code,
        error.message,
        correlation_id,
        errors=[row for row in errors if isinstance(row, dict)] if isinstance(errors, list) else [],
        facts=facts,
    )


def install(app: FastAPI) -> None:
    """Answer every error of an app with a problem document."""

    @app.exception_handler(EcoError)
    def on_eco_error(request: Request, error: EcoError) -> Response:
        return respond(request, problem_of(error, correlation_id_of(request)))

    @app.exception_handler(RequestValidationError)
    def on_invalid(request: Request, error: RequestValidationError) -> Response:
        details = [
            {"path": ".".join(str(part) for part in item["loc"]), "problem": item["msg"]}
            for item in error.errors()
        ]
        text = "The request does not fit; `errors` says where."
        return respond(
            request,
            _problem(422, "request_invalid", text, correlation_id_of(request), errors=details),
        )

    @app.exception_handler(HTTPException)
    def on_http(request: Request, error: HTTPException) -> Response:
        code = http.HTTPStatus(error.status_code).name.lower()
        response = respond(
            request,
            _problem(error.status_code, code, str(error.detail), correlation_id_of(request)),
        )
        # For example Allow, which a 405 must name (RFC 9110, 15.5.6).
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(OperationalError)
    @app.exception_handler(InterfaceError)
    @app.exception_handler(PoolTimeoutError)
    def on_database_away(request: Request, error: Exception) -> Response:
        correlation_id = correlation_id_of(request)
        log.error("database_away", correlation_id=correlation_id, detail=str(error))
        text = "The database does not answer; nothing was changed. Try again in a few seconds."
        return respond(request, _problem(503, "database_unavailable", text, correlation_id))

    @app.exception_handler(Exception)
    def on_bug(request: Request, error: Exception) -> Response:
        correlation_id = correlation_id_of(request)
        log.error("bug", correlation_id=correlation_id, path=request.url.path, exc_info=error)
        text = "Something broke on our side. Nothing you did is lost; quote the id to get help."
        return respond(request, _problem(500, "bug", text, correlation_id))


def correlation_id_of(request: Request) -> str:
    """Return the id under which this request is logged."""
    found: str | None = getattr(request.state, "correlation_id", None)
    if found is None:
        found = secrets.token_hex(8)
        request.state.correlation_id = found
    return found


def respond(request: Request, problem: Problem) -> Response:
    """Send a problem: as a page to people on pages, as problem+json to programs."""
    render = getattr(request.app.state, "render_problem_page", None)
    is_api = request.url.path.startswith("/api/")
    if render is not None and not is_api and "text/html" in request.headers.get("accept", ""):
        page: Response = render(request, problem)
        return page
    headers = {"Retry-After": str(RETRY_AFTER_S)} if problem.status in (429, 503) else {}
    return JSONResponse(
        problem.model_dump(), status_code=problem.status, media_type=MEDIA_TYPE, headers=headers
    )


def _problem(
    status: int,
    code: str,
    detail: str,
    correlation_id: str,
    *,
    errors: list[dict[str, str]] | None = None,
    facts: dict[str, Any] | None = None,
) -> Problem:
    return Problem(
        type=f"https://calanque.example/problems/{code}",
        title=http.HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        correlation_id=correlation_id,
        errors=errors or [],
        facts=facts or {},
    )
