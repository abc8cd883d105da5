"""An amount changes: written, costed, approved by a second person, announced, paid, explained."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect

from backend.rulebook import service as editions
from tests.support.clock import FrozenClock
from tests.support.ports import free_port
from tests.support.town import Town
from tests.support.waiting import wait_for

NOTICE_S = 30


@pytest.fixture
def served(sqlite_url: str, tmp_path: Path) -> Iterator[tuple[Town, str]]:
    """Serve a town whose clock stands until the test moves it."""
    town = Town(sqlite_url, FrozenClock(datetime.now(UTC)), tmp_path / "mail")
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(town.app, port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_for(lambda: server.started, what="the server is up")
        yield town, f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)


def page_of(browser: Browser, url: str, token: str) -> Page:
    context = browser.new_context(locale="fr-FR")
    context.add_cookies([{"name": "calanque", "value": token, "url": url}])
    return context.new_page()


def deposit(town: Town, url: str, token: str, key: str) -> str:
    """Post a deposit of one bottle at the bin; return the path of its receipt."""
    headers = {"Idempotency-Key": key * 8}
    with httpx2.Client(base_url=url, cookies={"calanque": token}, headers=headers) as phone:
        answer = phone.post("/api/v1/claims", json={"code": town.deposit_code(count=1)})
    town.decide()
    return f"/recus/{answer.json()['id']}"


def publish(town: Town) -> None:
    """Confirm the edition as the job does once the chain has it; it governs after the notice."""
    with town.database.transaction() as session:
        editions.mark_publishing(
            session, 2, batch_id="b", effective_from=town.clock.now() + timedelta(seconds=NOTICE_S)
        )
        editions.mark_published(session, "b", at=town.clock.now())


def test_a_new_amount_pays_after_its_notice_and_the_receipt_says_why(
    served: tuple[Town, str], browser: Browser
) -> None:
    town, url = served
    lou = town.sign_in(town.citizen("lou@test.example"))
    editor = page_of(browser, url, town.sign_in(town.editor.id))
    approver = page_of(browser, url, town.sign_in(town.approver.id))
    citizen = page_of(browser, url, lou)
    citizen.goto(url + deposit(town, url, lou, "a"))
    expect(citizen.locator("main")).to_contain_text("1 × 2 points = 2 points")

    editor.goto(f"{url}/admin/regles/nouvelle")
    text = editor.input_value("#document")
    changed = text.replace("amp-2026-1", "amp-2026-2").replace("number: 1\n", "number: 2\n")
    changed = changed.replace("type: fixed, units: 200", "type: fixed, units: 300", 1)
    assert changed.count("units: 300") > text.count("units: 300")
    editor.fill("#document", changed)
    editor.get_by_role("button", name="brouillon").last.click()
    expect(editor.locator("h1")).to_contain_text("2")
    expect(editor.locator("#edition .button-go")).to_have_count(0)
    expect(editor.locator("#forecast")).to_have_attribute("data-state", "waiting")

    approver.goto(f"{url}/admin/regles/2")
    expect(approver.locator("#edition .button-go")).to_have_count(0)
    town.forecast(2)
    approver.reload()
    expect(approver.locator("#forecast svg.chart").first).to_be_visible()
    expect(approver.locator("main")).to_contain_text("2 points → 3 points")
    with approver.expect_download() as report:
        approver.locator("#forecast a[href$='.pdf']").click()
    assert report.value.path().read_bytes().startswith(b"%PDF")
    approver.locator("#edition .button-go").click()
    expect(approver.locator("#edition")).to_have_attribute("data-state", "approved")

    publish(town)
    approver.reload()
    expect(approver.locator("[data-countdown]")).to_be_visible()
    citizen.goto(url + deposit(town, url, lou, "b"))
    expect(citizen.locator("main")).to_contain_text("1 × 2 points = 2 points")
    town.clock.advance(seconds=NOTICE_S + 1)
    citizen.goto(url + deposit(town, url, lou, "c"))

    expect(citizen.locator("main")).to_contain_text("1 × 3 points = 3 points")
    expect(citizen.locator("main")).to_contain_text("amp-2026-2")
    for page in (editor, approver, citizen):
        page.context.close()
