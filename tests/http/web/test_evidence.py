"""Reviewers' evidence, taking back, and freezing an account with four eyes, through pages."""

import json
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from backend.accounts import service as accounts
from backend.accounts.rules import Role
from tests.support import rides, travel
from tests.support.town import Town

BrowserOf = Callable[[str], TestClient]
Fields = Callable[[str], dict[str, str]]


@pytest.fixture
def lou(town: Town, browser_of: BrowserOf) -> TestClient:
    return browser_of(town.citizen("lou@test.example"))


@pytest.fixture
def receipt(town: Town, lou: TestClient, form: Fields) -> str:
    """The path of the receipt of a deposit that is paid and not minted."""
    code = town.deposit_code(count=5)
    path = str(lou.post(f"/s/{code}", data=form(lou.get(f"/s/{code}").text)).url.path)
    town.decide()
    return path


def reviewer(town: Town, browser_of: BrowserOf, name: str) -> TestClient:
    with town.database.transaction() as session:
        person = accounts.seed_staff(
            session,
            email=f"{name}@test.example",
            display_name=name,
            role=Role.REVIEWER,
            now=town.clock.now(),
        )
    return browser_of(person.id)


def do(browser: TestClient, form: Fields, page: str, action: str, **data: str) -> int:
    token = form(browser.get(page).text)
    return browser.post(action, data={**token, **data}).status_code


def test_a_pending_reward_is_taken_back_and_won_back_by_appeal(
    town: Town, browser_of: BrowserOf, lou: TestClient, receipt: str, form: Fields
) -> None:
    rosa = reviewer(town, browser_of, "rosa")
    evidence = receipt.replace("/recus/", "/admin/examens/")
    assert "10 points de cet acte ne sont pas encore versés" in rosa.get(evidence).text
    assert "lou@" not in rosa.get(evidence).text

    taken = do(rosa, form, evidence, f"{evidence}/reprendre", reason="mass_missing")
    page = lou.get(receipt).text
    assert taken == 200
    assert "Repris avant d&#39;être versé : 10 points sur 10" in page
    assert "Je pense que ce refus est une erreur" in page
    assert do(lou, form, receipt, f"{receipt}/contester", statement="J’y étais.") == 200
    accepted = do(rosa, form, evidence, f"{evidence}/accepter", reason="evidence_added")
    town.decide()

    assert accepted == 200
    assert "Rendu après votre contestation : 10 points" in lou.get(receipt).text
    assert "J’y étais." in rosa.get(evidence).text


def test_two_people_freeze_and_a_third_settles_the_appeal(
    town: Town, browser_of: BrowserOf, lou: TestClient, receipt: str, form: Fields
) -> None:
    rosa, sam, tess = (reviewer(town, browser_of, name) for name in ("rosa", "sam", "tess"))
    evidence = receipt.replace("/recus/", "/admin/examens/")
    asked = do(
        rosa, form, evidence, f"{evidence}/suspendre", reason="empty_deposits", note="Photos."
    )
    assert asked == 200
    assert "Une autre personne doit décider" in rosa.get("/admin/comptes").text
    first = do(rosa, form, "/admin/comptes", "/admin/comptes/1/repondre", answer="yes")
    assert first == 403

    agreed = do(sam, form, "/admin/comptes", "/admin/comptes/1/repondre", answer="yes")
    assert agreed == 200
    own = lou.get("/compte").text
    assert "Des dépôts déclarés n&#39;ont pas eu lieu" in own
    claim = {"code": town.deposit_code()}
    headers = {"Idempotency-Key": "k" * 8}
    assert lou.post("/api/v1/claims", json=claim, headers=headers).status_code == 403
    assert do(lou, form, "/compte", "/compte/contester", statement="Mon frère.") == 200
    assert "Contestation envoyée" in lou.get("/compte").text
    assert do(sam, form, "/admin/comptes", "/admin/comptes/1/maintenir") == 403
    assert do(tess, form, "/admin/comptes", "/admin/comptes/1/lever") == 200

    assert "suspendu" not in lou.get("/compte").text


def test_the_api_does_the_same(
    town: Town, browser_of: BrowserOf, lou: TestClient, receipt: str
) -> None:
    rosa, sam, tess = (reviewer(town, browser_of, name) for name in ("rosa", "sam", "tess"))
    claim_id = receipt.removeprefix("/recus/")
    back = rosa.post(f"/api/v1/reviews/{claim_id}/take-back", json={"reason_code": "not_plausible"})
    again = rosa.post(
        f"/api/v1/reviews/{claim_id}/take-back", json={"reason_code": "not_plausible"}
    )
    assert (back.status_code, again.status_code) == (200, 409)
    assert lou.get(f"/api/v1/claims/{claim_id}").json()["units"] == 0

    body = {"claim": claim_id, "reason_code": "points_sold"}
    freeze_id = rosa.post("/api/v1/freezes", json=body).json()["id"]
    path = f"/api/v1/freezes/{freeze_id}"
    assert rosa.post(f"{path}/answer", json={"agrees": True}).status_code == 403
    assert sam.post(f"{path}/answer", json={"agrees": True}).json()["state"] == "frozen"
    appeal = lou.post("/api/v1/me/freeze/appeal", json={"statement": "No."})
    assert appeal.json()["appeal_due_at"] is not None
    assert tess.post(f"{path}/uphold").json()["appeal_decided_at"] is not None
    assert tess.post(f"{path}/lift").json()["state"] == "lifted"
    assert len(rosa.get("/api/v1/freezes").json()) == 1
    assert lou.get("/api/v1/freezes").status_code == 403


def test_a_reviewer_sees_the_way_of_a_held_trip_and_what_is_odd_about_it(
    town: Town, browser_of: BrowserOf
) -> None:
    lou = town.citizen("lou@test.example")
    points = rides.rows(rides.BIKE, ended_at=town.clock.now())
    flat = [[*point[:3], 5.0, *point[4:]] for point in points]
    body = json.dumps({"points": flat}).encode()
    trip = travel.hand_in(town.database, town.clock, lou, body)
    travel.judge(town.database, town.clock)
    town.decide()
    rosa = reviewer(town, browser_of, "rosa")

    page = rosa.get(f"/admin/examens/{trip.id}").text

    assert "La précision ne varie jamais." in page
    assert "map-leg-bike" in page
    assert "lou@" not in page


def test_an_act_without_a_recording_shows_no_map(
    town: Town, browser_of: BrowserOf, receipt: str
) -> None:
    rosa = reviewer(town, browser_of, "rosa")

    page = rosa.get(receipt.replace("/recus/", "/admin/examens/")).text

    assert 'id="recording"' not in page
