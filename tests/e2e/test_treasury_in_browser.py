"""Two treasurers pay a shop in a real browser, from the shop's account to the bank's answer."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from backend.payouts import queries
from backend.payouts.rules import FileState
from backend.workflows import pay_out
from tests.support import euro
from tests.support.clock import FrozenClock
from tests.support.serving import served
from tests.support.town import Town


@dataclass
class Desk:
    """A served town and what opens windows in it."""

    town: Town
    url: str
    browser: Browser
    windows: ExitStack

    def window(self, account_id: str) -> Page:
        """Open a window of somebody who is signed in."""
        context = self.windows.enter_context(self.browser.new_context(locale="fr-FR"))
        token = self.town.sign_in(account_id)
        context.add_cookies([{"name": "calanque", "value": token, "url": self.url}])
        return context.new_page()


@pytest.fixture
def desk(sqlite_url: str, tmp_path: Path, browser: Browser) -> Iterator[Desk]:
    """A town in which twelve euro are owed to the bakery."""
    town = Town(sqlite_url, FrozenClock(datetime.now(UTC)), tmp_path / "mail")
    euro.owe(town.database, town.clock, town.shop)
    with served(town.app) as url, ExitStack() as windows:
        yield Desk(town, url, browser, windows)


def _hand_over(town: Town) -> str:
    """Do what the job does with the released file; return its reference."""
    with town.database.transaction() as session:
        (file,) = queries.files_in(session, FileState.RELEASED)
        assert pay_out.mark_sent(session, file.id, at=town.clock.now())
        (reference,) = euro.references(file.xml)
        return reference


def test_a_shop_is_paid_by_two_people(desk: Desk, tmp_path: Path) -> None:
    shop, first, second = (
        desk.window(account.id)
        for account in (desk.town.baker, desk.town.treasurer, desk.town.second_treasurer)
    )
    shop.goto(desk.url + "/versements")
    expect(shop.get_by_text("Votre compte bancaire manque")).to_be_visible()
    shop.get_by_label("Titulaire du compte").fill("SARL Boulangerie du Port")
    shop.get_by_label("IBAN").fill("FR14 2004 1010 0505 0001 3M02 606")
    shop.get_by_role("button", name="Enregistrer ce compte").click()
    expect(shop.get_by_text("FR14 … 2606")).to_be_visible()

    first.goto(desk.url + "/admin/tresorerie")
    first.get_by_label("Montant en euros").fill("1 500,00")
    first.get_by_label("Référence du virement").fill("VIR METROPOLE 11")
    first.get_by_role("button", name="Enregistrer l’apport").click()
    first.get_by_role("button", name="Préparer le fichier SEPA").click()
    expect(first.get_by_text("une autre personne doit le valider.")).to_be_visible()
    expect(first.get_by_role("button", name="Valider et remettre")).to_have_count(0)

    second.goto(desk.url + "/admin/tresorerie")
    with second.expect_download() as download:
        second.get_by_role("link", name="Télécharger le XML").click()
    assert "12.00" in euro.references(Path(download.value.path()).read_text()).values()
    second.get_by_role("button", name="Valider et remettre à la banque").click()
    expect(second.get_by_text("validé", exact=True)).to_be_visible()

    reference = _hand_over(desk.town)
    answer = tmp_path / "retours.csv"
    answer.write_bytes(euro.answer((reference, "retourne", "AC04")))
    second.get_by_label("Fichier pain.002").set_input_files(answer)
    second.get_by_role("button", name="Importer").click()
    expect(second.get_by_text("Compte fermé.")).to_be_visible()
    second.get_by_role("button", name="Réessayer").click()
    expect(second.get_by_role("alert")).to_contain_text("La banque refuse ce compte")

    shop.reload()
    expect(shop.get_by_role("alert")).to_contain_text("Compte fermé.")
    shop.get_by_label("IBAN").fill(euro.OTHER_IBAN)
    shop.get_by_role("button", name="Enregistrer ce compte").click()
    expect(shop.get_by_text("à verser")).to_be_visible()
    with shop.expect_download() as statement:
        shop.get_by_role("link", name="PDF").first.click()
    assert Path(statement.value.path()).read_bytes().startswith(b"%PDF")
