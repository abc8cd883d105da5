"""Pages of a terminal."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import zxingcpp
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image

from backend.devices import codes
from backend.devices.codes import DepositCode, TicketCode
from backend.kiosk import qr
from backend.kiosk.app import create_app
from backend.kiosk.errors import ServerRefusedError
from backend.kiosk.screen import DropGate
from backend.kiosk.terminal import Terminal, open_terminal
from tests.unit.kiosk.conftest import NOON, FakeLink, OpenStore, offline

Pair = tuple[Terminal, FakeLink]
BASE = "http://127.0.0.1"


def client_of(app: FastAPI) -> TestClient:
    # Without its context manager the client starts no line to the server.
    return TestClient(app, base_url=BASE)


@pytest.fixture
def page(kiosk: Pair) -> tuple[TestClient, Terminal, FakeLink]:
    terminal, link = kiosk
    return client_of(create_app(terminal)), terminal, link


def test_shows_the_station_in_two_languages(page: tuple[TestClient, Terminal, FakeLink]) -> None:
    text = page[0].get("/").text

    assert "Point tri place de la Fontaine" in text
    assert 'lang="fr" data-lang="fr"' in text
    assert 'lang="en" data-lang="en"' in text
    assert "/static/kiosk.js" in text


def test_has_no_inline_script_or_style(page: tuple[TestClient, Terminal, FakeLink]) -> None:
    answer = page[0].get("/")

    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "<style" not in answer.text
    assert "style=" not in answer.text
    assert "onclick" not in answer.text


def test_tells_its_script_what_to_show(page: tuple[TestClient, Terminal, FakeLink]) -> None:
    client, terminal, link = page
    terminal.step()
    link.at += timedelta(seconds=1)

    told = client.get("/ecran.json").json()

    shown = terminal.shown()
    assert shown is not None
    assert told["state"] == "code"
    assert told["url"] == shown.url
    assert told["remaining_ms"] == 29_000
    assert told["is_online"]
    assert len(told["short"]) == 8


def test_draws_the_current_code_only(page: tuple[TestClient, Terminal, FakeLink]) -> None:
    client, _, link = page
    address = client.get("/ecran.json").json()["qr"]
    assert client.get(address).headers["Content-Type"] == "image/svg+xml"

    link.at += timedelta(seconds=30)

    assert client.get(address).status_code == 404


def test_shows_no_code_when_all_are_used(page: tuple[TestClient, Terminal, FakeLink]) -> None:
    client, terminal, link = page
    link.used[codes.slot_of(NOON)] = 1
    terminal.step()

    told = client.get("/ecran.json").json()

    assert (told["state"], told["qr"], told["url"]) == ("full", "", "")


def test_shows_no_code_when_it_was_revoked(page: tuple[TestClient, Terminal, FakeLink]) -> None:
    client, terminal, link = page
    link.error = ServerRefusedError("device_revoked", "It is revoked.")
    terminal.step()

    told = client.get("/ecran.json").json()

    assert (told["state"], told["qr"]) == ("refused", "")


def test_says_when_it_is_offline(page: tuple[TestClient, Terminal, FakeLink]) -> None:
    client, terminal, link = page
    link.error = offline()
    terminal.step()

    assert client.get("/ecran.json").json()["is_online"] is False
    assert 'data-online="no"' in client.get("/").text


def test_answers_no_other_host_name(page: tuple[TestClient, Terminal, FakeLink]) -> None:
    assert page[0].get("/", headers={"Host": "evil.example"}).status_code == 400


def test_signs_what_a_bin_measured(make_terminal: Callable[[str], Pair]) -> None:
    client = client_of(create_app(make_terminal("bin")[0]))

    page = client.post("/depot", data={"material": "glass", "count": "2", "mass_g": "600"})

    link = page.text.split('<a href="HTTP')[1].split('"')[0]
    code = codes.read("HTTP" + link).content
    assert code == DepositCode(12, 1, "glass", 2, 600, NOON)
    assert client.get("/code/1.svg").status_code == 200
    assert client.get("/code/2").status_code == 404


def test_signs_an_operators_trip(make_terminal: Callable[[str], Pair]) -> None:
    client = client_of(create_app(make_terminal("operator")[0]))

    page = client.post("/trajet", data={"mode": "tram", "distance_m": "4200", "duration_min": "18"})

    link = page.text.split('<a href="HTTP')[1].split('"')[0]
    assert isinstance(codes.read("HTTP" + link).content, TicketCode)


@pytest.mark.parametrize(
    ("data", "headers", "status"),
    [
        ({"material": "gold", "count": "1", "mass_g": "1"}, {}, 422),
        ({"material": "glass", "count": "-1", "mass_g": "1"}, {}, 422),
        (
            {"material": "glass", "count": "1", "mass_g": "1"},
            {"Sec-Fetch-Site": "cross-site"},
            403,
        ),
    ],
)
def test_signs_nothing_else(
    make_terminal: Callable[[str], Pair],
    data: dict[str, str],
    headers: dict[str, str],
    status: int,
) -> None:
    terminal, _ = make_terminal("bin")
    client = client_of(create_app(terminal))

    assert client.post("/depot", data=data, headers=headers).status_code == status

    first = codes.read(terminal.deposit(material="glass", count=1, mass_g=1)).content
    assert isinstance(first, DepositCode)
    assert first.counter == 1


def test_refuses_an_unknown_mode(make_terminal: Callable[[str], Pair]) -> None:
    client = client_of(create_app(make_terminal("operator")[0]))

    answer = client.post(
        "/trajet", data={"mode": "jet", "distance_m": "4200", "duration_min": "18"}
    )

    assert answer.status_code == 422


def test_the_picture_is_one_black_path_on_white_that_a_reader_decodes(kiosk: Pair) -> None:
    shown = kiosk[0].shown()
    assert shown is not None
    svg = qr.svg_of(shown.url).decode()

    assert svg.count("<path") == 1
    assert 'fill="#000000"' in svg
    picture = rasterise(svg)
    assert [found.text for found in zxingcpp.read_barcodes(picture)] == [shown.url]


def rasterise(svg: str) -> Image.Image:
    """Paint the unit squares of qrcode's path: M x,y h w v h h -w z, in millimetres."""
    side = float(svg.split('viewBox="0 0 ')[1].split(maxsplit=1)[0].rstrip('"'))
    scale = 8
    picture = Image.new("L", (int(side) * scale, int(side) * scale), 255)
    for part in svg.split(' d="')[1].split('"', maxsplit=1)[0].split("M")[1:]:
        x, y = (float(number) for number in part.split("H")[0].split(","))
        picture.paste(0, (int(x) * scale, int(y) * scale, int(x + 1) * scale, int(y + 1) * scale))
    return picture


def test_health_names_the_device(page: tuple[TestClient, Terminal, FakeLink]) -> None:
    assert page[0].get("/sante").json() == {"device": 12, "is_online": False}


def test_a_gated_kiosk_asks_for_the_deposit_first(tmp_path: Path, open_store: OpenStore) -> None:
    store, link = open_store(tmp_path), FakeLink("kiosk")
    terminal = open_terminal(store, link, key=store.key(), enrolment_code="ABCD", gate=DropGate())
    client = client_of(create_app(terminal))
    assert client.get("/ecran.json").json()["state"] == "waiting"

    forged = client.post("/chute", headers={"Sec-Fetch-Site": "cross-site"})
    assert (forged.status_code, client.get("/ecran.json").json()["state"]) == (403, "waiting")

    assert client.post("/chute").status_code == 204
    assert client.get("/ecran.json").json()["state"] == "code"


def test_a_kiosk_without_a_gate_takes_no_drops(
    page: tuple[TestClient, Terminal, FakeLink],
) -> None:
    assert page[0].post("/chute").status_code == 404
