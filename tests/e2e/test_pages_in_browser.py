"""Every page in a real browser: accessible, without overflow, without errors or third parties."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import httpx2
import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, expect

from backend.collections.schemas import read_csv
from backend.payouts.service import Hold
from backend.rides import queries as ride_queries
from backend.rides import service as ride_service
from backend.rulebook import service as editions
from backend.workflows import pay_merchant, pay_out, solvency, staff_a_till, weigh
from tests.support import euro, rides, travel
from tests.support.clock import FrozenClock
from tests.support.looking import NARROWEST_PX, look
from tests.support.ports import free_port
from tests.support.town import EDITION, Town
from tests.support.waiting import wait_for

VIEWS: tuple[tuple[int, Literal["light", "dark"]], ...] = (
    (NARROWEST_PX, "light"),
    (390, "dark"),
    (1280, "light"),
)


@dataclass
class Street:
    """A town that is being served, and pages of it that are worth a look."""

    town: Town
    url: str
    server: uvicorn.Server
    pages: tuple[tuple[str, str | None], ...] = ()


@pytest.fixture
def street(sqlite_url: str, tmp_path: Path) -> Iterator[Street]:
    """Serve the town on a port of its own, with something on every page."""
    town = Town(sqlite_url, FrozenClock(datetime.now(UTC)), tmp_path / "mail")
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(town.app, port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_for(lambda: server.started, what="the server is up")
        street = Street(town, f"http://127.0.0.1:{port}", server)
        street.pages = _fill(street)
        yield street
    finally:
        server.should_exit = True
        thread.join(timeout=10)


def _fill(street: Street) -> tuple[tuple[str, str | None], ...]:
    town = street.town
    lou = town.citizen("lou@test.example", points=38)
    phone = httpx2.Client(base_url=street.url, cookies={"calanque": town.sign_in(lou)})

    def claim(code: str, key: str) -> dict[str, Any]:
        headers = {"Idempotency-Key": key * 8}
        answer: dict[str, Any] = phone.post(
            "/api/v1/claims", json={"code": code}, headers=headers
        ).json()
        return answer

    paid = claim(town.deposit_code(count=4), "a")["id"]
    town.decide()
    town.confirm_rewards(lou)
    used = town.slot_code()
    pending = claim(town.deposit_code(), "b")["id"]
    town.clock.advance(minutes=3)
    refused = claim(used, "c")["facts"]["claim_id"]
    with town.database.transaction() as session:
        ask = [
            pay_merchant.request(
                session,
                merchant_id=town.shop.id,
                units=units,
                label="Deux baguettes",
                at=town.clock.now(),
            ).id
            for units in (1250, 900)
        ]
        editions.draft(
            session,
            source_text=(EDITION.parent / "amp-2026-2.yaml").read_text(),
            author_account_id=town.editor.id,
            at=town.clock.now(),
        )
    town.forecast(2)
    assert phone.post(f"/api/v1/payments/{ask[1]}/accept").status_code == 200
    appeal = {"statement": "Le réseau était coupé."}
    assert phone.post(f"/api/v1/claims/{refused}/appeal", json=appeal).status_code == 201
    phone.close()
    station = _weigh(town)
    _owe(town)
    citizen = ("/", "/scanner", "/compte", f"/payer/{ask[0]}", f"/paiements/{ask[1]}", "/non")
    receipts = tuple(f"/recus/{claim_id}" for claim_id in (paid, pending, refused))
    public = ("/", "/connexion", "/boite-mail", "/aide", "/bareme/1", f"/S/{town.deposit_code()}")
    till = ("/caisse", f"/caisse/{ask[0]}", f"/caisse/{ask[1]}")
    back_office = ("/admin", "/admin/regles", "/admin/regles/2", "/admin/regles/nouvelle")
    return (
        *((path, lou) for path in (*citizen, *receipts)),
        *((path, None) for path in public),
        *((path, town.baker.id) for path in till),
        *((path, town.editor.id) for path in back_office),
        ("/admin/regles/2", town.approver.id),
        ("/admin/incidents", town.operator.id),
        ("/admin/examens", town.reviewer.id),
        *(("/trajets", who) for who in (None, lou)),
        (f"/trajets/{_travel(town, lou)}", lou),
        ("/admin/tresorerie", town.treasurer.id),
        *_market(town, lou),
        ("/versements", town.baker.id),
        ("/solvabilite", None),
        ("/carte", lou),
        ("/foyer", lou),
        ("/C/ABCD2345EFGH6789", None),
        ("/admin/autocollants", town.operator.id),
        ("/admin/collectes", town.operator.id),
        ("/admin/collectes", town.reviewer.id),
        (f"/admin/collectes/stations/{station}", town.operator.id),
    )


def _market(town: Town, lou: str) -> tuple[tuple[str, str | None], ...]:
    """Add a clerk, and name the pages of shops that nothing else shows."""
    with town.database.transaction() as session:
        clerk, _ = staff_a_till.hire(
            session,
            merchant_id=town.shop.id,
            name="Zoé",
            refund_limit_units=1000,
            now=town.clock.now(),
        )
    shop, team = town.shop.id, f"/caisse/equipe/{town.shop.id}"
    return (
        (team, town.baker.id),
        (f"{team}/{clerk.id}", town.baker.id),
        ("/caisse", clerk.account_id),
        ("/caisse/entrer", None),
        (f"/caisse/carte/{shop}", town.baker.id),
        (f"/caisse/sans-reseau/{shop}", town.baker.id),
        (f"/caisse/sans-reseau/{shop}", clerk.account_id),
        ("/sans-reseau", lou),
        *_share(town, lou),
        (f"/caisse/offres/{shop}", town.baker.id),
        (f"/boutique/{shop}", lou),
        ("/offres", lou),
        ("/dons", lou),
        ("/devenir-commercant", lou),
        ("/compte/preuves", lou),
        ("/admin/commercants", town.operator.id),
    )


def _travel(town: Town, account_id: str) -> str:
    """Let somebody cycle; return the id of the trip."""
    body = rides.ride(ended_at=town.clock.now())
    trip = travel.hand_in(town.database, town.clock, account_id, body)
    travel.judge(town.database, town.clock)
    town.decide()
    return trip.id


def _share(town: Town, driver: str) -> tuple[tuple[str, str | None], ...]:
    """Let somebody drive with two passengers, one of whom was proved to sit in the car."""
    now, rita = town.clock.now(), town.citizen("rita@test.example")
    with town.database.transaction() as session:
        ride = ride_service.open_ride(session, driver, at=now)
        ride_service.take_in(session, ride, town.baker.id, at=now)
        [proved] = ride_queries.seats_of(session, ride.id)
        ride_service.take_in(session, ride, rita, at=now)
        stretch = ride_service.Stretch(now, now + timedelta(minutes=20), 9_400)
        ride_service.decide(session, proved, labels=[], stretch=stretch, at=now)
    return (
        *(("/covoiturage", who) for who in (None, driver, town.baker.id)),
        (f"/covoiturage?mot={ride.word}&code=123456", town.baker.id),
        (f"/covoiturage/{ride.id}", driver),
    )


def _owe(town: Town) -> None:
    """Leave one payout of each kind that a treasurer has to see, and two days of figures."""
    reasons = ({"code": "velocity", "count": 4, "minutes": 10},)
    euro.give_account(town.database, town.clock, town.shop)
    euro.fund(town.database, town.clock, 50_000)
    euro.owe(town.database, town.clock, town.shop, cents=1_250)
    (reference,) = euro.references(euro.send(town.database, town.clock).xml)
    euro.owe(town.database, town.clock, town.shop, hold=Hold(reasons, until=None))
    euro.owe(town.database, town.clock, town.shop, cents=480)
    euro.draft(town.database, town.clock, by=town.second_treasurer.id)
    with town.database.transaction() as session:
        answer = euro.answer((reference, "retourne", "AC04"), ("0A1B2C3D", "paye", ""))
        pay_out.import_report(
            session, content=answer, name="retours.csv", by=town.treasurer.id, at=town.clock.now()
        )
        for days in (1, 0):
            day = town.clock.now().date() - timedelta(days=days)
            solvency.note(session, day=day, rate_micro_cents_per_unit=euro.RATE + days)


def _weigh(town: Town) -> str:
    """Let a lorry come twice: one closed round that is far too light, one still open."""
    now = town.clock.now()
    header = "round;ticket;station;material;collected_at;net_kg"
    for number, kg in enumerate(("0,9", "1,2")):
        line = f"T-{number};W-{number};1;glass;{now.isoformat()};{kg}"
        with town.database.transaction() as session:
            lines = read_csv(f"{header}\n{line}", known_materials={"glass"})
            weigh.import_weighings(session, lines, is_dry_run=False, now=now)
            if number == 0:
                [balance] = weigh.close_round(session, "T-0", by=town.operator.id, now=now)
                station = balance.station_id
    return station


def signed_in(
    browser: Browser, street: Street, account_id: str | None, **options: Any
) -> BrowserContext:
    """Open a browser window for somebody."""
    context = browser.new_context(locale="fr-FR", **options)
    if account_id is not None:
        token = street.town.sign_in(account_id)
        context.add_cookies([{"name": "calanque", "value": token, "url": street.url}])
    return context


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_each_page_is_accessible_and_quiet(
    street: Street, browser: Browser, width: int, scheme: Literal["light", "dark"]
) -> None:
    wrong = []
    windows: dict[str | None, BrowserContext] = {}
    for path, account_id in street.pages:
        if account_id not in windows:
            windows[account_id] = signed_in(
                browser,
                street,
                account_id,
                viewport={"width": width, "height": 800},
                color_scheme=scheme,
                bypass_csp=True,  # axe is ours, the page's policy is tested elsewhere
            )
        page = windows[account_id].new_page()
        wrong.extend(look(page, street.url, path))
        page.close()
    for window in windows.values():
        window.close()

    assert not wrong, "\n".join(wrong)


def test_the_pages_work_without_scripts(street: Street, browser: Browser) -> None:
    window = signed_in(browser, street, None, java_script_enabled=False)
    page = window.new_page()

    page.goto(f"{street.url}/scanner")
    expect(page.locator("#scanner")).to_be_hidden()
    page.fill("#code", street.town.slot_code())
    page.click("#by-hand .button")
    page.wait_for_url("**/recus/*")
    street.town.decide()
    page.reload()

    assert page.locator("#receipt").get_attribute("data-state") == "confirming"
    window.close()


def test_a_page_can_be_used_from_the_keyboard(street: Street, browser: Browser) -> None:
    window = signed_in(browser, street, None)
    page = window.new_page()
    page.goto(f"{street.url}/scanner")

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main"
    page.keyboard.press("Tab")

    assert page.evaluate("document.activeElement.id") == "open-camera"
    window.close()


def test_a_refused_camera_is_explained_and_typing_still_works(
    street: Street, browser: Browser
) -> None:
    window = signed_in(browser, street, None)
    page = window.new_page()
    page.goto(f"{street.url}/scanner")

    page.click("#open-camera")

    expect(page.locator("#problem")).to_contain_text("tapez le code ci-dessous", ignore_case=True)
    expect(page.locator("#code")).to_be_enabled()
    window.close()


def test_the_balance_changes_without_a_reload(street: Street, browser: Browser) -> None:
    account_id = street.town.citizen("zoe@test.example")
    window = signed_in(browser, street, account_id)
    page = window.new_page()
    page.goto(street.url)
    expect(page.locator("#confirmed")).to_have_text("0")

    code = street.town.deposit_code(count=3)
    headers = {"Idempotency-Key": "z" * 16}
    window.request.post(f"{street.url}/api/v1/claims", data={"code": code}, headers=headers)
    street.town.decide()
    expect(page.locator("#pending")).to_contain_text("6")
    street.town.confirm_rewards(account_id)

    # Half of it: the last weighing of this station halved what it releases at once.
    expect(page.locator("#confirmed")).to_have_text("3")
    window.close()
