"""Record a ride with Chromium's emulated geolocation: lock, reload, private zone, map, receipt.

The receiver is emulated, the time of the page is advanced by the test; everything else is real.
"""

import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import BrowserContext, Page, expect

from tests.support import rides
from tests.support.clock import FrozenClock
from tests.support.ports import free_port
from tests.support.town import Town
from tests.support.travel import decide, judge
from tests.support.waiting import wait_for

STEP_S = 8
"""The page gets a fix so often; a phone in the hand gives one a second."""
TELLINGS, PATIENCE_MS = 10, 30_000
"""On a busy machine a page may take seconds to wake; only then is anything told twice."""
# The browser stamps a fix with its own clock, which the page's advanced time does not move.
STAMP = """
const watch = navigator.geolocation.watchPosition.bind(navigator.geolocation);
navigator.geolocation.watchPosition = (found, failed, options) =>
  watch(({ coords }) => found({ coords, timestamp: Date.now() }), failed, options);
"""


@pytest.fixture
def town(sqlite_url: str, tmp_path: Path) -> Iterator[tuple[Town, str]]:
    """A town that is being served, at its address."""
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


def fixes(town: Town) -> list[rides.Row]:
    """Return a real ride with one fix every few seconds, ending now."""
    every: list[rides.Row] = []
    for row in rides.rows(rides.BIKE, ended_at=town.clock.now()):
        if not every or row[0] - every[-1][0] >= STEP_S:
            every.append(row)
    return every


def ride(page: Page, part: list[rides.Row], *, start_at: int) -> None:
    """Move the receiver along, the time of the page with it."""
    for number, (t, lat, lon, accuracy, *_) in enumerate(part, start=start_at + 1):
        page.clock.set_fixed_time(datetime.fromtimestamp(t, UTC))
        arrive(page, lat, lon, accuracy, number=number)


def arrive(page: Page, lat: float, lon: float, accuracy: float, *, number: int) -> None:
    """Let the receiver tell a place until the page has counted it as its fix of that number.

    What is told to a page that is just waking, or has not asked yet, may be lost; told again at
    the same time of the page it counts once.
    """
    counted = re.compile(rf"^{number}$")
    for attempt in range(TELLINGS):
        # A receiver that says exactly the same again may stay silent: a millimetre is a change.
        page.context.set_geolocation(
            {"latitude": lat, "longitude": lon, "accuracy": accuracy + attempt / 1000}
        )
        try:
            expect(page.locator("#recorder")).to_have_attribute(
                "data-fixes", counted, timeout=PATIENCE_MS / TELLINGS
            )
        except AssertionError:
            if attempt == TELLINGS - 1:
                raise
        else:
            return


def lock(page: Page, state: str) -> None:
    """Freeze the page as a locked phone does, or wake it."""
    page.context.new_cdp_session(page).send("Page.setWebLifecycleState", {"state": state})


def test_a_ride_survives_lock_and_reload_and_ends_on_a_map(
    town: tuple[Town, str], phone: Page, tmp_path: Path
) -> None:
    place, url = town
    way = fixes(place)
    context: BrowserContext = phone.context
    context.grant_permissions(["geolocation"])
    phone.add_init_script(STAMP)
    phone.clock.install(time=datetime.fromtimestamp(way[0][0], UTC) - timedelta(seconds=10))
    phone.goto(f"{url}/trajets")

    phone.get_by_role("button", name="Partir").click()
    first, second, third = way[:50], way[50:70], way[70:]
    ride(phone, first, start_at=0)
    phone.screenshot(path=tmp_path / "recording.png", full_page=True)

    lock(phone, "frozen")
    lock(phone, "active")
    ride(phone, second, start_at=50)

    phone.get_by_role("button", name="Pause").click()
    expect(phone.locator("#recorder")).to_have_attribute("data-state", "paused")
    phone.reload()
    expect(phone.locator("#recorder")).to_have_attribute("data-fixes", "70")
    phone.get_by_role("button", name="Reprendre").click()
    # The watch begins with the place where it stands; a fix must be newer than the last one.
    ride(phone, third, start_at=70)

    phone.get_by_text("Zones privées").click()
    phone.get_by_role("button", name="Cacher l’endroit où je suis").click()
    expect(phone.locator("#zones li")).to_have_count(1)
    phone.get_by_role("button", name="Arrivée").click()
    expect(phone.locator("#recorder-status")).to_contain_text("restent sur ce téléphone")
    with phone.expect_request(re.compile("/api/v1/trips")) as sent:
        phone.get_by_role("button", name="Envoyer ce trajet").click()
    points = json.loads(sent.value.post_data or "")["points"]
    assert len(points) < len(way), "the private zone stays on the phone"
    phone.wait_for_url(re.compile(r"/trajets/[0-9a-f]{32}$"))

    assert judge(place.database, place.clock)
    outcome = decide(place.database, place.clock)
    phone.clock.resume()
    phone.reload()

    expect(phone.locator("h1")).to_have_text("Trajet à vélo")
    expect(phone.locator("#trip")).to_have_attribute("data-state", "held")
    assert outcome.units == 20
    expect(phone.locator("svg.map .map-leg-bike")).to_have_count(1)
    expect(phone.get_by_text("ADEME Impact CO2").first).to_be_attached()
    phone.screenshot(path=tmp_path / "trip.png", full_page=True)
    phone.get_by_role("link", name="Reçu des points").click()
    expect(phone.locator("#amount")).to_contain_text("0,2")
    phone.goto(f"{url}/trajets")
    expect(phone.locator("#trips .line")).to_have_count(1)
    expect(phone.locator("#recorder")).to_have_attribute("data-state", "idle")
    phone.screenshot(path=tmp_path / "trips.png", full_page=True)


def test_a_file_is_handed_in_without_scripts(
    town: tuple[Town, str], phone: Page, tmp_path: Path
) -> None:
    place, url = town
    file = tmp_path / "sortie.json"
    assert phone.context.browser is not None
    context = phone.context.browser.new_context(java_script_enabled=False, locale="fr-FR")
    page = context.new_page()
    page.goto(f"{url}/trajets")

    file.write_bytes(b"%PDF")
    page.get_by_label("Fichier d’une montre").set_input_files(file)
    page.get_by_role("button", name="Déposer").click()
    expect(page.locator("#file-problem")).to_contain_text("Ce fichier n’est pas une trace")

    file.write_bytes(rides.ride(ended_at=place.clock.now()))
    page.get_by_label("Fichier d’une montre").set_input_files(file)
    page.get_by_role("button", name="Déposer").click()
    page.wait_for_url(re.compile(r"/trajets/[0-9a-f]{32}$"))
    expect(page.locator("#trip")).to_have_attribute("data-state", "pending")
    judge(place.database, place.clock)
    decide(place.database, place.clock)
    page.reload()
    expect(page.locator("svg.map")).to_be_visible()
    page.get_by_role("button", name="Effacer la carte maintenant").click()
    expect(page.locator("svg.map")).to_have_count(0)
    expect(page.locator(".legs li")).to_have_count(1)
    context.close()
