"""What is wrong with a page that a browser shows: axe, overflow, small targets, noise."""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page

from tests.support.browser import ROOT

AXE = (ROOT / "node_modules/axe-core/axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Links inside sentences may be smaller (WCAG 2.2, 2.5.8); what stands alone may not.
SMALL = """[...document.querySelectorAll('a, button, summary, input:not([type=hidden])')]
  .filter((e) => e.getBoundingClientRect().width && e.getBoundingClientRect().height < 44)
  .filter((e) => !e.closest('p, dd, td, .skip')).map((e) => e.outerHTML.slice(0, 120))"""
EXPECTED = re.compile(r"status of (404|409|422) ")
"""What pages answer on purpose: no such page, and forms that come back with what is wrong."""
NARROWEST_PX = 320
"""What WCAG 2.2 asks to reflow to (1.4.10)."""


def look(page: Page, url: str, path: str) -> list[str]:
    """Open a page and return what is wrong with it.

    The narrowest view only adds its width: axe would find there what it finds at 390 px.
    """
    wrong = listen(page, url)
    page.goto(url + path)
    wrong.extend(audit(page))
    return [f"{path}: {problem}" for problem in wrong]


def listen(page: Page, url: str) -> list[str]:
    """Return a list that fills with script errors and requests to third parties."""
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(f"script error: {error}"))
    page.on(
        "request",
        lambda r: (
            wrong.append(f"third party: {r.url}")
            if urlsplit(r.url).netloc not in (urlsplit(url).netloc, "")
            else None
        ),
    )
    page.on(
        "console",
        lambda m: (
            wrong.append(f"console: {m.text}")
            if m.type == "error" and not EXPECTED.search(m.text)
            else None
        ),
    )
    return wrong


def audit(page: Page) -> list[str]:
    """Return what is wrong with what is shown now."""
    wrong: list[str] = []
    view_px = page.evaluate("innerWidth")
    if view_px > NARROWEST_PX:
        page.evaluate(AXE)
        found = page.evaluate("(rules) => axe.run({ runOnly: rules })", RULES)
        wrong.extend(
            f"axe {violation['id']}: {violation['nodes'][0]['html'][:160]}"
            for violation in found["violations"]
        )
    page_px = page.evaluate("document.documentElement.scrollWidth")
    if page_px > view_px:
        wrong.append(f"{page_px} px wide")
    wrong.extend(f"small target: {html}" for html in page.evaluate(SMALL))
    picture(page)
    return wrong


def picture(page: Page) -> None:
    """Keep a picture of the page in the folder that SCREENSHOTS names, if it names one."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        name = re.sub(r"[0-9a-f]{32}", "ID", urlsplit(page.url).path).strip("/").replace("/", "-")
        width = page.evaluate("innerWidth")
        page.screenshot(path=Path(folder) / f"{name or 'home'}-{width}.png", full_page=True)
