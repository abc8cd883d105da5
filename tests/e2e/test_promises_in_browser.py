"""The network is gone: a phone signs, a till keeps, and everything is paid when it is back."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect
from sqlmodel import select

from backend.accounts import queries as account_queries
from backend.market.models import Payment
from backend.market.rules import PaymentState
from backend.promises import service as promises
from backend.promises.models import ArrivedPromise
from backend.workflows import pay_merchant
from tests.support.browser import PHONE, ROOT, TIMEOUT_MS
from tests.support.clock import FrozenClock
from tests.support.serving import served
from tests.support.town import Town
from tests.support.waiting import wait_for

TABLET: ViewportSize = {"width": 800, "height": 1280}
READ = """async (image) => {
  const { decoder } = document.querySelector("[data-decoder]").dataset;
  const { prepareZXingModule, BarcodeDetector } = await import(decoder);
  prepareZXingModule({ overrides: { locateFile: () => "/static/vendor/zxing_reader.wasm" } });
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 680;
  const pen = canvas.getContext("2d");
  pen.imageSmoothingEnabled = false;
  pen.drawImage(image, 0, 0, 680, 680);
  const [found] = await new BarcodeDetector({ formats: ["qr_code"] }).detect(canvas);
  return found?.rawValue;
}"""
"""What a camera would see: the picture on the screen, at the size of a phone's."""


@dataclass
class Street:
    """A shop's tablet and a citizen's phone, each with its own cookies and its own network."""

    town: Town
    url: str
    till: Page
    phone: Page

    @property
    def till_path(self) -> str:
        return f"/caisse/sans-reseau/{self.town.shop.id}"

    def cut(self, *, is_cut: bool = True) -> None:
        """Take the network from both, or give it back."""
        for page in (self.till, self.phone):
            page.context.set_offline(is_cut)

    def ask(self, amount: str) -> str:
        """Type an amount at the till; return the address in its code."""
        self.till.fill("#amount", amount)
        self.till.click("#keypad-form .button-go")
        expect(self.till.locator("#sale-code")).to_be_visible()
        return str(self.till.locator("#sale-code").evaluate(READ))

    def sign(self, link: str) -> str:
        """Open it on the phone and say yes; return what its screen says to a camera."""
        self.phone.goto(self.url + "/h/" + link.rpartition("/")[2])
        self.phone.click("#confirm")
        expect(self.phone.locator("#shown-code")).to_be_visible()
        return str(self.phone.locator("#shown-code").evaluate(READ))

    def take(self, code: str) -> None:
        """Let the till's reader write the code into its field."""
        self.till.fill("#code", code)
        self.till.click("#answer-form .button-quiet")


def _window(browser: Browser, url: str, token: str, viewport: ViewportSize) -> BrowserContext:
    context = browser.new_context(locale="fr-FR", viewport=viewport)
    context.add_cookies([{"name": "calanque", "value": token, "url": url}])
    context.set_default_timeout(2 * TIMEOUT_MS)
    return context


@pytest.fixture
def street(browser: Browser, sqlite_url: str, tmp_path: Path) -> Iterator[Street]:
    town = Town(sqlite_url, FrozenClock(datetime.now(UTC)), tmp_path / "mail")
    with town.database.transaction() as session:
        promises.set_limits(
            session,
            town.shop.id,
            limit_units=3_000,
            clerk_units=0,
            decided_by=town.baker.id,
            at=town.clock.now(),
        )
    lou = town.citizen("lou@test.example", points=50)
    # A till tries again after fifteen seconds and more.
    expect.set_options(timeout=2 * TIMEOUT_MS)
    with served(town.app) as url:
        windows = [
            _window(browser, url, town.sign_in(town.baker.id), TABLET),
            _window(browser, url, town.sign_in(lou), PHONE),
        ]
        street = Street(town, url, *(window.new_page() for window in windows))
        _prepare(street)
        yield street
        for window in windows:
            window.close()
    expect.set_options(timeout=None)


def _prepare(street: Street) -> None:
    """Open both pages once with network, as on a day before."""
    street.phone.goto(street.url + "/sans-reseau")
    street.phone.click("#prepare")
    expect(street.phone.locator("#ready-text")).to_contain_text("encore 50 points")
    street.till.goto(street.url + street.till_path)
    expect(street.till.locator("#network")).to_have_text("En ligne")
    for page in (street.phone, street.till):
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        # The worker answers for a page that was loaded after it took over.
        page.reload()
        page.wait_for_function("navigator.serviceWorker.controller !== null")
        page.wait_for_function("caches.has('calanque-private')")


AXE = (ROOT / "node_modules/axe-core/axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SMALL = """[...document.querySelectorAll('a, button, summary, input:not([type=hidden])')]
  .filter((e) => e.getBoundingClientRect().width && e.getBoundingClientRect().height < 44)
  .filter((e) => !e.closest('p, dd, td, .skip')).map((e) => e.outerHTML.slice(0, 120))"""


def _wrong(page: Page, step: str) -> list[str]:
    """Return what is wrong with what a page shows now, as it is and 320 px wide."""
    page.evaluate(AXE)
    found = page.evaluate("(rules) => axe.run({ runOnly: rules })", RULES)["violations"]
    wrong = [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in found]
    wrong += page.evaluate(SMALL)
    view = page.viewport_size
    page.set_viewport_size({"width": 320, "height": 800})
    width_px = page.evaluate("document.documentElement.scrollWidth")
    if view is not None:
        page.set_viewport_size(view)
    if width_px > 320:
        wrong.append(f"{width_px} px wide")
    return [f"{step}: {problem}" for problem in wrong]


def test_each_step_is_accessible_on_both_screens(street: Street) -> None:
    street.cut()
    street.till.goto(street.url + street.till_path)
    wrong = _wrong(street.till, "ask")
    link = street.ask("12,5")
    wrong += _wrong(street.till, "sale")
    street.take("CLQ1:")
    wrong += _wrong(street.till, "problem")
    street.phone.goto(street.url + "/h/" + link.rpartition("/")[2])
    expect(street.phone.locator("#sale")).to_be_visible()
    wrong += _wrong(street.phone, "phone sale")
    street.take(street.sign(link))
    wrong += _wrong(street.phone, "phone shown")
    expect(street.till.locator("#taken")).to_be_visible()
    wrong += _wrong(street.till, "taken")
    street.phone.click("#shown [data-again]")
    wrong += _wrong(street.phone, "phone signed")

    assert not wrong, "\n".join(wrong)


def _payments(street: Street) -> list[Payment]:
    with street.town.database.reading() as session:
        return list(session.exec(select(Payment).order_by(Payment.id)).all())


def test_a_phone_pays_without_network_and_the_till_sends_it_later(street: Street) -> None:
    street.cut()
    street.till.goto(street.url + "/caisse")
    expect(street.till.locator("#network")).to_have_text("Hors ligne · non garanti")
    street.phone.goto(street.url + "/")
    expect(street.phone.locator("#network")).to_be_visible()
    expect(street.phone.locator("#balance .till-total")).to_contain_text("50")

    code = street.sign(street.ask("12,5"))
    expect(street.phone.locator("#shown")).to_contain_text("Boulangerie du Port")
    street.take(code)

    verdict = street.till.locator(".till-verdict")
    expect(verdict).to_have_text("NON GARANTI HORS LIGNE", use_inner_text=True)
    expect(street.till.locator("#taken-amount")).to_have_text("12,5")
    expect(street.till.locator("#unsent-count")).to_have_text("1")
    assert _payments(street) == []

    street.till.goto("about:blank")
    street.till.goto(street.url + "/caisse")
    expect(street.till.locator("#queue [data-state=unsent]")).to_contain_text("12,5")

    street.cut(is_cut=False)

    expect(street.till.locator("#queue [data-state=accepted]")).to_contain_text("garanti")
    expect(street.till.locator("#unsent-count")).to_have_text("0")
    (payment,) = _payments(street)
    assert (payment.state, payment.units) == (PaymentState.ACCEPTED, 1_250)
    street.phone.goto(street.url + "/sans-reseau")
    expect(street.phone.locator("#signed [data-state=accepted]")).to_contain_text("Voir le reçu")
    street.town.settle_payments()
    street.phone.click("#signed a")
    expect(street.phone.locator("#receipt")).to_contain_text("Inscrit au registre")


def test_a_code_that_was_shown_before_is_refused_at_the_counter_and_by_the_server(
    street: Street,
) -> None:
    street.cut()
    code = street.sign(street.ask("5"))
    street.take(code)
    expect(street.till.locator("#taken")).to_be_visible()
    street.till.click("#taken [data-again]")

    street.ask("5")
    street.take(code)

    expect(street.till.locator("#code-problem")).to_contain_text("autre vente")
    expect(street.till.locator("#unsent-count")).to_have_text("1")
    street.cut(is_cut=False)
    expect(street.till.locator("#queue [data-state=accepted]")).to_have_count(1)
    answer = street.till.context.request.post(
        street.url + street.till_path, data={"code": code}
    ).json()
    (payment,) = _payments(street)
    assert (answer["state"], answer["payment"]) == ("accepted", payment.id)


def test_the_till_says_no_above_its_limits_and_to_a_code_of_nobody(street: Street) -> None:
    street.cut()
    for amount, words in (("20,01", "Plus de 20 points"), ("beaucoup", "Tapez un montant")):
        street.till.fill("#amount", amount)
        street.till.click("#keypad-form .button-go")
        expect(street.till.locator("#amount-problem")).to_contain_text(words)
    street.take(street.sign(street.ask("20")))
    street.till.click("#taken [data-again]")
    street.till.fill("#amount", "10,01")
    street.till.click("#keypad-form .button-go")
    expect(street.till.locator("#amount-problem")).to_contain_text("encore 10 points")

    link = street.ask("10")
    code = street.sign(link)
    forged = code[:-3] + ("000" if code[-3:] != "000" else "111")
    street.take(forged)

    expect(street.till.locator("#code-problem")).to_contain_text("Ne donnez rien")
    expect(street.till.locator("#unsent-count")).to_have_text("1")


def test_a_payment_that_is_not_covered_any_more_is_refused_in_words_on_both_screens(
    street: Street,
) -> None:
    street.cut()
    street.take(street.sign(street.ask("20")))
    _spend_online(street)

    street.cut(is_cut=False)

    expect(street.till.locator("#queue [data-state=refused]")).to_contain_text(
        "plus assez de points"
    )
    verdict = street.till.locator("#taken .till-verdict")
    expect(verdict).to_have_text("REFUSÉ", use_inner_text=True)
    street.phone.goto(street.url + "/sans-reseau")
    expect(street.phone.locator("#signed [data-state=refused]")).to_contain_text("aucun point pris")
    with street.town.database.reading() as session:
        (arrived,) = session.exec(select(ArrivedPromise)).all()
    assert arrived.refusal_code == "balance_gone"


def _spend_online(street: Street) -> None:
    """Pay 40 of 50 points elsewhere, on a phone that has network."""
    token = next(c["value"] for c in street.phone.context.cookies() if c["name"] == "calanque")
    with street.town.database.transaction() as session:
        asked = pay_merchant.request(
            session,
            merchant_id=street.town.other_shop.id,
            units=4_000,
            label="",
            at=street.town.clock.now(),
        )
        lou = _account(street, token)
        pay_merchant.pay(session, payment_id=asked.id, account_id=lou, now=street.town.clock.now())


def _account(street: Street, token: str) -> str:
    with street.town.database.reading() as session:
        actor = account_queries.actor_of_token(session, token, street.town.clock.now())
        assert actor is not None
        return actor.account_id


def test_signing_out_forgets_what_is_private_and_keeps_the_shops_queue(street: Street) -> None:
    street.cut()
    street.take(street.sign(street.ask("5")))
    expect(street.till.locator("#unsent-count")).to_have_text("1")
    street.phone.context.set_offline(False)

    street.phone.goto(street.url + "/compte")
    street.phone.get_by_role("button", name="Se déconnecter", exact=True).click()
    wait_for(
        lambda: street.phone.evaluate("caches.has('calanque-private')") is False,
        what="the kept page is gone",
    )

    assert json.loads(street.phone.evaluate(KEPT)) == {"facts": 0, "signed": 0, "queue": 0}
    assert json.loads(street.till.evaluate(KEPT)) == {"facts": 1, "signed": 0, "queue": 1}


KEPT = """async () => {
  const base = await new Promise((done) => {
    indexedDB.open("calanque-promises", 1).onsuccess = (event) => done(event.target.result);
  });
  const count = (name) => new Promise((done) => {
    const asked = base.transaction(name).objectStore(name).count();
    asked.onsuccess = () => done(asked.result);
  });
  const found = {};
  for (const name of ["facts", "signed", "queue"]) found[name] = await count(name);
  base.close();
  return JSON.stringify(found);
}"""
