"""Cookies, cross-site requests and response headers."""

import re
import secrets
from urllib.parse import urlsplit

from fastapi import Request, Response

from backend.kernel.errors import EcoError, ErrorKind

COOKIE_LIFE_S = 365 * 24 * 3600
"""A phone keeps its session for a year: anonymous points are tied to it."""

PHONE_COOKIE = "calanque-phone"
TILL_COOKIE = "calanque-till"
TILL_COOKIE_LIFE_S = 400 * 24 * 3600
"""As long as browsers keep a cookie (RFC 6265bis, 5.5)."""
PHONE_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

HEADERS = {
    # No inline script or style; camera images are read from a stream, the QR decoder is wasm.
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; "
    "style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=()",
}


class CrossSiteRequestError(EcoError):
    """Another site sent an unsafe request with the visitor's cookie."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.FORBIDDEN,
            "cross_site_request",
            "This request came from another site and was refused. Open the page here and retry.",
        )


def cookie_name(*, is_https: bool) -> str:
    """Return the name of the session cookie; `__Host-` works over HTTPS only."""
    return "__Host-calanque" if is_https else "calanque"


def session_token(request: Request) -> str | None:
    """Return the opaque session token that the request carries."""
    return request.cookies.get(cookie_name(is_https=request.url.scheme == "https"))


def set_session_cookie(request: Request, response: Response, token: str) -> None:
    """Give the visitor a session cookie that scripts cannot read."""
    is_https = request.url.scheme == "https"
    response.set_cookie(
        cookie_name(is_https=is_https),
        token,
        max_age=COOKIE_LIFE_S,
        httponly=True,
        secure=is_https,
        samesite="lax",
        path="/",
    )
    response.set_cookie(
        PHONE_COOKIE,
        phone_token(request),
        max_age=COOKIE_LIFE_S,
        httponly=True,
        secure=is_https,
        samesite="lax",
        path="/",
    )


def phone_token(request: Request) -> str:
    """Return the random number of the visitor's browser, a fresh one for a new browser.

    It tells how many accounts one browser opens, and nothing else; see docs/review.md.
    """
    known = request.cookies.get(PHONE_COOKIE, "")
    if not PHONE_TOKEN.fullmatch(known):
        known = getattr(request.state, "phone_token", "") or secrets.token_urlsafe(16)
    request.state.phone_token = known
    return known


def set_till_cookie(request: Request, response: Response, token: str) -> None:
    """Make the browser a till of a shop."""
    response.set_cookie(
        TILL_COOKIE,
        token,
        max_age=TILL_COOKIE_LIFE_S,
        httponly=True,
        secure=request.url.scheme == "https",
        samesite="lax",
        path="/",
    )


def till_token(request: Request) -> str:
    """Return what the browser carries of a till; empty when it is none."""
    return request.cookies.get(TILL_COOKIE, "")


def clear_session_cookie(request: Request, response: Response) -> None:
    """Take the session cookie back."""
    response.delete_cookie(cookie_name(is_https=request.url.scheme == "https"), path="/")


def check_same_origin(request: Request) -> None:
    """Refuse an unsafe request that another site's page sent.

    Browsers set Sec-Fetch-Site; older ones set Origin; programs that are no
    browser send neither and carry no ambient cookie.

    Raises:
        CrossSiteRequestError: The request is cross-site.
    """
    if request.method in SAFE_METHODS:
        return
    fetch_site = request.headers.get("sec-fetch-site")
    if fetch_site is not None:
        if fetch_site not in ("same-origin", "none"):
            raise CrossSiteRequestError
        return
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise CrossSiteRequestError
