"""The whole system, a real key in the citizen's browser: move, pay, come back, on a real chain."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account as Key
from eth_account.messages import encode_typed_data
from playwright.sync_api import Browser, Page, expect
from web3 import Web3

from backend.chain.contracts import abi
from backend.demo import stack as demo
from backend.demo.console import Story
from backend.demo.people import Person
from backend.demo.stack import Stack
from backend.demo.terminals import deposit_url
from tests.support.browser import PHONE
from tests.support.ports import free_port
from tests.support.waiting import wait_for

KEY = Key.from_key("0x" + "5e" * 32)
PIN = "4711"
PATIENCE_MS = 180_000
PROVIDER = """
window.ethereum = {
  request: async ({ method, params }) => {
    if (method === "eth_requestAccounts") return [await window.walletAddress()];
    if (method === "eth_chainId") return "0x7a69";
    if (method === "eth_signTypedData_v4") return await window.walletSign(params[1]);
    throw new Error("unsupported " + method);
  },
};
"""


patience = pytest.MonkeyPatch.context
"""Processes of a shared machine may need minutes where an idle one needs seconds."""


@pytest.fixture(scope="module")
def running() -> Iterator[Stack]:
    """Chain, contracts, wallet services, jobs and pages of the demo; no journey."""
    with tempfile.TemporaryDirectory(prefix="cal-", dir="/tmp") as name, patience() as patched:
        patched.setattr(demo, "START_S", 300.0)
        started = demo.start(
            Path(name) / "demo", web_port=free_port(), database_url=None, story=Story()
        )
        try:
            yield started
        finally:
            started.children.stop()


@pytest.fixture
def nadia(running: Stack) -> Iterator[Person]:
    """A citizen with an address and confirmed points."""
    person = Person("Nadia", running.settings.public_url, running.settings.maildir)
    person.arrive()
    person.sign_in("nadia@demo.calanque.example")
    person.scan(deposit_url(running, material="glass", count=3, mass_g=1250))
    wait_for(lambda: person.balance()["confirmed_units"] > 0, what="points", timeout_s=180)
    yield person
    person.close()


@pytest.fixture
def baker(running: Stack) -> Iterator[Person]:
    """The bakery of the demo city."""
    person = Person("the bakery", running.settings.public_url, running.settings.maildir)
    person.sign_in("boulangerie@demo.calanque.example")
    yield person
    person.close()


def screen(browser: Browser, running: Stack, person: Person, **options: Any) -> Page:
    context = browser.new_context(locale="fr-FR", **options)
    for name, value in person.cookies().items():
        context.add_cookies([{"name": name, "value": value, "url": running.settings.public_url}])
    context.set_default_timeout(90_000)
    return context.new_page()


@pytest.fixture
def phone(browser: Browser, running: Stack, nadia: Person) -> Iterator[Page]:
    """Nadia's phone, whose browser has a wallet with a key of its own."""
    page = screen(browser, running, nadia, viewport=PHONE)
    page.expose_function("walletAddress", lambda: KEY.address)
    page.expose_function("walletSign", sign)
    page.add_init_script(PROVIDER)
    yield page
    page.context.close()


@pytest.fixture
def till(browser: Browser, running: Stack, baker: Person) -> Iterator[Page]:
    """The bakery's tablet."""
    page = screen(browser, running, baker, viewport={"width": 768, "height": 1024})
    yield page
    page.context.close()


def sign(text: str) -> str:
    signed = KEY.sign_message(encode_typed_data(full_message=json.loads(text)))
    return str(signed.signature.to_0x_hex())


def balance_of(running: Stack, address: str) -> int:
    deployed = json.loads(running.settings.deployment_file.read_text())
    web3 = Web3(Web3.HTTPProvider(running.settings.node_url))
    token = web3.eth.contract(deployed["contracts"]["EcoToken"], abi=abi("EcoToken"))
    return int(token.functions.balanceOf(address).call())


def wallet_says(phone: Page, running: Stack, words: str) -> None:
    phone.goto(f"{running.settings.public_url}/compte/portefeuille")
    # The page follows by itself; a machine under load may need the whole patience.
    expect(phone.locator("#wallet")).to_contain_text(words, timeout=PATIENCE_MS)


def choose_pin(phone: Page, running: Stack) -> None:
    """Choose a PIN; without one nothing can leave. The form asks for it once it counts."""
    phone.goto(f"{running.settings.public_url}/compte/portefeuille")
    phone.get_by_role("link", name="Choisir un code").click()
    phone.fill("#pin", PIN)
    phone.fill("#pin-again", PIN)
    phone.get_by_role("button", name="Enregistrer le code").click()
    expect(phone.locator("#factors")).to_contain_text("actif", timeout=PATIENCE_MS)


def sign_move(phone: Page) -> None:
    phone.get_by_role("button", name="Signer avec mon portefeuille").click()
    # Signing takes a moment; going elsewhere before would take the answer back.
    expect(phone.locator("#wallet")).not_to_contain_text("Prouver que", timeout=PATIENCE_MS)


def ask(till: Page, running: Stack, points: str) -> str:
    till.goto(f"{running.settings.public_url}/caisse")
    till.fill("#amount", points)
    till.click("#keypad-form .button-go")
    expect(till.locator("img.qr")).to_be_visible()
    return till.url.replace("/caisse/", "/payer/")


def test_points_move_to_an_own_wallet_pay_and_come_back(
    running: Stack, phone: Page, till: Page, nadia: Person
) -> None:
    before = nadia.balance()["confirmed_units"]
    choose_pin(phone, running)
    phone.goto(f"{running.settings.public_url}/compte/portefeuille")
    phone.click("#take-address")
    expect(phone.locator("#address")).to_have_value(KEY.address)
    phone.get_by_role("button", name="Continuer").click()
    phone.fill("#pin", PIN)
    phone.get_by_role("button", name="Confirmer avec mon code secret").click()
    sign_move(phone)
    wallet_says(phone, running, "Vos points partiront vers votre portefeuille")
    wallet_says(phone, running, "Vos points sont dans votre portefeuille personnel")
    wait_for(lambda: balance_of(running, KEY.address) == before, what="the move", timeout_s=180)
    wallet_says(phone, running, "Vos points sont arrivés dans votre portefeuille")

    phone.goto(ask(till, running, "1"))
    phone.get_by_role("button", name="Signer 1 points").click()
    expect(till.locator("h1")).to_have_text("Le client confirme", timeout=PATIENCE_MS)
    expect(till.locator("h1")).to_have_text("Accepté", timeout=PATIENCE_MS)
    assert balance_of(running, KEY.address) == before - 100

    phone.goto(f"{running.settings.public_url}/compte/portefeuille")
    phone.get_by_role("button", name="Revenir", exact=True).click()
    sign_move(phone)
    wallet_says(phone, running, "Vos points reviendront chez nous")
    wallet_says(phone, running, "Vos points sont de nouveau chez nous")
    assert balance_of(running, KEY.address) == 0
    assert nadia.balance()["confirmed_units"] == before - 100

    # And a payment of the kept account is accepted at once, as before.
    phone.goto(ask(till, running, "0,5"))
    phone.get_by_role("button", name="Payer").click()
    expect(till.locator("h1")).to_have_text("Accepté", timeout=PATIENCE_MS)
