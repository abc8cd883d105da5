"""Pages and API of shared rides: the driver shows, the passenger enters, a link takes no seat."""

import re
from collections.abc import Callable

from fastapi.testclient import TestClient
from sqlmodel import select

from backend.rides.models import SharedSeat
from tests.support.town import Town

Form = Callable[[str], dict[str, str]]
BrowserOf = Callable[[str], TestClient]
SHOWN = re.compile(r'<p class="short-code">([A-Z2-9]{6}) · (\d{3}) (\d{3})</p>')


def seats(town: Town) -> list[SharedSeat]:
    with town.database.reading() as session:
        return list(session.exec(select(SharedSeat)).all())


def opened(browser: TestClient, form: Form) -> tuple[str, str]:
    page = browser.post("/covoiturage/conduire", data=form(browser.get("/covoiturage").text))
    found = SHOWN.search(page.text)
    assert found is not None, page.text
    return found[1], found[2] + found[3]


def test_a_passenger_gets_in_with_what_the_drivers_phone_shows(
    town: Town, browser_of: BrowserOf, form: Form
) -> None:
    driver, passenger = town.citizen("dora@test.example"), town.citizen("paul@test.example")
    word, code = opened(browser_of(driver), form)
    phone = browser_of(passenger)

    looked = phone.get(f"/covoiturage?mot={word}&code={code}")
    assert f'value="{word}"' in looked.text
    assert seats(town) == [], "looking takes no seat"
    answer = phone.post(
        "/covoiturage/monter", data={**form(looked.text), "word": word, "code": code}
    )

    assert answer.status_code == 200
    assert "Vous êtes passager" in answer.text
    [seat] = seats(town)
    assert (seat.driver_id, seat.passenger_id, seat.state) == (driver, passenger, "waiting")


def test_a_wrong_code_is_explained_and_counted(
    town: Town, browser_of: BrowserOf, form: Form
) -> None:
    driver, passenger = town.citizen("dora@test.example"), town.citizen("paul@test.example")
    word, code = opened(browser_of(driver), form)
    phone = browser_of(passenger)
    wrong = f"{(int(code) + 500_000) % 1_000_000:06d}"

    answer = phone.post(
        "/covoiturage/monter",
        data={**form(phone.get("/covoiturage").text), "word": word, "code": wrong},
    )

    assert answer.status_code == 409
    assert "Ce code ne correspond à aucun trajet ouvert" in answer.text
    assert seats(town) == []


def test_another_persons_ride_is_not_shown(town: Town, browser_of: BrowserOf, form: Form) -> None:
    driver, stranger = town.citizen("dora@test.example"), town.citizen("sam@test.example")
    browser = browser_of(driver)
    page = browser.post("/covoiturage/conduire", data=form(browser.get("/covoiturage").text))

    assert browser_of(stranger).get(page.url.path).status_code == 404


def test_a_stranger_is_asked_to_sign_in(stranger: TestClient) -> None:
    page = stranger.get("/covoiturage?mot=ABCDEF&code=123456")

    assert page.status_code == 200
    assert "/connexion?next_path=/covoiturage" in page.text


def test_the_api_takes_both_roles(town: Town, browser_of: BrowserOf) -> None:
    driver = browser_of(town.citizen("dora@test.example"))
    passenger = browser_of(town.citizen("paul@test.example"))

    ride = driver.post("/api/v1/rides").json()
    shown = driver.get(f"/api/v1/rides/{ride['id']}/code").json()
    seat = passenger.post(
        "/api/v1/rides/seats", json={"word": shown["word"], "code": shown["code"]}
    )

    assert seat.status_code == 201
    assert (seat.json()["role"], seat.json()["state"]) == ("passenger", "waiting")
    assert [one["role"] for one in driver.get("/api/v1/rides/seats").json()] == ["driver"]
    assert passenger.get(f"/api/v1/rides/{ride['id']}/code").status_code == 404
    refused = driver.post(
        "/api/v1/rides/seats", json={"word": shown["word"], "code": shown["code"]}
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "ride_own")
