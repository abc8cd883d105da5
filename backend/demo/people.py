"""People of the demo: each is an HTTP client with its own cookies, like a browser."""

import mailbox
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from backend.demo.pages import hidden_fields, problem_in
from backend.demo.processes import DemoError
from backend.kernel.ids import new_id

POLL_S = 0.05
TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Answer:
    """What a form led to.

    Attributes:
        location: Where the browser is sent; empty when a page came back at once.
        problem: What the page says is wrong; empty when nothing is.
    """

    location: str
    text: str
    problem: str = ""


class Person:
    """Somebody who uses the system over its API.

    Args:
        name: As the story calls them.
        base_url: Address of the web server.
        mail: Folder of the local mailbox.
    """

    def __init__(self, name: str, base_url: str, mail: Path) -> None:
        self.name = name
        self._mail = mail
        self._http = httpx2.Client(base_url=base_url, timeout=TIMEOUT_S)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def cookies(self) -> dict[str, str]:
        """Return the cookies of the session, for a browser to go on with."""
        return dict(self._http.cookies)

    def get(self, path: str) -> Any:
        """Read something; fails loudly on any refusal."""
        return _body(self._http.get(path))

    def post(self, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        """Do something; fails loudly on any refusal."""
        return _body(self._http.post(path, json=body, headers=headers))

    def put(self, path: str, body: Any) -> Any:
        """Store something; fails loudly on any refusal."""
        return _body(self._http.put(path, json=body))

    def page(self, path: str) -> str:
        """Read a page as a browser does; fails loudly on any refusal."""
        return self._whole(path).text

    def download(self, path: str) -> bytes:
        """Read a file; fails loudly on any refusal."""
        return bytes(self._whole(path).content)

    def submit(self, page: str, action: str, fields: Mapping[str, object] | None = None) -> Answer:
        """Open a page, fill in one of its forms and send it.

        Args:
            page: Path of the page.
            action: Of the form; what it hides (token, key) is sent along.
        Raises:
            DemoError: The page has no such form, or the answer is neither a redirect nor a page.
        """
        hidden = hidden_fields(self.page(page), action)
        if hidden is None:
            msg = f"{page} has no form for {action}"
            raise DemoError(msg)
        response = self._http.post(action, data={**hidden, **(fields or {})})
        problem = problem_in(response.text)
        if response.is_error and not problem:
            _body(response)
        return Answer(response.headers.get("location", ""), response.text, problem)

    def upload(self, path: str, name: str, content: bytes) -> Any:
        """Send a file; fails loudly on any refusal."""
        return _body(self._http.post(path, files={"report": (name, content)}))

    def arrive(self) -> None:
        """Open the site for the first time: an anonymous citizen, tied to this phone."""
        self.post("/api/v1/sessions")

    def sign_in(self, email: str) -> None:
        """Sign in (or up) with the one-time code that the mailbox receives."""
        self.post("/api/v1/sessions/codes", {"email": email})
        code = _wait(lambda: _code_in(self._mail, email), f"a mail to {email}")
        self.post("/api/v1/sessions/redeem", {"email": email, "code": code})

    def scan(self, url: str) -> str:
        """Claim what a code is worth; returns the claim's id."""
        claim = self.post("/api/v1/claims", {"code": url}, {"Idempotency-Key": new_id()})
        return str(claim["id"])

    def balance(self) -> dict[str, int]:
        """Return the balance in units."""
        found: dict[str, int] = self.get("/api/v1/me/balance")
        return found

    def wait(self, what: str, path: str, is_done: Callable[[Any], bool], timeout_s: float) -> Any:
        """Read a page until it says what is awaited."""

        def probe() -> Any:
            found = self.get(path)
            return found if is_done(found) else None

        return _wait(probe, what, timeout_s=timeout_s)

    def wait_for_page(self, what: str, path: str, words: str, timeout_s: float) -> str:
        """Read a page until it contains some words."""

        def probe() -> str | None:
            text = self.page(path)
            return text if words in text else None

        return str(_wait(probe, what, timeout_s=timeout_s))

    def _whole(self, path: str) -> httpx2.Response:
        response = self._http.get(path, follow_redirects=True)
        if response.is_error:
            _body(response)
        return response


def _body(response: httpx2.Response) -> Any:
    if response.is_error:
        msg = f"{response.request.method} {response.request.url.path}: {response.text[:300]}"
        raise DemoError(msg)
    return response.json() if response.content else None


def _code_in(folder: Path, email: str) -> str | None:
    box = mailbox.Maildir(folder, create=True)
    found = None
    for key in sorted(box.keys()):
        message = box[key]
        digits = re.search(r"\d{6}", str(message["Subject"]))
        if message["To"] == email and digits:
            found = digits.group()
            box.remove(key)
    return found


def _wait(probe: Callable[[], Any], what: str, *, timeout_s: float = 30.0) -> Any:
    deadline_s = time.monotonic() + timeout_s
    while True:
        found = probe()
        if found is not None:
            return found
        if time.monotonic() > deadline_s:
            msg = f"Waited {timeout_s:.0f} s for {what}; it did not happen."
            raise DemoError(msg)
        time.sleep(POLL_S)
