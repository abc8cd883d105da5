"""The line to the server over HTTP, with the server played by a transport."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backend.devices import requests
from backend.kernel.errors import UnavailableError
from backend.kiosk.errors import ServerRefusedError
from backend.kiosk.link import HTTPLink

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC_KEY = KEY.public_key().public_bytes_raw()
TOLD = {
    "number": 12,
    "kind": "kiosk",
    "name": "Borne 12",
    "station_name": "Point tri",
    "commune_name": "Aubagne",
    "materials": ["glass"],
    "capacity_per_slot": 6,
    "public_url": "http://127.0.0.1:8000",
}

Server = Callable[[httpx2.Request], httpx2.Response]


class StoppedClock:
    def now(self) -> datetime:
        return NOON


def link_to(server: Server) -> HTTPLink:
    link = HTTPLink("http://server", KEY, clock=StoppedClock(), software="test")
    link._client = httpx2.Client(base_url="http://server", transport=httpx2.MockTransport(server))
    return link


def test_enrols_with_the_code_and_the_public_key() -> None:
    seen: list[httpx2.Request] = []

    def server(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, json=TOLD)

    identity = link_to(server).enrol("ABCD-EFGH", PUBLIC_KEY.hex())

    assert (identity.number, identity.materials) == (12, ("glass",))
    assert json.loads(seen[0].content) == {"code": "ABCD-EFGH", "public_key": PUBLIC_KEY.hex()}
    assert "Authorization" not in seen[0].headers


def test_signs_each_request_over_its_path_and_body() -> None:
    def server(request: httpx2.Request) -> httpx2.Response:
        signed = requests.read(request.headers["Authorization"])
        path = request.url.raw_path.decode()
        requests.verify(
            signed, PUBLIC_KEY, method=request.method, path=path, body=request.content, now=NOON
        )
        return httpx2.Response(200, json={"used_seq": 3})

    link = link_to(server)
    link.heartbeat(12, ("TOKEN",))

    assert link.used_seq(12, 59849280) == 3


def test_learns_the_time_from_the_server() -> None:
    said: list[bytes] = []

    def server(request: httpx2.Request) -> httpx2.Response:
        said.append(request.content)
        date = format_datetime(NOON + timedelta(minutes=5), usegmt=True)
        return httpx2.Response(200, json={}, headers={"Date": date})

    link = link_to(server)
    assert link.now() == NOON
    link.heartbeat(12, ())
    link.heartbeat(12, ())

    assert link.now() == NOON + timedelta(minutes=5)
    assert json.loads(said[1])["clock_skew_s"] == -300


def test_ignores_a_difference_of_one_second_and_an_unreadable_date() -> None:
    dates = iter([format_datetime(NOON + timedelta(seconds=1), usegmt=True), "yesterday"])

    def server(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json={}, headers={"Date": next(dates)})

    link = link_to(server)
    link.heartbeat(12, ())
    link.heartbeat(12, ())

    assert link.now() == NOON


def test_passes_on_why_the_server_refuses() -> None:
    def server(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(409, json={"code": "device_revoked", "detail": "It is revoked."})

    with pytest.raises(ServerRefusedError, match="It is revoked") as refused:
        link_to(server).heartbeat(12, ())

    assert refused.value.code == "device_revoked"


def gone(request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ConnectError("refused")


@pytest.mark.parametrize(
    "server",
    [
        gone,
        lambda _: httpx2.Response(503, json={}),
        lambda _: httpx2.Response(200, text="<html>"),
        lambda _: httpx2.Response(200, json=[]),
    ],
)
def test_takes_anything_but_an_answer_for_being_offline(server: Server) -> None:
    with pytest.raises(UnavailableError):
        link_to(server).heartbeat(12, ())
