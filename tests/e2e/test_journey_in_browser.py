"""The real path: the kiosk's own code before a phone's camera, decoded, minted, spent, paid."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Locator, Page, Request, expect
from playwright.sync_api import Error as PlaywrightError

from backend.demo import seed, stack
from backend.demo.console import Story
from backend.demo.stack import Stack
from tests.support.camera import write_video
from tests.support.ports import free_port
from tests.support.waiting import wait_for

Camera = Callable[[Path], BrowserContext]
LOU = "lou@test.example"
BAKER = seed.SHOPS[0][2]
# Three times what blocks of one second and two confirmations take.
ON_CHAIN_MS = 30_000


@pytest.fixture
def system() -> Iterator[Stack]:
    """Every process of the system, on ports and in a folder of its own."""
    # The path of a Unix socket has room for 100 bytes, which pytest's folders exceed.
    with tempfile.TemporaryDirectory(prefix="cal-", dir="/tmp") as folder:
        running = stack.start(
            Path(folder) / "demo", web_port=free_port(), database_url=None, story=Story()
        )
        try:
            wait_for(lambda: _is_ready(running), what="the system is ready", timeout_s=60)
            yield running
        finally:
            running.children.stop()


def _is_ready(running: Stack) -> bool:
    return httpx2.get(f"{running.settings.public_url}/health/ready").status_code == 200


def picture_of(code: Locator) -> Image.Image:
    """Photograph what a screen shows.

    A page that keeps itself fresh may swap the element at that very moment: try again then.
    """

    def shoot() -> bytes:
        with contextlib.suppress(PlaywrightError):
            return code.screenshot()
        return b""

    return Image.open(BytesIO(wait_for(shoot, what="a picture of the code")))


def sign_in(page: Page, url: str, email: str) -> None:
    """Sign in as people of the demo do, reading the mail in the local mailbox."""
    page.goto(f"{url}/connexion")
    page.fill("#email", email)
    page.click("main form .button")
    mailbox = page.context.new_page()
    mailbox.goto(f"{url}/boite-mail")
    line = mailbox.locator("a.line", has_text=email).first
    expect(line).to_be_visible()
    code = line.inner_text().split()[0]
    mailbox.close()
    page.fill("#code", code)
    page.click("main form:has(#code) .button")
    page.wait_for_url(f"{url}/")


def foreign_requests(page: Page, url: str) -> list[str]:
    """Collect requests that leave the site; the list fills while the page is used."""
    found: list[str] = []

    def note(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme.startswith("http") and parts.netloc != urlsplit(url).netloc:
            found.append(request.url)

    page.on("request", note)
    return found


def test_from_the_kiosks_code_to_the_merchants_euro(
    system: Stack, phone: Page, phone_with_camera: Camera, tmp_path: Path
) -> None:
    url = system.settings.public_url

    # A citizen without an account scans what the kiosk shows right now.
    phone.goto(system.kiosk_url)
    kiosk_code = phone.locator("#qr")
    expect(kiosk_code).to_be_visible()
    seen = write_video(tmp_path / "kiosk.mjpeg", [picture_of(kiosk_code)])
    lou = phone_with_camera(seen).new_page()
    foreign = foreign_requests(lou, url)
    lou.goto(f"{url}/scanner")
    lou.click("#open-camera")

    # The code is decoded in the page; the receipt follows by itself, without a reload.
    lou.wait_for_url("**/recus/*")
    expect(lou.locator('#receipt[data-state="confirming"]')).to_be_visible(timeout=ON_CHAIN_MS)
    expect(lou.locator("#amount")).to_contain_text("+2")
    receipt = lou.url

    # The points of the phone become those of an account, and are confirmed on chain.
    sign_in(lou, url, LOU)
    lou.goto(receipt)
    expect(lou.locator('#receipt[data-state="confirmed"]')).to_be_visible(timeout=ON_CHAIN_MS)
    lou.goto(f"{url}/")
    expect(lou.locator("#confirmed")).to_have_text("2")
    state = lou.context.storage_state()

    # The bakery asks for 1,5 points; the phone's camera reads the code on the till.
    till = phone
    sign_in(till, url, BAKER)
    till.goto(f"{url}/caisse")
    for key in ("1", ",", "5"):
        till.click(f'[data-key="{key}"]')
    till.click("#keypad-form .button-go")
    asked = till.locator("img.qr")
    expect(asked).to_be_visible()
    seen = write_video(tmp_path / "till.mjpeg", [picture_of(asked)])
    pocket = phone_with_camera(seen)
    pocket.add_cookies(state["cookies"])  # type: ignore[arg-type]  # what one gives, the other takes
    lou_pays = pocket.new_page()
    lou_pays.goto(f"{url}/scanner")
    lou_pays.click("#open-camera")
    lou_pays.wait_for_url("**/payer/*")
    lou_pays.click(".button-go")
    expect(lou_pays.locator("h1")).to_have_text("Payé")

    # The till says so at once; the takings follow once the chain has them, then the euro.
    expect(
        till.locator('#payment[data-state="accepted"], #payment .verdict-yes')
    ).not_to_have_count(0, timeout=ON_CHAIN_MS)
    # The words stay, the state goes on: a till that is left alone learns it too.
    expect(till.locator('#payment[data-state="confirmed"]')).to_be_visible(timeout=ON_CHAIN_MS)
    till.goto(f"{url}/caisse")
    expect(till.locator("#takings")).to_have_text("1,5", timeout=ON_CHAIN_MS)
    till.click("#till-cash .button")
    expect(till.locator("#takings")).to_have_text("0")
    expect(till.locator("#till-cash .badge-confirmed")).to_be_visible(timeout=ON_CHAIN_MS)
    lou_pays.goto(f"{url}/")
    expect(lou_pays.locator("#confirmed")).to_have_text("0,5")
    assert foreign == [], "no page may ask a third party"
