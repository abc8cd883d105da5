"""A double of the national carpool register over HTTP.

Paths, status codes and bodies as in its published OpenAPI document api-v3.3
(preuve-covoiturage, Apache-2.0, read 2026-11-26).
"""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any

import uvicorn
from fastapi import FastAPI, Header, Request
from fastapi.responses import JSONResponse

from backend.carpool.rules import RegisterStatus
from backend.jobs.carpool_register import JourneyStatus, RegisterUnavailableError
from tests.support.clock import FrozenClock
from tests.support.ports import free_port
from tests.support.waiting import wait_for

TOKEN_LIFE = timedelta(minutes=5)
KEYS = ("access-1", "secret-1")
_LABELS = {
    RegisterStatus.FRAUD_ERROR: ("fraud_error_labels", True),
    RegisterStatus.ANOMALY_ERROR: ("anomaly_error_details", True),
    RegisterStatus.TERMS_VIOLATION_ERROR: ("terms_violation_details", False),
}


@dataclass
class FakeRegister:
    """The register in memory; implements `carpool_register.CarpoolRegister` as well.

    Switches:
        is_down: It answers nothing but errors.
        answers: What it says instead of its own answer, for one journey id.
    """

    clock: FrozenClock
    journeys: dict[str, JourneyStatus] = field(default_factory=dict)
    is_down: bool = False
    answers: dict[str, Any] = field(default_factory=dict)
    tokens: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def put(self, journey_id: str, status: RegisterStatus, *labels: str) -> None:
        """Let a journey have a status."""
        self.journeys[journey_id] = JourneyStatus(status, labels)

    def status(self, operator_number: int, operator_journey_id: str) -> JourneyStatus:
        """Answer as the client does, without HTTP."""
        del operator_number
        if self.is_down:
            raise RegisterUnavailableError("it is down")
        self.asked.append(operator_journey_id)
        return self.journeys.get(operator_journey_id, JourneyStatus(RegisterStatus.UNKNOWN))

    def close(self) -> None:
        """Close nothing."""

    def app(self) -> FastAPI:
        """Return its API."""
        api = FastAPI()

        @api.post("/v3.3/auth/access_token")
        async def access_token(request: Request) -> JSONResponse:
            if self.is_down:
                return JSONResponse({}, 503)
            body = await request.json()
            if (body["access_key"], body["secret_key"]) != KEYS:
                return _error(401, -32501, "Unauthorized Error")
            token = f"token-{len(self.tokens)}"
            self.tokens[token] = self.clock.now() + TOKEN_LIFE
            return JSONResponse({"access_token": token}, 201)

        @api.get("/v3.3/journeys/{journey_id}")
        def journey(journey_id: str, authorization: Annotated[str, Header()] = "") -> JSONResponse:
            if self.is_down:
                return JSONResponse({}, 503)
            until = self.tokens.get(authorization.removeprefix("Bearer "))
            if until is None or until <= self.clock.now():
                return _error(401, -32501, "Unauthorized Error")
            self.asked.append(journey_id)
            if journey_id not in self.journeys:
                return JSONResponse({"code": 404, "error": "Not found"}, 404)
            return JSONResponse(self._body(journey_id) | self.answers.get(journey_id, {}))

        return api

    def _body(self, journey_id: str) -> dict[str, Any]:
        found = self.journeys[journey_id]
        body: dict[str, Any] = {
            "operator_journey_id": journey_id,
            "journey_id": "4711",
            "status": str(found.status),
            "created_at": self.clock.now().isoformat(),
        }
        if found.labels:
            name, is_object = _LABELS[found.status]
            body[name] = [{"label": one} if is_object else one for one in found.labels]
        return body


@contextlib.contextmanager
def served(register: FakeRegister) -> Iterator[str]:
    """Serve a register on this machine; gives the address with the version."""
    port = free_port()
    config = uvicorn.Config(register.app(), host="127.0.0.1", port=port, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_for(lambda: server.started, what="the double of the register")
    try:
        yield f"http://127.0.0.1:{port}/v3.3"
    finally:
        server.should_exit = True
        thread.join(timeout=10)


def _error(status: int, code: int, message: str) -> JSONResponse:
    body = {"id": 1, "jsonrpc": "2.0", "error": {"data": message, "code": code, "message": message}}
    return JSONResponse(body, status)
