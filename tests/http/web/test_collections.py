"""Collection rounds through pages and API: try, keep, close, read why on the receipt."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from backend.territory import service as territory
from backend.territory.models import Station
from tests.support.town import Town

BrowserOf = Callable[[str], TestClient]
Fields = Callable[[str], dict[str, str]]
PAGE = "/admin/collectes"


@pytest.fixture
def station_id(town: Town) -> str:
    """The town's station, as if it had never been weighed."""
    with town.database.transaction() as session:
        station = session.exec(select(Station)).one()
        territory.set_reliability(session, station.id, 0)
        return station.id


def told(town: Town, kg: str, *, ref: str = "T-1") -> str:
    at = town.clock.now().isoformat()
    return f"round;ticket;station;material;collected_at;net_kg\n{ref};W1;1;glass;{at};{kg}"


def send(browser: TestClient, form: Fields, path: str, **data: str) -> str:
    token = form(browser.get(PAGE).text)
    answer = browser.post(PAGE + path, data={**token, **data})
    assert answer.status_code == 200, answer.text
    return answer.text


def deposit(town: Town, phone: TestClient, form: Fields, *, count: int) -> str:
    code = town.deposit_code(count=count)
    path = str(phone.post(f"/s/{code}", data=form(phone.get(f"/s/{code}").text)).url.path)
    town.decide()
    town.clock.advance(minutes=5)
    return path


def test_a_ticket_is_tried_kept_and_its_round_closed(
    town: Town, station_id: str, browser_of: BrowserOf, form: Fields
) -> None:
    lou = browser_of(town.citizen("lou@test.example"))
    receipt = deposit(town, lou, form, count=10)
    assert "en réserve" in lou.get(receipt).text
    field = browser_of(town.operator.id)

    tried = send(field, form, "/import", content=told(town, "3,8"))
    assert "Essai : voici ce que l’import ferait" in tried
    assert "Aucune tournée" in tried
    kept = send(field, form, "/import", content=told(town, "3,8"), mode="keep")
    assert "Clôturer la tournée" in kept
    closed = send(field, form, "/cloturer", ref="T-1")

    assert "Parts en attente ramenées à 95 %" in closed
    page = lou.get(receipt).text
    assert "La collecte T-1 a pesé 3,8 kg de verre pour 4 kg déclarés" in page
    assert "0 %" in field.get(f"{PAGE}/stations/{station_id}").text


def test_a_light_round_is_decided_by_a_reviewer(
    town: Town, station_id: str, browser_of: BrowserOf, form: Fields
) -> None:
    lou = browser_of(town.citizen("lou@test.example"))
    receipt = deposit(town, lou, form, count=10)
    field, reviewer = browser_of(town.operator.id), browser_of(town.reviewer.id)
    send(field, form, "/import", content=told(town, "1"), mode="keep")
    waiting = send(field, form, "/cloturer", ref="T-1")
    assert "Une personne chargée des examens décide" in waiting
    assert field.post(f"{PAGE}/1/decider", data={"decision": "release"}).status_code == 403

    send(reviewer, form, "/1/decider", decision="release")

    assert "en réserve" not in lou.get(receipt).text


def test_a_file_that_is_no_table_changes_nothing(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    field = browser_of(town.operator.id)
    token = form(field.get(PAGE).text)

    answer = field.post(f"{PAGE}/import", data={**token, "content": "hello"})

    assert answer.status_code == 422
    assert "Fichier illisible" in answer.text


def test_a_file_of_a_french_spreadsheet_is_read(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    field = browser_of(town.operator.id)
    text = told(town, "3,8", ref="Tournée").encode("cp1252")
    token = form(field.get(PAGE).text)

    answer = field.post(f"{PAGE}/import", data=token, files={"file": ("pesees.csv", text)})

    assert "Tournée" in answer.text


def test_the_api_takes_weighings_once_and_closes_rounds(
    town: Town, station_id: str, browser_of: BrowserOf
) -> None:
    field = browser_of(town.operator.id)
    weighing: dict[str, Any] = {
        "round": "T-1",
        "ticket": "W1",
        "station": station_id,
        "material": "glass",
        "collected_at": town.clock.now().isoformat(),
        "net_g": 3_800,
    }
    bad = {**weighing, "material": "gold"}

    answers = [
        field.post("/api/v1/collections/weighings", json={"weighings": [weighing, bad]}).json()
        for _ in range(2)
    ]
    closed = field.post("/api/v1/collections/rounds/T-1/close")
    again = field.post("/api/v1/collections/rounds/T-1/close")

    assert [answer["counts"] for answer in answers] == [
        {"create": 1, "refused": 1},
        {"refused": 1, "unchanged": 1},
    ]
    assert [row["state"] for row in closed.json()] == ["reconciled"]
    assert (again.status_code, again.json()["code"]) == (409, "round_closed")
    assert field.get("/api/v1/collections/rounds").json()[0]["balances"][0]["weighed_g"] == 3_800
    stranger = browser_of(town.citizen("lou@test.example"))
    assert stranger.get("/api/v1/collections/rounds").status_code == 403
