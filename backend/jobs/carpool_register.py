"""The national register of proof of carpooling, over its API version 3.

Source of paths, bodies and statuses: its published OpenAPI document api-v3.3 (preuve-covoiturage,
Apache-2.0), read 2026-11-26. An operator's own key pair reads the operator's own journeys.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import quote

import httpx2

from backend.carpool.rules import RegisterStatus
from backend.kernel.clock import Clock
from backend.kernel.errors import EcoError, ErrorKind, UnavailableError

TIMEOUT_S = 1
"""Short: the loop that asks also sends rewards. A question is one request, two with a new token."""
TOKEN_LIFE = timedelta(minutes=4)
"""A token is good for five minutes; one is left for clocks and the request under way."""


class RegisterUnavailableError(UnavailableError):
    """The register does not answer, or not with what it documents; the question waits."""

    def __init__(self, reason: str) -> None:
        super().__init__("carpool_register", f"The carpool register does not answer: {reason}.")


class RegisterKeyRefusedError(EcoError):
    """The register refuses an operator's key pair; asking again with it is useless."""

    def __init__(self, operator_number: int) -> None:
        super().__init__(
            ErrorKind.FORBIDDEN,
            "carpool_register_key_refused",
            "The carpool register refuses the key pair of this operator. Put a valid one into "
            "CALANQUE_REGISTER_KEYS; its journeys wait until then.",
            operator=operator_number,
        )


@dataclass(frozen=True)
class JourneyStatus:
    """What the register says of one journey.

    Attributes:
        status: Its status; `UNKNOWN` also when the register does not know the journey (a journey
            appears within 24 h of being sent).
        labels: Reasons of a refusal, for example `interoperator_overlap`.
    """

    status: RegisterStatus
    labels: tuple[str, ...] = ()


class CarpoolRegister(Protocol):
    """What the jobs ask of the register."""

    def status(self, operator_number: int, operator_journey_id: str) -> JourneyStatus:
        """Return the status of a journey.

        Raises:
            RegisterUnavailableError: No usable answer.
            RegisterKeyRefusedError: No key pair of this operator, or it is refused.
        """

    def close(self) -> None:
        """Close the connection."""


class NoRegister:
    """Stands where none is configured: no journey is confirmed, and the log says why."""

    def status(self, operator_number: int, operator_journey_id: str) -> JourneyStatus:
        """Raise RegisterUnavailableError."""
        del operator_number, operator_journey_id
        raise RegisterUnavailableError("CALANQUE_REGISTER_URL is not set")

    def close(self) -> None:
        """Close nothing."""


class RegisterClient:
    """Asks the register over HTTPS.

    Args:
        url: With the version, for example https://api.covoiturage.beta.gouv.fr/v3.3.
        keys: Operator's device number → (access key, secret key).
        clock: Says when a token is due for renewal.
    """

    def __init__(self, url: str, keys: Mapping[int, tuple[str, str]], clock: Clock) -> None:
        self._http = httpx2.Client(base_url=url.rstrip("/"), timeout=TIMEOUT_S)
        self._keys = keys
        self._clock = clock
        self._tokens: dict[int, tuple[str, datetime]] = {}

    def status(self, operator_number: int, operator_journey_id: str) -> JourneyStatus:
        """Return the status of a journey; see `CarpoolRegister`."""
        path = f"/journeys/{quote(operator_journey_id, safe='')}"
        answer = self._get(operator_number, path)
        if answer.status_code == httpx2.codes.UNAUTHORIZED:
            # Its clock says that the token is over; ours did not.
            self._tokens.pop(operator_number, None)
            answer = self._get(operator_number, path)
        if answer.status_code == httpx2.codes.NOT_FOUND:
            return JourneyStatus(RegisterStatus.UNKNOWN)
        if answer.status_code in (httpx2.codes.UNAUTHORIZED, httpx2.codes.FORBIDDEN):
            raise RegisterKeyRefusedError(operator_number)
        if answer.status_code != httpx2.codes.OK:
            raise RegisterUnavailableError(f"HTTP {answer.status_code}")
        return _read(answer, operator_journey_id)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _get(self, operator_number: int, path: str) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self._token(operator_number)}"}
        return self._send("GET", path, headers=headers)

    def _token(self, operator_number: int) -> str:
        held = self._tokens.get(operator_number)
        if held is not None and self._clock.now() < held[1]:
            return held[0]
        if operator_number not in self._keys:
            raise RegisterKeyRefusedError(operator_number)
        access_key, secret_key = self._keys[operator_number]
        body = {"access_key": access_key, "secret_key": secret_key}
        answer = self._send("POST", "/auth/access_token", json=body)
        if answer.status_code in (httpx2.codes.UNAUTHORIZED, httpx2.codes.FORBIDDEN):
            raise RegisterKeyRefusedError(operator_number)
        token = _json(answer).get("access_token")
        if answer.status_code != httpx2.codes.CREATED or not isinstance(token, str):
            raise RegisterUnavailableError(f"no token, HTTP {answer.status_code}")
        self._tokens[operator_number] = token, self._clock.now() + TOKEN_LIFE
        return token

    def _send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        try:
            return self._http.request(method, path, headers=headers, json=json)
        except httpx2.HTTPError as error:
            raise RegisterUnavailableError(type(error).__name__) from error


def _read(answer: httpx2.Response, operator_journey_id: str) -> JourneyStatus:
    body = _json(answer)
    if body.get("operator_journey_id") != operator_journey_id:
        raise RegisterUnavailableError("it answered about another journey")
    try:
        status = RegisterStatus(str(body.get("status")))
    except ValueError as error:
        # A word that it did not have when this was written: a person reads its documentation.
        raise RegisterUnavailableError(f"unknown status {body.get('status')!r}") from error
    return JourneyStatus(status, _labels(body))


def _labels(body: Mapping[str, Any]) -> tuple[str, ...]:
    found: list[str] = []
    for name in ("fraud_error_labels", "anomaly_error_details", "terms_violation_details"):
        listed = body.get(name)
        for one in listed if isinstance(listed, list) else []:
            label = one.get("label") if isinstance(one, dict) else one
            if isinstance(label, str):
                found.append(label)
    return tuple(found)


def _json(answer: httpx2.Response) -> Mapping[str, Any]:
    try:
        body = answer.json()
    except ValueError as error:
        raise RegisterUnavailableError("its answer is not JSON") from error
    return body if isinstance(body, dict) else {}
