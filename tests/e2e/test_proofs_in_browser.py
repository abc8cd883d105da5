"""Proving a deposit without a kiosk, in a browser: a sticker, and a paper card at the counter."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typst
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlmodel import select

from backend.cards import rules as card_rules
from backend.devices import service as devices
from backend.devices import witnesses
from backend.devices.rules import DeviceKind
from backend.devices.service import NewDevice
from backend.kernel.clock import SystemClock
from backend.kiosk.agents import Agents
from backend.kiosk.app import create_app
from backend.kiosk.link import HTTPLink
from backend.kiosk.store import Store
from backend.kiosk.terminal import open_terminal
from backend.paper import cards as paper
from backend.territory.models import Station
from tests.support.browser import PHONE, TIMEOUT_MS
from tests.support.clock import FrozenClock
from tests.support.serving import served
from tests.support.town import Town
from tests.support.waiting import wait_for

AT_THE_STATION = {"latitude": 43.28520, "longitude": 5.35010, "accuracy": 20}
IN_AIX = {"latitude": 43.52970, "longitude": 5.44740, "accuracy": 30}


@pytest.fixture
def town(sqlite_url: str, tmp_path: Path) -> Town:
    """A town at the present time: its terminals have real clocks."""
    return Town(sqlite_url, FrozenClock(datetime.now(UTC)), tmp_path / "mail")


@pytest.fixture
def street(town: Town) -> Iterator[str]:
    """The town's address."""
    with served(town.app) as url:
        yield url


@pytest.fixture
def sticker(town: Town) -> str:
    """The code of a sticker on the glass container of the town's station."""
    with town.database.transaction() as session:
        station = session.exec(select(Station)).one()
        _, code = witnesses.print_sticker(
            session, station_id=station.id, name="Verre", material="glass", now=town.clock.now()
        )
        return code


def phone_at(browser: Browser, place: dict[str, float]) -> BrowserContext:
    context = browser.new_context(
        viewport=PHONE,
        locale="fr-FR",
        has_touch=True,
        permissions=["geolocation"],
        geolocation={  # type: ignore[arg-type]  # these keys are its own
            **place
        },
    )
    context.set_default_timeout(TIMEOUT_MS)
    return context


def collect(page: Page, street: str, sticker: str, town: Town) -> None:
    page.goto(f"{street}/S/{sticker}")
    page.get_by_role("button", name="Recevoir mes points").click()
    page.wait_for_url("**/recus/*")
    town.decide()
    page.reload()


def test_a_sticker_scanned_far_away_is_refused_with_a_sentence_that_says_why(
    browser: Browser, street: str, sticker: str, town: Town
) -> None:
    context = phone_at(browser, IN_AIX)
    page = context.new_page()

    collect(page, street, sticker, town)

    said = page.get_by_text("Votre téléphone était à")
    expect(said).to_contain_text("m de ce conteneur (précision 30 m)")
    expect(said).to_contain_text("à moins de 150 m, car une photo se partage")
    expect(page.get_by_role("heading", name="Contester")).to_be_visible()
    context.close()


def test_an_appeal_goes_from_the_refusal_to_a_decision_that_the_citizen_reads(
    browser: Browser, street: str, sticker: str, town: Town
) -> None:
    lou = town.citizen("lou@test.example")
    context = phone_at(browser, IN_AIX)
    context.add_cookies([{"name": "calanque", "value": town.sign_in(lou), "url": street}])
    page = context.new_page()
    collect(page, street, sticker, town)
    expect(page.get_by_text("Votre téléphone était à")).to_be_visible()

    page.get_by_text("Je pense que ce refus est une erreur").click()
    page.get_by_label("Que s’est-il passé ?").fill("J’étais devant, la position était fausse.")
    page.get_by_role("button", name="Demander qu’une personne regarde").click()
    expect(page.get_by_text("Une personne va regarder votre demande")).to_be_visible()

    desk = browser.new_context(locale="fr-FR")
    desk.set_default_timeout(TIMEOUT_MS)
    cookie = town.sign_in(town.reviewer.id)
    desk.add_cookies([{"name": "calanque", "value": cookie, "url": street}])
    reviewer = desk.new_page()
    reviewer.goto(f"{street}/admin/examens")
    case = reviewer.locator("article", has_text="J’étais devant, la position était fausse.")
    expect(case).to_contain_text("contestation")
    expect(case).to_contain_text("Votre téléphone était à")
    expect(case).not_to_contain_text("lou@test.example")
    case.get_by_role("button", name="Accepter").click()
    expect(reviewer.get_by_text("Rien à examiner.")).to_be_visible()
    town.decide()

    page.reload()
    expect(page.get_by_text("Votre demande a été acceptée.")).to_be_visible()
    expect(page.locator("#receipt")).to_have_attribute("data-state", "held")
    expect(page.locator("#amount")).to_contain_text("+0,5")
    context.close()
    desk.close()


def test_a_sticker_scanned_on_the_spot_is_believed(
    browser: Browser, street: str, sticker: str, town: Town
) -> None:
    context = phone_at(browser, AT_THE_STATION)
    page = context.new_page()

    collect(page, street, sticker, town)

    expect(page.get_by_text("m de ce conteneur", exact=False)).to_be_visible()
    expect(page.get_by_text("Votre téléphone était à 24 m")).to_be_visible()
    context.close()


def test_a_phone_that_hides_its_position_is_told_what_to_do(
    phone: Page, street: str, sticker: str
) -> None:
    phone.goto(f"{street}/S/{sticker}")
    phone.get_by_role("button", name="Recevoir mes points").click()

    expect(phone.get_by_role("status")).to_contain_text("La position est refusée pour ce site")
    expect(phone.get_by_role("button", name="Recevoir mes points")).to_be_enabled()


@pytest.fixture
def counter(town: Town, street: str, tmp_path: Path) -> Iterator[str]:
    """The counter's own process in a thread: enrolled over the API, agent 7 with PIN 2468."""
    with town.database.transaction() as session:
        station = session.exec(select(Station)).one()
        _, code = devices.create_pending(
            session,
            NewDevice(DeviceKind.COUNTER, "Guichet 1", station.id),
            now=town.clock.now(),
        )
    store, agents = Store(tmp_path / "counter"), Agents(tmp_path / "counter")
    agents.put(7, "2468")
    key = store.key()
    link = HTTPLink(street, key, clock=SystemClock(), software="test")
    terminal = open_terminal(store, link, key=key, enrolment_code=code)
    with served(create_app(terminal, agents)) as url:
        yield url
    store.close()


def scan(pdf_template_data: dict[str, str], secret: str) -> str:
    """Read the printed card as a hand scanner does."""
    folder = Path(paper.__file__).parent / "templates"
    picture = typst.compile(
        folder / "card.typ",
        root=folder,
        ignore_system_fonts=True,
        format="png",
        ppi=150,
        sys_inputs=pdf_template_data,
    )
    assert isinstance(picture, bytes)
    [found] = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)))
    assert secret in found.text
    return str(found.text)


def test_somebody_without_a_phone_deposits_with_a_paper_card_at_the_counter(
    browser: Browser, street: str, town: Town, counter: str
) -> None:
    jeanne = town.citizen("jeanne@test.example")
    with town.database.transaction() as session:
        card, secret = town.card(session, jeanne)
    read = scan(
        {
            "data": paper.card_data(
                [paper.Print(card_rules.url_of(secret, street), card_rules.grouped(secret))],
                language="fr",
                at=card.issued_at,
            )
        },
        secret,
    )
    page = browser.new_page(locale="fr-FR")
    page.set_default_timeout(TIMEOUT_MS)

    page.goto(counter)
    page.get_by_label("Numéro d’agent").fill("7")
    page.get_by_label("Code PIN").fill("2468")
    page.get_by_role("button", name="Prendre le poste").click()
    # A hand scanner types what it read.
    expect(page.get_by_label("Carte scannez-la")).to_be_focused()
    page.keyboard.insert_text(read)
    page.get_by_label("Objets").fill("4")
    # The counter has a clock of its own, which runs; the town's stands still.
    town.clock.set(datetime.now(UTC))
    page.get_by_role("button", name="Signer le dépôt").click()
    expect(page.get_by_text("compté sur la carte")).to_be_visible()
    town.decide()

    def points() -> int:
        client = browser.new_context(locale="fr-FR")
        client.add_cookies([{"name": "calanque", "value": town.sign_in(jeanne), "url": street}])
        pending = client.request.get(f"{street}/api/v1/me/balance").json()["pending_units"]
        client.close()
        return int(pending)

    wait_for(lambda: points() == 800, what="four pieces of glass on the card's account")
    page.close()
