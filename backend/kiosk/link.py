"""The terminal's line to the server: enrol, heartbeat, which codes were used."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

import httpx2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backend.devices import requests
from backend.kernel.clock import Clock
from backend.kernel.errors import UnavailableError
from backend.kiosk.errors import ServerRefusedError
from backend.kiosk.outbox import Sent
from backend.kiosk.store import Identity

API = "/api/v1/devices"
TIMEOUT_S = 3.0
_FIRST_ERROR = 400
_FIRST_SERVER_ERROR = 500
_STEADY = timedelta(seconds=2)
"""HTTP dates are whole seconds; a smaller difference is no error of the clock."""


class Link(Protocol):
    """What a terminal needs of the server."""

    def now(self) -> datetime:
        """Return the time, corrected by what the server last told."""

    def enrol(self, code: str, public_key: str) -> Identity:
        """Show the key for the first time."""

    def heartbeat(self, number: int, tokens: tuple[str, ...]) -> None:
        """Tell the server that the terminal lives, and what it is about to show."""

    def used_seq(self, number: int, slot: int) -> int:
        """Return the highest used code of a slot, -1 for none."""

    def send(self, tokens: Sequence[str]) -> list[Sent]:
        """Send signed messages; return what became of each, in order."""

    def cards(self, number: int, spare: str | None) -> list[str]:
        """Let the server make cards; return their secrets, which are printed and not kept."""


class HTTPLink:
    """The real line, over HTTP; every request but the enrolment is signed.

    Args:
        server: Base URL of the API.
        key: The terminal's key.
        clock: The machine's clock; it may be wrong, the server's `Date` corrects it.
        software: Version that is told to the server.
    """

    def __init__(self, server: str, key: Ed25519PrivateKey, *, clock: Clock, software: str) -> None:
        self._client = httpx2.Client(base_url=server, timeout=TIMEOUT_S)
        self._key = key
        self._clock = clock
        self._software = software
        self._offset = timedelta()

    def now(self) -> datetime:
        """Return the time, corrected by what the server last told."""
        return self._clock.now() + self._offset

    def enrol(self, code: str, public_key: str) -> Identity:
        """Show the key for the first time.

        Raises:
            ServerRefusedError: The code is wrong, used or too old.
            UnavailableError: The server does not answer.
        """
        body = json.dumps({"code": code, "public_key": public_key}).encode()
        told = self._send("POST", f"{API}/enrol", body, number=None)
        return Identity(
            number=told["number"],
            kind=told["kind"],
            name=told["name"],
            station_name=told["station_name"],
            commune_name=told["commune_name"],
            materials=tuple(told["materials"]),
            capacity_per_slot=told["capacity_per_slot"],
            public_url=told["public_url"],
        )

    def heartbeat(self, number: int, tokens: tuple[str, ...]) -> None:
        """Tell the server that the terminal lives, and what it is about to show.

        Raises:
            ServerRefusedError: The device was revoked, or its key is not known.
            UnavailableError: The server does not answer.
        """
        body = json.dumps(
            {
                "software": self._software,
                "clock_skew_s": -round(self._offset.total_seconds()),
                "tokens": list(tokens),
            }
        ).encode()
        self._send("POST", f"{API}/heartbeat", body, number=number)

    def used_seq(self, number: int, slot: int) -> int:
        """Return the highest used code of a slot, -1 for none.

        Raises:
            ServerRefusedError: The device was revoked, or its key is not known.
            UnavailableError: The server does not answer.
        """
        told = self._send("GET", f"{API}/{number}/slot-use?slot={slot}", b"", number=number)
        used: int = told["used_seq"]
        return used

    def rotate(self, number: int, public_key: str) -> None:
        """Tell the server the next key, in a request signed with the current one.

        Raises:
            ServerRefusedError: The device is not active, or the key is in use.
            UnavailableError: The server does not answer; the old key goes on.
        """
        self._send(
            "POST", f"{API}/rotate", json.dumps({"public_key": public_key}).encode(), number=number
        )

    def send(self, tokens: Sequence[str]) -> list[Sent]:
        """Send signed messages; return what became of each, in order.

        Raises:
            ServerRefusedError: The server does not take the request.
            UnavailableError: The server does not answer.
        """
        body = json.dumps({"tokens": list(tokens)}).encode()
        # Each message carries its own signature, so the request needs none.
        answer = self._request("POST", f"{API}/messages", body, number=None)
        told = _json(answer)
        if not isinstance(told, list) or len(told) != len(tokens):
            raise UnavailableError("server", "The answer is not the server's.")
        return [Sent(str(one["state"]), str(one.get("detail", ""))) for one in told]

    def cards(self, number: int, spare: str | None) -> list[str]:
        """Let the server make cards; return their secrets, which are printed and not kept.

        Raises:
            ServerRefusedError: The spare card is unknown or blocked.
            UnavailableError: The server does not answer; cards are made online only.
        """
        body = json.dumps({"spare": spare}).encode()
        told = _json(self._request("POST", f"{API}/cards", body, number=number))
        return [str(one["code"]) for one in told]

    def _send(
        self, method: str, path: str, body: bytes, *, number: int | None
    ) -> Mapping[str, Any]:
        return _document(self._request(method, path, body, number=number))

    def _request(
        self, method: str, path: str, body: bytes, *, number: int | None
    ) -> httpx2.Response:
        headers = {"Content-Type": "application/json"} if body else {}
        if number is not None:
            headers["Authorization"] = requests.sign(
                self._key, device=number, method=method, path=path, body=body, at=self.now()
            )
        try:
            answer = self._client.request(method, path, content=body, headers=headers)
        except httpx2.HTTPError as error:
            raise UnavailableError("server", "The server does not answer.") from error
        self._learn_time(answer.headers.get("Date"))
        if answer.status_code >= _FIRST_SERVER_ERROR:
            raise UnavailableError("server", f"The server answers {answer.status_code}.")
        if answer.status_code >= _FIRST_ERROR:
            told = _document(answer)
            raise ServerRefusedError(
                str(told.get("code", answer.status_code)), str(told.get("detail", "refused"))
            )
        return answer

    def _learn_time(self, date: str | None) -> None:
        if date is None:
            return
        try:
            offset = parsedate_to_datetime(date) - self._clock.now()
        except (ValueError, TypeError):
            return
        self._offset = offset if abs(offset) > _STEADY else timedelta()


def _document(answer: httpx2.Response) -> Mapping[str, Any]:
    told = _json(answer)
    if not isinstance(told, dict):
        raise UnavailableError("server", "The answer is not the server's.")
    return told


def _json(answer: httpx2.Response) -> Any:  # noqa: ANN401 - JSON
    try:
        return answer.json()
    except ValueError as error:
        raise UnavailableError("server", "The answer is not the server's.") from error
