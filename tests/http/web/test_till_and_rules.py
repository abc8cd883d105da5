import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from backend.books.models import Orphan
from backend.rewards.models import Reward
from backend.rewards.rules import RewardState
from backend.rulebook import service as editions
from backend.rulebook.council import figures
from backend.territory.models import PRIORITY_DISTRICT, Zone
from backend.workflows import forecast
from tests.support.town import EDITION, GENESIS, Town

BrowserOf = Callable[[str], TestClient]
Fields = Callable[[str], dict[str, str]]


def ask(till: TestClient, form: Fields, amount: str) -> str:
    """Ask for points at the till; return the path of the request's page."""
    fields = form(till.get("/caisse").text)
    return till.post("/caisse", data={**fields, "amount": amount, "label": "Pain"}).url.path


def pay(phone: TestClient, form: Fields, till_path: str) -> str:
    """Confirm a request as a citizen; return the text of the page that follows."""
    path = till_path.replace("/caisse/", "/payer/")
    token = form(phone.get(path).text)["form_token"]
    return phone.post(path, data={"form_token": token}).text


def test_a_purchase_from_the_keypad_to_the_cash_out(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    till = browser_of(town.baker.id)
    phone = browser_of(town.citizen("lou@test.example", points=20))

    path = ask(till, form, "12,5")
    waiting = till.get(path).text
    paid = pay(phone, form, path)
    answer = till.get(path).text

    assert 'data-state="requested"' in waiting
    assert "Payé" in paid
    assert 'data-state="accepted"' in answer
    assert re.findall(r'id="confirmed">([^<]*)<', phone.get("/").text) == ["7,5"]
    assert re.findall(r'id="today">([^<]*)<', till.get("/caisse").text) == ["12,5"]

    town.settle_payments()
    day = till.get("/caisse")
    assert re.findall(r'id="takings">([^<]*)<', day.text) == ["12,5"]
    after = till.post("/caisse/encaisser", data=form(day.text))
    assert re.findall(r'id="takings">([^<]*)<', after.text) == ["0"]
    assert "1,25\u00a0€" in after.text


def test_paying_twice_takes_the_points_once(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    phone = browser_of(town.citizen("lou@test.example", points=20))
    path = ask(browser_of(town.baker.id), form, "5").replace("/caisse/", "/payer/")
    token = form(phone.get(path).text)["form_token"]

    for _ in range(2):
        assert phone.post(path, data={"form_token": token}).status_code == 200

    assert re.findall(r'id="confirmed">([^<]*)<', phone.get("/").text) == ["15"]


def test_looking_at_a_request_pays_nothing(town: Town, browser_of: BrowserOf, form: Fields) -> None:
    phone = browser_of(town.citizen("lou@test.example", points=20))
    path = ask(browser_of(town.baker.id), form, "5")

    page = phone.get(path.replace("/caisse/", "/P/").upper())

    assert page.url.path == path.replace("/caisse/", "/payer/")
    assert "Boulangerie du Port" in page.text
    assert re.findall(r'id="confirmed">([^<]*)<', phone.get("/").text) == ["20"]


def test_who_has_too_few_points_is_told_before(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    phone = browser_of(town.citizen("lou@test.example", points=3))
    path = ask(browser_of(town.baker.id), form, "5").replace("/caisse/", "/payer/")

    page = phone.get(path).text

    assert "Solde insuffisant" in page
    assert "button-go" not in page


def test_a_stranger_is_asked_to_sign_in_and_comes_back(
    stranger: TestClient, town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    path = ask(browser_of(town.baker.id), form, "5").replace("/caisse/", "/payer/")

    assert f'href="/connexion?next_path={path}"' in stranger.get(path).text


def test_a_request_lapses_and_both_sides_are_told(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    till = browser_of(town.baker.id)
    phone = browser_of(town.citizen("lou@test.example", points=20))
    path = ask(till, form, "5")
    town.clock.advance(minutes=6)

    assert 'data-state="expired"' in till.get(path).text
    assert "Cette demande est close" in phone.get(path.replace("/caisse/", "/payer/")).text


def test_a_cancelled_request_cannot_be_paid(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    till = browser_of(town.baker.id)
    phone = browser_of(town.citizen("lou@test.example", points=20))
    path = ask(till, form, "5")
    open_page = phone.get(path.replace("/caisse/", "/payer/")).text

    till.post(f"{path}/annuler", data=form(till.get(path).text))
    answer = phone.post(
        path.replace("/caisse/", "/payer/"), data={"form_token": form(open_page)["form_token"]}
    )

    assert answer.status_code == 409
    assert "Cette demande de paiement est close" in answer.text


@pytest.mark.parametrize("amount", ["", "0", "-5", "abc", "99999", "1,234"])
def test_an_impossible_amount_comes_back_with_an_example(
    town: Town, browser_of: BrowserOf, form: Fields, amount: str
) -> None:
    till = browser_of(town.baker.id)

    answer = till.post("/caisse", data={**form(till.get("/caisse").text), "amount": amount})

    assert answer.status_code == 422
    assert "par exemple 12,5" in answer.text


def test_the_code_on_the_till_leads_to_the_payment(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    till = browser_of(town.baker.id)

    picture = till.get(ask(till, form, "5") + "/qr.svg")

    assert picture.headers["content-type"] == "image/svg+xml"
    assert b"<svg" in picture.content


def test_a_till_is_for_its_own_merchant(town: Town, browser_of: BrowserOf, form: Fields) -> None:
    path = ask(browser_of(town.baker.id), form, "5")
    phone = browser_of(town.citizen("lou@test.example"))

    assert phone.get("/caisse").status_code == 403
    assert phone.get(path).status_code == 403
    assert browser_of(town.rival.id).get(path).status_code == 404


def test_staff_read_the_state_of_the_service_in_words(town: Town, browser_of: BrowserOf) -> None:
    page = browser_of(town.editor.id).get("/admin").text

    assert "L’émission est ouverte" in page
    assert "Les comptes s’équilibrent" in page


def test_a_late_reward_is_shown_as_a_problem(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    phone = browser_of(town.citizen("lou@test.example"))
    code = town.deposit_code()
    phone.post(f"/s/{code}", data=form(phone.get(f"/s/{code}").text))
    town.decide()
    soon = browser_of(town.editor.id).get("/admin").text

    town.clock.advance(hours=2)
    late = browser_of(town.editor.id).get("/admin").text

    assert "1 récompense attend sa confirmation" in soon
    assert "1 récompense attend depuis 2 h" in late
    assert "health-bad" in late


def test_citizens_and_merchants_do_not_see_the_back_office(
    town: Town, browser_of: BrowserOf
) -> None:
    for account_id in (town.citizen("lou@test.example"), town.baker.id):
        for path in ("/admin", "/admin/regles", "/admin/regles/1"):
            assert browser_of(account_id).get(path).status_code == 403


def draft(town: Town, editor: TestClient, form: Fields, text: str) -> tuple[int, str, str]:
    """Send a document as the editor; return status, path and page."""
    fields = form(editor.get("/admin/regles/nouvelle").text)
    answer = editor.post("/admin/regles", data={**fields, "document": text})
    return answer.status_code, answer.url.path, answer.text


SECOND = Path(EDITION.parent / "amp-2026-2.yaml")


def test_an_edition_needs_two_people(town: Town, browser_of: BrowserOf, form: Fields) -> None:
    editor, approver = browser_of(town.editor.id), browser_of(town.approver.id)

    status, path, page = draft(town, editor, form, SECOND.read_text())
    assert (status, path) == (200, "/admin/regles/2")
    assert "/approuver" not in page
    assert "Une deuxième personne doit approuver" in page

    early = approver.get(path).text
    assert "/approuver" not in early, "nobody approves what it costs before it is known"
    town.forecast(2)
    seen = approver.get(path).text
    assert "diff-added" in seen
    assert "2 points → 3 points" in seen.replace("\u202f", " ").replace("\u00a0", " ")
    assert "Cette édition" not in seen
    assert 'id="forecast"' in seen
    approved = approver.post(f"{path}/approuver", data=form(seen)).text
    assert 'data-state="approved"' in approved


def test_the_council_gets_pictures_and_papers_of_a_forecast(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    editor = browser_of(town.editor.id)
    _, path, _ = draft(town, editor, form, SECOND.read_text())

    assert editor.get(f"{path}/simulation.pdf").status_code == 404
    town.forecast(2)
    page = editor.get(path).text
    pdf, csv = editor.get(f"{path}/simulation.pdf"), editor.get(f"{path}/simulation.csv")

    assert page.count('<svg xmlns="http://www.w3.org/2000/svg" class="chart"') >= 2
    assert "Aucun quartier prioritaire" in page
    assert f'href="{path}/simulation.pdf"' in page
    assert (pdf.status_code, pdf.headers["content-type"]) == (200, "application/pdf")
    assert pdf.content.startswith(b"%PDF")
    assert csv.headers["content-disposition"] == 'attachment; filename="edition-2.csv"'
    assert "act;glass;Verre;" in csv.text


@pytest.mark.parametrize("basis", ["population", "past_acts"])
def test_a_forecast_tells_gains_by_priority_district_when_they_are_loaded(
    town: Town,
    browser_of: BrowserOf,
    form: Fields,
    monkeypatch: pytest.MonkeyPatch,
    basis: str,
) -> None:
    monkeypatch.setattr(forecast, "MIN_PAST_ACTS", 1 if basis == "past_acts" else 10**6)
    monkeypatch.setattr(figures, "MIN_PEOPLE", 1)
    corners = [[5.34, 43.28], [5.36, 43.28], [5.36, 43.29], [5.34, 43.29], [5.34, 43.28]]
    with town.database.transaction() as session:
        session.add(
            Zone(
                code="QN01399M",
                kind=PRIORITY_DISTRICT,
                name="Les Flots",
                commune_code="13055",
                boundary=json.dumps({"type": "MultiPolygon", "coordinates": [[corners]]}),
                source="test",
            )
        )
    town.citizen("lou@test.example", points=20)
    town.decide()
    editor = browser_of(town.editor.id)
    _, path, _ = draft(town, editor, form, SECOND.read_text())

    town.forecast(2)
    page, csv = editor.get(path).text, editor.get(f"{path}/simulation.csv").text

    assert "Aucun quartier prioritaire" not in page
    assert "Quartiers prioritaires qui changent le plus" in page
    assert "district;QN01399M;Les Flots;" in csv


def test_citizens_get_no_council_papers(town: Town, browser_of: BrowserOf) -> None:
    baker = browser_of(town.baker.id)

    assert baker.get("/admin/regles/1/simulation.pdf").status_code in (403, 404)


def test_an_editor_cannot_approve_even_by_hand(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    editor = browser_of(town.editor.id)
    _, path, page = draft(town, editor, form, SECOND.read_text())

    assert editor.post(f"{path}/approuver", data=form(page)).status_code == 403


def test_a_wrong_document_comes_back_with_each_problem(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    text = EDITION.read_text().replace("units: 200", "units: -200").replace("[glass]", "[glas]")

    status, _, page = draft(town, browser_of(town.editor.id), form, text)

    assert status == 422
    assert 'id="problems"' in page
    assert "units: -200" in page, "what was typed must not be lost"


def test_a_file_can_be_uploaded(town: Town, browser_of: BrowserOf, form: Fields) -> None:
    editor = browser_of(town.editor.id)
    fields = form(editor.get("/admin/regles/nouvelle").text)

    answer = editor.post(
        "/admin/regles", data=fields, files={"file": ("neuf.yaml", SECOND.read_bytes())}
    )

    assert answer.url.path == "/admin/regles/2"


def test_a_draft_can_be_thrown_away(town: Town, browser_of: BrowserOf, form: Fields) -> None:
    editor = browser_of(town.editor.id)
    _, path, page = draft(town, editor, form, SECOND.read_text())

    editor.post(f"{path}/supprimer", data=form(page))

    assert editor.get(path).status_code == 404


def test_only_one_edition_is_on_its_way(town: Town, browser_of: BrowserOf, form: Fields) -> None:
    editor = browser_of(town.editor.id)
    draft(town, editor, form, SECOND.read_text())

    status, _, page = draft(town, editor, form, SECOND.read_text())

    assert status == 409
    assert "Une édition est déjà en préparation" in page


def publish_second(town: Town, editor: TestClient, form: Fields) -> None:
    """Let edition 2 be approved and published; it takes effect in 30 seconds."""
    draft(town, editor, form, SECOND.read_text())
    town.forecast(2)
    with town.database.transaction() as session:
        editions.approve(session, 2, approver_account_id=town.approver.id)
        editions.mark_publishing(
            session, 2, batch_id="b", effective_from=town.clock.now() + timedelta(seconds=30)
        )
        editions.mark_published(session, "b", at=town.clock.now())


def test_a_published_edition_counts_down_to_its_day(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    publish_second(town, browser_of(town.editor.id), form)
    staff = browser_of(town.approver.id)

    before = staff.get("/admin/regles").text
    assert "/retirer" in staff.get("/admin/regles/2").text
    town.clock.advance(seconds=31)
    assert "/retirer" not in staff.get("/admin/regles/2").text
    after = staff.get("/admin/regles").text

    assert "dans 30 s" in before
    assert "data-countdown" not in after
    assert 'href="/admin/regles/2"><strong>' in after


def test_a_published_edition_is_withdrawn_before_its_day(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    publish_second(town, browser_of(town.editor.id), form)
    staff = browser_of(town.approver.id)

    page = staff.post("/admin/regles/2/retirer", data=form(staff.get("/admin/regles/2").text)).text

    assert 'data-state="cancelling"' in page
    assert "le gardien l’inscrit au registre" in page


@pytest.fixture
def orphan(town: Town) -> str:
    """A mint that the indexer found and nothing of ours explains."""
    tx_hash = "0x" + "ab" * 32
    item = {"address": "0x" + "cd" * 20, "reward_id": None, "units": 500}
    row = Orphan(
        tx_hash=tx_hash,
        genesis_hash=GENESIS,
        block_number=12,
        units=500,
        items=[item],
        found_at=town.clock.now(),
    )
    with town.database.transaction() as session:
        session.add(row)
    return tx_hash


def test_an_unexplained_mint_is_adopted_by_two_people(
    town: Town, browser_of: BrowserOf, form: Fields, orphan: str
) -> None:
    first, second = browser_of(town.operator.id), browser_of(town.auditor.id)
    page = first.get("/admin/incidents").text
    path = f"/admin/incidents/{orphan}"

    proposed = first.post(f"{path}/proposer", data=form(page)).text
    alone = first.post(f"{path}/adopter", data=form(page))
    adopted = second.post(f"{path}/adopter", data=form(second.get("/admin/incidents").text)).text

    assert "Une autre personne habilitée doit confirmer" in proposed
    assert alone.status_code in (403, 409)
    assert "Tout ce qui est au registre est expliqué" in adopted


def test_who_may_only_look_cannot_adopt(
    town: Town, browser_of: BrowserOf, form: Fields, orphan: str
) -> None:
    looker = browser_of(town.editor.id)
    page = looker.get("/admin/incidents").text

    answer = looker.post(f"/admin/incidents/{orphan}/proposer", data=form(page))

    assert orphan in page
    assert "/proposer" not in page
    assert answer.status_code == 403


def test_the_start_page_names_the_incident(town: Town, browser_of: BrowserOf, orphan: str) -> None:
    page = browser_of(town.operator.id).get("/admin").text

    assert "1 émission du registre" in page
    assert orphan not in page


def test_a_reward_that_was_set_aside_can_be_released_once(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    phone = browser_of(town.citizen("lou@test.example"))
    code = town.deposit_code()
    receipt = phone.post(f"/s/{code}", data=form(phone.get(f"/s/{code}").text)).url.path
    town.decide()
    with town.database.transaction() as session:
        session.execute(update(Reward).values(state=RewardState.QUARANTINED))
    operator = browser_of(town.operator.id)
    page = operator.get("/admin/incidents").text
    path = re.findall(r'action="(/admin/quarantaine/[0-9]+/liberer)"', page)[0]

    aside = phone.get(receipt).text
    first = operator.post(path, data=form(page)).status_code
    second = operator.post(path, data=form(page)).status_code

    assert 'data-state="review"' in aside
    assert (first, second) == (200, 404)
    assert 'data-state="confirming"' in phone.get(receipt).text
