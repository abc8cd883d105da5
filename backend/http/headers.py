"""The response headers that every answer carries; plain ASGI, so that streams pass untouched."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.http.security import HEADERS

HSTS = "max-age=31536000; includeSubDomains"
"""One year, what the preload list asks for at least (hstspreload.org, read 2026-11)."""
FOREVER = "public, max-age=31536000, immutable"


class SecurityHeaders:
    """Adds security headers, and a long life to static files whose address has a version."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and add the headers to its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add(MutableHeaders(scope=message), scope, message["status"])
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _add(headers: MutableHeaders, scope: Scope, status: int) -> None:
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if scope["scheme"] == "https":
        headers.setdefault("Strict-Transport-Security", HSTS)
    is_versioned = scope["query_string"].startswith(b"v=")
    if scope["path"].startswith("/static/") and is_versioned and status == 200:  # noqa: PLR2004 - 200 is OK
        headers["Cache-Control"] = FOREVER
