"""Shops in a browser: application with a pin, offers, cards, gifts, clerks, the own wallet.

One server and one browser for all; every page on the way is audited as in
test_pages_in_browser.py, on a phone or on a desk.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect
from sqlmodel import col, select

from backend.accounts import queries as account_queries
from backend.factors import service as factors
from backend.factors.models import WalletFacts
from backend.market import queries as market_queries
from backend.merchants.models import Merchant
from backend.merchants.rules import MerchantState
from backend.territory import service as territory
from backend.territory.geo import Position
from backend.territory.service import StationFacts
from backend.territory.sources import communes
from tests.support.browser import PHONE, ROOT, TIMEOUT_MS
from tests.support.builders import CHAIN_ID, GENESIS
from tests.support.clock import FrozenClock
from tests.support.fake_services import PIN_KEY
from tests.support.fakes import CONTRACTS
from tests.support.looking import audit, listen
from tests.support.serving import served
from tests.support.town import Town

DESK: ViewportSize = {"width": 1280, "height": 900}
IBAN = "FR14 2004 1010 0505 0001 3M02 606"
SIRET = "732 829 320 00074"
DOOR = {"latitude": 43.3045, "longitude": 5.3680}
"""Place de la Joliette."""
Open = Callable[..., Page]


@dataclass
class Street:
    """A served town and what its pages were found to do wrong."""

    town: Town
    url: str
    wrong: list[str]

    def check(self, page: Page) -> None:
        """Audit what a page shows now."""
        self.wrong.extend(f"{page.url}: {problem}" for problem in audit(page))


@pytest.fixture(scope="module")
def served_street(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Street]:
    """One town for the module, with the communes as they are and a key for PINs."""
    folder = tmp_path_factory.mktemp("shops")
    shutil.copy(sqlite_template, folder / "calanque.db")
    town = Town(f"sqlite:///{folder / 'calanque.db'}", FrozenClock(datetime.now(UTC)), folder)
    data = ROOT / "data/communes"
    facts = WalletFacts(
        genesis_hash=GENESIS, chain_id=CHAIN_ID, desk=CONTRACTS["RedemptionDesk"],
        token=CONTRACTS["EcoToken"],
        pin_key=PIN_KEY, noted_at=town.clock.now(),
    )  # fmt: skip
    station = StationFacts(
        source="test", source_ref="2", name="Conteneur Joliette", kind="street",
        address="5 rue de Forbin", commune_code="13202",
        position=Position(43_305_000, 5_370_000), materials=("glass",),
    )  # fmt: skip
    with town.database.transaction() as session:
        territory.seed_communes(
            session,
            communes.read((data / "amp.csv").read_text(), (data / "amp.geojson").read_text()),
        )
        territory.put_station(session, station, at=town.clock.now())
        factors.note_wallet(session, facts)
    with served(town.app) as url:
        yield Street(town, url, [])


@pytest.fixture
def street(served_street: Street) -> Iterator[Street]:
    """The town; fails at the end when a page on the way had something wrong."""
    served_street.wrong.clear()
    yield served_street
    assert not served_street.wrong, "\n".join(served_street.wrong)


@pytest.fixture
def open_page(street: Street, browser: Browser) -> Iterator[Open]:
    """Open a window for somebody."""
    contexts = []

    def make(account_id: str | None, view: ViewportSize = PHONE, **options: Any) -> Page:
        # axe is ours; the page's own policy is tested elsewhere.
        context = browser.new_context(viewport=view, bypass_csp=True, locale="fr-FR", **options)
        context.set_default_timeout(TIMEOUT_MS)
        contexts.append(context)
        if account_id is not None:
            token = street.town.sign_in(account_id)
            context.add_cookies([{"name": "calanque", "value": token, "url": street.url}])
        page = context.new_page()
        noise = listen(page, street.url)
        page.on("close", lambda _: street.wrong.extend(noise))
        return page

    yield make
    for context in contexts:
        for page in context.pages:
            page.close()
        context.close()


def enrol_pin(town: Town, account_id: str) -> None:
    """Choose the PIN 4711 and do what the job does once the wallet service has taken it."""
    now = town.clock.now()
    with town.database.transaction() as session:
        held = account_queries.kept_address(session, account_id)
        assert held is not None
        pin = factors.request_pin(
            session, account_id=account_id, address=held.address, pin="4711", at=now
        )
        factors.note_enrolled(session, pin.id, active_from=now)


def _activate(town: Town, name: str) -> Merchant:
    """Do what the job does once the registration is final."""
    with town.database.transaction() as session:
        shop = session.exec(select(Merchant).where(col(Merchant.name) == name)).one()
        shop.state = MerchantState.ACTIVE
        session.add(shop)
        return shop


def test_an_applicant_puts_a_pin_and_staff_and_citizens_see_it(
    street: Street, open_page: Open
) -> None:
    town = street.town
    applicant = town.citizen("velos@test.example")
    phone = open_page(applicant, geolocation=DOOR, permissions=["geolocation"])
    phone.goto(f"{street.url}/devenir-commercant")
    expect(phone.locator(".map-area").first).to_be_attached()
    phone.fill("#name", "Vélos de la Joliette")
    phone.fill("#siret", SIRET)
    phone.fill("#address", "12 place de la Joliette")
    phone.fill("#holder", "Inès Roux")
    phone.fill("#iban", IBAN)

    # By touch: the commune and the nearest streets follow.
    box = phone.locator(".area-map").bounding_box()
    assert box is not None
    phone.locator(".area-map").click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    expect(phone.locator("#latitude")).to_have_value(re.compile(r"43\.\d{6}"))
    touched = phone.locator("#latitude").input_value()
    # By the phone's position.
    phone.click("#here")
    expect(phone.locator("#latitude")).to_have_value("43.304500")
    expect(phone.locator("#pin-status")).to_contain_text("Marseille 2e")
    expect(phone.locator("#commune")).to_have_value("13202")
    expect(phone.locator(".map-station")).to_have_count(1)
    # By keyboard.
    phone.fill("#latitude", "43,3046")
    phone.press("#latitude", "Tab")
    expect(phone.locator(".map-pin")).to_have_count(1)
    street.check(phone)
    phone.check("[name=contract]")
    phone.get_by_role("button", name="Envoyer").click()
    expect(phone.get_by_text("Vélos de la Joliette")).to_be_visible()
    street.check(phone)

    desk = open_page(town.operator.id, DESK)
    desk.goto(f"{street.url}/admin/commercants")
    expect(desk.get_by_text("43.304600, 5.368000")).to_be_visible()
    expect(desk.locator(".map-pin")).to_have_count(1)
    street.check(desk)
    desk.get_by_role("button", name="Accepter").click()

    shop = _activate(town, "Vélos de la Joliette")
    visitor = open_page(town.citizen("zoe@test.example"))
    visitor.goto(f"{street.url}/boutique/{shop.id}")
    expect(visitor.locator(".map-pin")).to_have_count(1)
    street.check(visitor)
    assert touched != "43.304500"


def test_an_offer_is_published_reserved_and_changed_and_the_reservation_keeps_its_price(
    street: Street, open_page: Open
) -> None:
    town = street.town
    shop = town.shop
    with town.database.transaction() as session:
        found = session.get(Merchant, shop.id)
        assert found is not None
        found.latitude_e6, found.longitude_e6 = 43_295_000, 5_374_000
        found.hours = [[[480, 780]]] * 7
        found.address = "3 quai du Port"
        session.add(found)
    till = open_page(town.baker.id, DESK)
    till.goto(f"{street.url}/caisse/offres/{shop.id}")
    for field, text in (("title", "Deux croissants"), ("price", "12,5"), ("stock", "3")):
        till.fill(f"#{field}", text)
    till.get_by_role("button", name="Publier").click()
    street.check(till)

    phone = open_page(town.citizen("lou@test.example", points=40))
    phone.goto(f"{street.url}/offres?commune=13001")
    expect(phone.locator(".map-pin")).to_have_count(1)
    expect(phone.locator("article.offer").first).to_contain_text("km environ")
    street.check(phone)
    phone.set_viewport_size(DESK)
    street.check(phone)
    phone.set_viewport_size(PHONE)
    phone.get_by_role("button", name="Réserver").click()
    expect(phone.locator("h1")).to_be_visible()
    asked = phone.url

    till.get_by_role("link", name="Deux croissants").click()
    till.fill("#price", "15")
    till.get_by_role("button", name="Enregistrer").click()
    expect(till.get_by_text("12,50 → 15")).to_be_visible()
    street.check(till)
    till.set_viewport_size(PHONE)
    street.check(till)

    phone.goto(asked)
    expect(phone.locator("main")).to_contain_text("12,5")
    street.check(phone)
    phone.click("main .button-go")
    expect(phone.locator("h1")).to_have_text("Payé")
    phone.goto(f"{street.url}/offres")
    expect(phone.locator("article.offer").first).to_contain_text("15")


def test_a_paper_card_pays_at_the_till_with_its_holders_pin(
    street: Street, open_page: Open
) -> None:
    town = street.town
    holder = town.citizen("max@test.example", points=30)
    with town.database.transaction() as session:
        _, secret = town.card(session, holder)
    page = open_page(town.baker.id, {"width": 768, "height": 1024})
    page.goto(f"{street.url}/caisse/carte/{town.shop.id}")
    page.fill("#amount", "4,5")
    page.fill("#code", secret)
    page.click("main form .button-go")
    expect(page.locator("#card-problem")).to_contain_text("code secret")
    street.check(page)

    enrol_pin(town, holder)
    page.fill("#pin", "4711")
    page.click("main form .button-go")
    expect(page.locator("h1")).to_have_text("Le client confirme")
    street.check(page)
    with town.database.reading() as session:
        (payment,) = market_queries.payments_of_payer(session, holder)
    assert (payment.units, payment.way, payment.is_proved) == (450, "card", True)


def test_a_gift_goes_to_an_association(street: Street, open_page: Open) -> None:
    town = street.town
    phone = open_page(town.citizen("gil@test.example", points=10))
    phone.goto(f"{street.url}/dons")
    street.check(phone)
    phone.set_viewport_size(DESK)
    street.check(phone)
    phone.set_viewport_size(PHONE)
    phone.get_by_role("link", name="Maraudes du Port").click()
    phone.fill("#amount", "3")
    street.check(phone)
    phone.click("main form .button-go")
    street.check(phone)
    phone.click("main .button-go")
    expect(phone.locator("h1")).to_have_text("Merci, c’est donné")
    street.check(phone)


def test_a_clerk_is_hired_and_signs_in_on_the_shops_till(street: Street, open_page: Open) -> None:
    town = street.town
    tablet = open_page(town.rival.id, {"width": 1024, "height": 768})
    team = f"{street.url}/caisse/equipe/{town.other_shop.id}"
    tablet.goto(team)
    tablet.fill("#name", "Zoé")
    tablet.fill("#limit", "5")
    tablet.locator("form:has(#name) button").click()
    pin = tablet.locator(".input-code").first.inner_text()
    street.check(tablet)
    tablet.goto(team)
    street.check(tablet)
    tablet.locator('form[action$="/caisse"] button').click()

    expect(tablet.locator("#clerk, [name=clerk_id]").first).to_be_visible()
    street.check(tablet)
    tablet.select_option("[name=clerk_id]", label="Zoé")
    tablet.fill("[name=pin]", pin)
    tablet.locator("form:has([name=pin]) button").first.click()
    tablet.fill("[name=new_pin]", "4071")
    tablet.fill("[name=pin]", pin)
    street.check(tablet)
    tablet.locator("form:has([name=pin]) button").first.click()
    tablet.wait_for_url("**/caisse")
    expect(tablet.get_by_text("Zoé").first).to_be_visible()
    street.check(tablet)


def test_the_poster_of_a_shop_is_a_pdf_from_the_till(street: Street, open_page: Open) -> None:
    page = open_page(street.town.baker.id, DESK)
    page.goto(f"{street.url}/caisse")
    street.check(page)
    href = page.locator('a[href*="/caisse/affiche/"]').get_attribute("href")
    answer = page.request.get(f"{street.url}{href}")

    assert answer.headers["content-type"] == "application/pdf"
    assert answer.body().startswith(b"%PDF-")


def test_the_page_of_own_wallets_in_english_on_a_desk(street: Street, open_page: Open) -> None:
    town = street.town
    ada = town.citizen("ada@test.example", points=12)
    page = open_page(ada, DESK)
    page.context.add_cookies([{"name": "langue", "value": "en", "url": street.url}])
    page.goto(f"{street.url}/compte/portefeuille")
    expect(page.get_by_text("Choose a PIN first")).to_be_visible()
    street.check(page)
    enrol_pin(town, ada)
    page.reload()
    street.check(page)
    page.fill("#address", "0x" + "5e" * 20)
    page.click("main form .button-go")
    expect(page.locator("#wallet")).to_have_attribute("data-state", "challenged")
    street.check(page)
    page.fill("#pin", "4711")
    page.get_by_role("button", name="Confirm with my PIN").click()
    expect(page.locator("#signature")).to_be_attached()
    street.check(page)
