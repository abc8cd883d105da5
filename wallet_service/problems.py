"""One error body for every refusal: RFC 9457 `application/problem+json`."""

import secrets
import traceback
from typing import cast

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from wallet_service.errors import ErrorKind, WalletError
from wallet_service.wallet import Wallet, log_unreadable

STATUS = {
    ErrorKind.INVALID: 422,
    ErrorKind.FORBIDDEN: 403,
    ErrorKind.NOT_FOUND: 404,
    ErrorKind.CONFLICT: 409,
    ErrorKind.LIMITED: 429,
    ErrorKind.UNAVAILABLE: 503,
}
_TITLES = {
    403: "Denied by policy",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    422: "Invalid request",
    429: "Limit reached",
    500: "Unexpected error",
    503: "Unavailable",
}
_RETRY_AFTER_S = {429: "60", 503: "5"}
_LOG = structlog.get_logger("wallet_service")


def install(app: FastAPI, wallet: Wallet) -> None:
    """Make every error of the application a problem document."""

    async def refused(_request: Request, error: Exception) -> JSONResponse:
        refusal = cast("WalletError", error)
        _LOG.warning("refused", code=refusal.code)
        return _problem(STATUS[refusal.kind], refusal.code, refusal.message, dict(refusal.facts))

    async def unreadable(request: Request, error: Exception) -> JSONResponse:
        log_unreadable(wallet, request.url.path, await request.body())
        # The input is left out: it may hold a sealed PIN.
        problems = [
            {"path": ".".join(str(part) for part in item["loc"]), "problem": str(item["msg"])}
            for item in cast("RequestValidationError", error).errors()
        ]
        detail = "The body does not fit the schema."
        return _problem(422, "body_malformed", detail, {}, problems)

    async def no_route(_request: Request, error: Exception) -> JSONResponse:
        status = cast("HTTPException", error).status_code
        return _problem(status, "route_unknown", "There is no such route or method.", {})

    async def broken(_request: Request, error: Exception) -> JSONResponse:
        correlation_id = secrets.token_hex(8)
        # Places only: a traceback with local variables could print key material.
        _LOG.error(
            "bug",
            correlation_id=correlation_id,
            error=type(error).__name__,
            places=[
                f"{frame.filename}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(error.__traceback__)
            ],
        )
        detail = "Unexpected error; the log has it under the correlation id."
        return _problem(500, "internal", detail, {}, correlation_id=correlation_id)

    app.add_exception_handler(WalletError, refused)
    app.add_exception_handler(RequestValidationError, unreadable)
    app.add_exception_handler(HTTPException, no_route)
    app.add_exception_handler(Exception, broken)


def _problem(
    status: int,
    code: str,
    detail: str,
    facts: dict[str, str | int | bool | None],
    errors: list[dict[str, str]] | None = None,
    *,
    correlation_id: str | None = None,
) -> JSONResponse:
    headers = {"Retry-After": _RETRY_AFTER_S[status]} if status in _RETRY_AFTER_S else {}
    return JSONResponse(
        {
            **facts,
            "type": f"/errors/{code}",
            "title": _TITLES.get(status, "Error"),
            "status": status,
            "detail": detail,
            "code": code,
            "correlation_id": correlation_id or secrets.token_hex(8),
            "errors": errors or [],
        },
        status_code=status,
        headers=headers,
        media_type="application/problem+json",
    )
