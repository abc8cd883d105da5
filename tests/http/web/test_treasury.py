"""Pages of treasurer and merchant about euro, and the public figure."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from backend.payouts import queries
from backend.payouts.rules import PayoutState
from backend.payouts.service import Hold
from backend.workflows import pay_out, restore, solvency
from tests.support import euro
from tests.support.town import Town

BrowserOf = Callable[[str], TestClient]
Fields = Callable[[str], dict[str, str]]
PATH = "/admin/tresorerie"


def press(browser: TestClient, form: Fields, path: str, **data: str) -> TestClient | object:
    """Press a button of the treasurer's page."""
    token = form(browser.get(PATH).text)["form_token"]
    return browser.post(PATH + path, data={"form_token": token, **data})


def upload(browser: TestClient, form: Fields, xml: str) -> Response:
    """Give the treasurer's page a file that the bank has."""
    token = form(browser.get(PATH).text).get("form_token", "")
    return browser.post(
        PATH + "/fichiers/retrouves",
        data={"form_token": token},
        files={"file": ("virements.xml", xml.encode())},
    )


def state(town: Town) -> list[str]:
    with town.database.reading() as session:
        return [p.state for p in queries.payouts_in(session, *PayoutState)]


@pytest.fixture
def owed(town: Town) -> str:
    """Twelve euro owed to the bakery, which has a bank account; returns the payout's id."""
    euro.give_account(town.database, town.clock, town.shop)
    return euro.owe(town.database, town.clock, town.shop).id


def test_two_treasurers_pay_a_shop_and_import_the_answer(
    town: Town, browser_of: BrowserOf, form: Fields, owed: str
) -> None:
    first, second = browser_of(town.treasurer.id), browser_of(town.second_treasurer.id)
    press(first, form, "/apports", amount="1500", reference="VIR 1")
    press(first, form, "/fichiers")
    file_id = re.findall(r"fichiers/([0-9a-f]{32})\.xml", first.get(PATH).text)[0]

    assert "une autre personne doit le valider" in first.get(PATH).text
    assert f"fichiers/{file_id}/valider" not in first.get(PATH).text
    refused = press(first, form, f"/fichiers/{file_id}/valider")
    assert getattr(refused, "status_code", 0) == 409
    assert "Qui prépare un fichier ne le valide pas" in getattr(refused, "text", "")
    press(second, form, f"/fichiers/{file_id}/valider")
    with town.database.transaction() as session:
        assert pay_out.mark_sent(session, file_id, at=town.clock.now())

    xml = second.get(f"{PATH}/fichiers/{file_id}.xml")
    (reference,) = euro.references(xml.text)
    token = form(first.get(PATH).text)["form_token"]
    page = first.post(
        PATH + "/retours",
        data={"form_token": token},
        files={"report": ("retours.csv", euro.answer((reference, "paye", "")))},
    )

    assert state(town) == [PayoutState.PAID]
    assert "1 versés, 0 rejetés" in page.text
    shop = browser_of(town.baker.id).get("/versements").text
    assert reference in shop
    assert "12,00\u00a0€" in shop


def test_nothing_leaves_while_the_reserve_is_short(
    town: Town, browser_of: BrowserOf, form: Fields, owed: str
) -> None:
    press(browser_of(town.treasurer.id), form, "/fichiers")
    second = browser_of(town.second_treasurer.id)
    file_id = re.findall(r"fichiers/([0-9a-f]{32})\.xml", second.get(PATH).text)[0]

    answer = press(second, form, f"/fichiers/{file_id}/valider")

    assert "La réserve ne couvre pas" in getattr(answer, "text", "")
    assert state(town) == [PayoutState.IN_FILE]


def test_a_broken_answer_is_told_and_changes_nothing(
    town: Town, browser_of: BrowserOf, form: Fields, owed: str
) -> None:
    treasurer = browser_of(town.treasurer.id)
    token = form(treasurer.get(PATH).text)["form_token"]

    answer = treasurer.post(
        PATH + "/retours", data={"form_token": token}, files={"report": ("x.xml", b"<a/>")}
    )

    assert answer.status_code == 409
    assert "pas une réponse de banque lisible" in answer.text
    assert state(town) == [PayoutState.DUE]


def test_a_held_payout_is_explained_to_both_sides_and_let_go_by_a_person(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    reasons = ({"code": "concentration", "level": 1, "percent": 64, "count": 5, "units": 9_000},)
    until = town.clock.now() + timedelta(days=3)
    payout = euro.owe(town.database, town.clock, town.shop, hold=Hold(reasons, until))
    treasurer = browser_of(town.treasurer.id)
    sentence = "Une seule personne apporte 64 % des ventes (5 paiements, 90 points)."

    assert sentence in treasurer.get(PATH).text
    assert sentence in browser_of(town.baker.id).get("/versements").text
    press(treasurer, form, f"/versements/{payout.id}/liberer")

    assert state(town) == [PayoutState.DUE]


def test_after_a_restore_two_treasurers_take_in_the_file_that_the_bank_has(
    town: Town, browser_of: BrowserOf, form: Fields, owed: str
) -> None:
    xml = euro.forgotten_file(town.database, town.clock)
    first, second = browser_of(town.treasurer.id), browser_of(town.second_treasurer.id)
    assert "fichiers/retrouves" not in first.get(PATH).text
    with town.database.transaction() as session:
        restore.mark(session, backup_taken_at=town.clock.now(), now=town.clock.now())
    assert "fichiers/retrouves" in first.get(PATH).text
    assert "fichiers/retrouves" not in browser_of(town.auditor.id).get(PATH).text

    wrong = upload(first, form, xml.replace("12.00", "13.00"))
    assert wrong.status_code == 409
    (reference,) = euro.references(xml)
    assert f"un versement qui n’attend pas ici ({reference})" in wrong.text
    assert state(town) == [PayoutState.HELD]

    upload(first, form, xml)
    assert "Vous l’avez retrouvé" in first.get(PATH).text
    page = second.get(PATH).text
    assert "Confirmer que la banque l’a reçu" in page
    (file_id,) = set(re.findall(r"fichiers/([0-9a-f]{32})\.xml", page))
    press(second, form, f"/fichiers/{file_id}/valider")
    with town.database.transaction() as session:
        assert pay_out.mark_sent(session, file_id, at=town.clock.now())

    assert state(town) == [PayoutState.SENT]
    assert "ne sera pas remis une seconde fois" in first.get(PATH).text


def test_only_a_treasurer_takes_a_file_in(
    town: Town, browser_of: BrowserOf, form: Fields, owed: str
) -> None:
    xml = euro.forgotten_file(town.database, town.clock)

    assert upload(browser_of(town.auditor.id), form, xml).status_code == 403
    assert state(town) == [PayoutState.DUE]


def test_a_shop_gives_its_account_and_a_wrong_number_keeps_the_old_one(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    till = browser_of(town.baker.id)
    fields = form(till.get("/versements").text)
    assert "Votre compte bancaire manque" in till.get("/versements").text

    till.post("/versements/compte", data={**fields, "holder": "SARL Port", "iban": euro.IBAN})
    wrong = till.post("/versements/compte", data={**fields, "holder": "x", "iban": "FR00 1"})

    assert wrong.status_code == 422
    assert "n’est pas valable" in wrong.text
    assert "FR14 … 2606" in till.get("/versements").text


@pytest.mark.parametrize(("kind", "start"), [("pdf", b"%PDF"), ("csv", b"\xef\xbb\xbfdate")])
def test_a_shop_downloads_its_own_statement_only(
    town: Town, browser_of: BrowserOf, kind: str, start: bytes
) -> None:
    month = f"{town.clock.now():%Y-%m}"
    path = f"/versements/{town.shop.id}/{month}.{kind}"

    own = browser_of(town.baker.id).get(path)
    foreign = browser_of(town.rival.id).get(path)

    assert own.content.startswith(start)
    assert foreign.status_code == 404


def test_an_auditor_reads_and_a_reviewer_does_not(town: Town, browser_of: BrowserOf) -> None:
    auditor = browser_of(town.auditor.id)

    assert auditor.get(PATH).status_code == 200
    assert 'fichiers" class' not in auditor.get(PATH).text
    assert auditor.post(PATH + "/fichiers").status_code == 403
    assert browser_of(town.reviewer.id).get(PATH).status_code == 403


def test_invoice_data_are_one_row_per_shop(town: Town, browser_of: BrowserOf, owed: str) -> None:
    answer = browser_of(town.treasurer.id).get(f"{PATH}/facturation.csv?mois=2026-06")

    rows = answer.content.decode("utf-8-sig").splitlines()
    assert len(rows) == 4, "a head, and each of the town's three merchants"
    assert any("Boulangerie du Port" in row and ";12.00;0.00;0.00" in row for row in rows)
    assert browser_of(town.treasurer.id).get(f"{PATH}/facturation.csv?mois=x").status_code == 404


def test_everybody_sees_whether_the_points_are_covered(town: Town, stranger: TestClient) -> None:
    town.citizen("lou@test.example", points=100)
    assert "0 % des points sont couverts" in stranger.get("/solvabilite").text
    euro.fund(town.database, town.clock, 1_000)
    for _ in range(2):
        with town.database.transaction() as session:
            solvency.note(
                session,
                day=town.clock.now().date(),
                rate_micro_cents_per_unit=euro.RATE,
            )
        town.clock.advance(days=1)

    page = stranger.get("/solvabilite").text
    figures = stranger.get("/api/v1/solvency").json()

    assert "tous les points en circulation sont couverts" in page
    assert "<polyline" in page
    assert (figures["liability_cents"], figures["reserve_cents"]) == (1_000, 1_000)
    assert figures["is_covered"] is True
    assert len(figures["days"]) == 2
