"""What handlers of forms share: the form token, amounts, redirects, local paths."""

import hmac
import json
import re
from typing import Annotated, Any

from fastapi import Form, params
from fastapi.responses import RedirectResponse

from backend.http.deps import MaybeActor
from backend.kernel.errors import EcoError, ErrorKind
from backend.kernel.units import UNITS_PER_POINT

_AMOUNT = re.compile(r"(?P<whole>\d{1,7})(?:[.,](?P<part>\d{1,2}))?", re.ASCII)
_SPACES = re.compile(r"\s")


class FormStaleError(EcoError):
    """The form was made for another session; nothing was done."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.FORBIDDEN,
            "form_stale",
            "You signed in or out since this page was opened. Reload it and try again.",
        )


def _check_form(actor: MaybeActor, form_token: Annotated[str, Form()] = "") -> None:
    # The origin is checked by every route; the token is a second lock where points or
    # rules move, for browsers that send neither Sec-Fetch-Site nor Origin.
    if actor is not None and not hmac.compare_digest(
        form_token.encode(), actor.form_token.encode()
    ):
        raise FormStaleError


def checked_form() -> params.Depends:
    """Require the form token of the session."""
    return params.Depends(_check_form)


def see(path: str) -> RedirectResponse:
    """Send the browser to a page after a form (303: reloading it repeats nothing)."""
    return RedirectResponse(path, status_code=303)


def local_path(text: str) -> str:
    """Return a path of this site, "/" for anything else, so that nobody is sent elsewhere."""
    is_local = text.startswith("/") and not text.startswith(("//", "/\\"))
    return text if is_local and "\n" not in text and "\r" not in text else "/"


def json_object(text: str) -> dict[str, Any] | None:
    """Read a JSON object that a script put into a field; `None` for anything else."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def units_in(text: str) -> int | None:
    """Read an amount of points as people type it, "12", "12,5" or "1 200.50".

    Returns:
        Units, or `None` when it is no amount.
    """
    found = _AMOUNT.fullmatch(_SPACES.sub("", text))
    if found is None:
        return None
    part = (found["part"] or "").ljust(2, "0")
    return int(found["whole"]) * UNITS_PER_POINT + int(part)
