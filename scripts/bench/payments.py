"""Measure a payment from the tap to "accepté" on both screens, with many tills at once.

Starts the whole system of the demo (blocks of one second) and Chromium; every till and every
phone is a browser of its own, told by the stream of events as people's are. Prints p50, p95 and
the longest, in seconds, of: provisional (points set aside) and confirmed (in the register).
"""

import argparse
import asyncio
import subprocess
import tempfile
from pathlib import Path
from random import Random

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from backend.demo import seed, stack
from backend.demo.console import Story
from backend.demo.journey import wait_until_ready
from backend.demo.people import Person
from backend.demo.stack import Stack
from backend.demo.terminals import deposit_url

ROOT = Path(__file__).parents[2]
UNITS = 3
SEED = 8
BALANCE = "/api/v1/me/balance"
DEPOSITS = 2
PATIENCE_S = 60
# Notes when each state of the payment is first on the screen; the clock is the machine's. It
# observes instead of asking: forty pages that ask every few milliseconds are a load of their own.
WATCH = """
window.seen = {};
const note = () => {
  const state = document.querySelector('#payment, #receipt')?.dataset.state;
  if (state && !window.seen[state]) window.seen[state] = Date.now();
};
const where = { subtree: true, childList: true, attributes: true, attributeFilter: ['data-state'] };
new MutationObserver(note).observe(document, where);
"""
ASK_MS = 500
SOLD = ("accepted", "authorised", "batched", "confirmed")
TAP = """() => {
  const now = Date.now();
  setTimeout(() => document.querySelector('.button-go').click(), 0);
  return now;
}"""


def main() -> None:
    """Start the system, play the rounds, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tills", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--spread-s",
        type=float,
        default=20.0,
        help="taps come at random within so long; 0: at once",
    )
    chosen = parser.parse_args()
    # The path of a Unix socket has room for 100 bytes.
    with tempfile.TemporaryDirectory(prefix="cal-", dir="/tmp") as folder:
        running = stack.start(
            Path(folder) / "demo", web_port=8765, database_url=None, story=Story()
        )
        try:
            asyncio.run(
                _measure(
                    running, tills=chosen.tills, rounds=chosen.rounds, spread_s=chosen.spread_s
                )
            )
        finally:
            running.children.stop()


async def _measure(running: Stack, *, tills: int, rounds: int, spread_s: float) -> None:
    url = running.settings.public_url
    people = await asyncio.to_thread(_cast, running)
    citizen, baker = people
    dice = Random(SEED)  # noqa: S311 - moments, no secrets
    async with async_playwright() as playwright:
        path = subprocess.run(  # noqa: ASYNC221 - our own script, before anything is timed
            [ROOT / "scripts/dev/browser.sh"], capture_output=True, text=True, check=True
        ).stdout.strip()
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        phones = [await _page(browser, url, citizen) for _ in range(tills)]
        screens = [await _page(browser, url, baker) for _ in range(tills)]
        provisional: list[float] = []
        confirmed: list[float] = []
        for number in range(rounds):
            pairs = list(zip(phones, screens, strict=True))
            asked = [await asyncio.to_thread(_ask, baker, number) for _ in pairs]
            for (phone, screen), payment_id in zip(pairs, asked, strict=True):
                await screen.goto(f"{url}/caisse/{payment_id}")
                await phone.goto(f"{url}/payer/{payment_id}")
            waits_s = [dice.uniform(0, spread_s) for _ in pairs]
            found = await asyncio.gather(
                *(_pay(*pair, wait_s) for pair, wait_s in zip(pairs, waits_s, strict=True))
            )
            provisional += [first for first, _ in found]
            confirmed += [last for _, last in found]
        await browser.close()
    for name, values in (("provisional", provisional), ("confirmed", confirmed)):
        values.sort()
        p50, p95 = values[len(values) // 2], values[int(len(values) * 0.95)]
        print(
            f"{name}: p50 {p50:.2f} s, p95 {p95:.2f} s, longest {values[-1]:.2f} s "
            f"({len(values)} payments, {tills} tills, taps within {spread_s:.0f} s)"
        )


def _cast(running: Stack) -> tuple[Person, Person]:
    mail, url = running.settings.maildir, running.settings.public_url
    citizen, baker = Person("the citizen", url, mail), Person("the bakery", url, mail)
    wait_until_ready(citizen)
    citizen.arrive()
    citizen.sign_in("bench@demo.calanque.example")
    for _ in range(DEPOSITS):
        citizen.scan(deposit_url(running, material="glass", count=3, mass_g=1250))
    citizen.wait("points to spend", BALANCE, lambda found: found["confirmed_units"] > 0, PATIENCE_S)
    baker.sign_in(seed.SHOPS[0][2])
    baker.wait(
        "the shop is registered",
        "/api/v1/merchants/mine",
        lambda shops: shops[0]["state"] == "active",
        PATIENCE_S,
    )
    return citizen, baker


def _ask(baker: Person, number: int) -> str:
    shop = baker.get("/api/v1/merchants/mine")[0]
    body = {"merchant_id": shop["id"], "units": UNITS, "label": f"round {number}"}
    return str(baker.post("/api/v1/payments", body)["id"])


async def _page(browser: Browser, url: str, person: Person) -> Page:
    # A context per screen: a browser allows six connections to a site, and streams hold one.
    # The pages forbid eval, with which Playwright waits.
    context: BrowserContext = await browser.new_context(bypass_csp=True)
    await context.add_cookies(
        [{"name": name, "value": value, "url": url} for name, value in person.cookies().items()]
    )
    await context.add_init_script(WATCH)
    return await context.new_page()


async def _pay(phone: Page, screen: Page, wait_s: float) -> tuple[float, float]:
    await asyncio.sleep(wait_s)
    tapped_ms = await phone.evaluate(TAP)
    await phone.wait_for_url("**/paiements/*", timeout=PATIENCE_S * 1000)
    seen = []
    for page in (phone, screen):
        await page.wait_for_function(
            "window.seen.confirmed", polling=ASK_MS, timeout=PATIENCE_S * 1000
        )
        seen.append(await page.evaluate("window.seen"))
    first_ms = max(min(s[state] for state in SOLD if state in s) for s in seen)
    last_ms = max(s["confirmed"] for s in seen)
    return (first_ms - tapped_ms) / 1000, (last_ms - tapped_ms) / 1000


if __name__ == "__main__":
    main()
