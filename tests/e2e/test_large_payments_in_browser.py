"""A proof in a browser: choose a PIN or add a passkey, prove a large payment or a departure."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlmodel import select
from webauthn import verify_authentication_response
from webauthn.helpers import base64url_to_bytes

from backend.accounts import queries as account_queries
from backend.custody.models import CustodyMove
from backend.factors import service as factors
from backend.factors.models import Factor, WalletFacts
from backend.market.models import Payment
from backend.workflows import pay_merchant, prove_departure, prove_payment
from tests.support.browser import PHONE, TIMEOUT_MS
from tests.support.builders import CHAIN_ID, GENESIS
from tests.support.clock import FrozenClock
from tests.support.fake_services import PIN_KEY
from tests.support.fakes import CONTRACTS
from tests.support.serving import served
from tests.support.town import Town

OWN_WALLET = "0x9858EfFD232B4033E47d90003D41EC34EcaEda94"
"""The first address of the all-abandon test mnemonic of BIP 39."""
OLD_TABLET = {"width": 768, "height": 1024}


@pytest.fixture
def town(sqlite_url: str, tmp_path: Path) -> Town:
    """A town whose pages know to which key PINs are sealed."""
    town = Town(sqlite_url, FrozenClock(datetime.now(UTC)), tmp_path / "mail")
    with town.database.transaction() as session:
        facts = WalletFacts(
            genesis_hash=GENESIS,
            chain_id=CHAIN_ID,
            desk=CONTRACTS["RedemptionDesk"],
            token=CONTRACTS["EcoToken"],
            pin_key=PIN_KEY,
            noted_at=town.clock.now(),
        )
        factors.note_wallet(session, facts)
    return town


@pytest.fixture
def street(town: Town) -> Iterator[str]:
    """The town's address under the one name that passkeys accept without TLS."""
    with served(town.app) as url:
        yield url.replace("127.0.0.1", "localhost")


def screen(browser: Browser, street: str, token: str, **options: object) -> BrowserContext:
    context = browser.new_context(locale="fr-FR", **options)  # type: ignore[arg-type]  # Playwright's own names
    context.add_cookies([{"name": "calanque", "value": token, "url": street}])
    context.set_default_timeout(TIMEOUT_MS)
    return context


@pytest.fixture
def till(browser: Browser, street: str, town: Town) -> Iterator[Page]:
    """The bakery's till on an old tablet, asking for 550 points."""
    context = screen(browser, street, town.sign_in(town.baker.id), viewport=OLD_TABLET)
    page = context.new_page()
    page.goto(f"{street}/caisse")
    page.fill("#amount", "550")
    page.click("#keypad-form .button-go")
    expect(page.locator("img.qr")).to_be_visible()
    yield page
    context.close()


@pytest.fixture
def phone(browser: Browser, street: str, town: Town) -> Iterator[Page]:
    """The phone of a citizen with 600 points."""
    lou = town.citizen("lou@test.example", points=600)
    context = screen(browser, street, town.sign_in(lou), viewport=PHONE)
    yield context.new_page()
    context.close()


def stored_payment(town: Town) -> Payment:
    with town.database.reading() as session:
        return session.exec(select(Payment).where(Payment.units == 55_000)).one()


def enrol(phone: Page, town: Town) -> Factor:
    """Do what the job does once the wallet service has taken the factor that the page lists."""
    expect(phone.locator("#factors .badge")).to_have_text("en cours")
    with town.database.reading() as session:
        factor = session.exec(select(Factor)).one()
    with town.database.transaction() as session:
        factors.note_enrolled(session, factor.id, active_from=town.clock.now())
    return factor


def add_passkey(phone: Page, street: str) -> None:
    """Give the phone an authenticator, and let its owner add a passkey."""
    devtools = phone.context.new_cdp_session(phone)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    phone.goto(f"{street}/compte/preuves")
    phone.get_by_role("button", name="Ajouter une clé").click()


def assert_signed(proof: dict[str, Any], factor: Factor, challenge: bytes, street: str) -> None:
    """Check a passkey's answer as the wallet service does."""
    assert factor.material is not None
    verified = verify_authentication_response(
        credential=proof["assertion"],
        expected_challenge=challenge,
        expected_rp_id="localhost",
        expected_origin=street,
        credential_public_key=base64url_to_bytes(factor.material["public_key"]),
        credential_current_sign_count=0,
        require_user_verification=True,
    )
    assert verified.user_verified


def pay_page(till: Page) -> str:
    return till.url.replace("/caisse/", "/payer/")


def test_a_pin_is_chosen_typed_and_both_screens_say_accepted(
    till: Page, phone: Page, street: str, town: Town
) -> None:
    phone.goto(pay_page(till))
    phone.get_by_role("link", name="Choisir un code").click()
    phone.fill("#pin", "4711")
    phone.fill("#pin-again", "4711")
    phone.get_by_role("button", name="Enregistrer le code").click()
    enrol(phone, town)

    phone.goto(pay_page(till))
    phone.fill("#pin", "4711")
    phone.click("form:has(#pin) .button-go")

    expect(phone.locator("h1")).to_have_text("Vérification du code")
    expect(till.locator("h1")).to_have_text("Le client confirme")
    payment = stored_payment(town)
    assert payment.proof is not None
    assert "4711" not in str(payment.proof)
    with town.database.transaction() as session:
        pay_merchant.note_authorised(
            session, payment, nonce="0x" + "0a" * 32, authorisation={}, now=town.clock.now()
        )
    expect(phone.locator("h1")).to_have_text("Payé")
    expect(till.locator("h1")).to_have_text("Accepté")


def test_a_passkey_is_made_and_signs_this_very_payment(
    till: Page, phone: Page, street: str, town: Town
) -> None:
    add_passkey(phone, street)
    factor = enrol(phone, town)

    phone.goto(pay_page(till))
    phone.get_by_role("button", name="avec ma clé").click()

    expect(phone.locator("h1")).to_have_text("Vérification du code")
    payment = stored_payment(town)
    assert payment.proof is not None
    with town.database.reading() as session:
        address = account_queries.spending_address(session, factor.account_id)
        challenge = prove_payment.challenge(session, payment, address or "")
    assert_signed(payment.proof, factor, challenge, street)


def test_a_passkey_signs_that_points_may_leave_for_this_very_wallet(
    phone: Page, street: str, town: Town
) -> None:
    add_passkey(phone, street)
    factor = enrol(phone, town)

    phone.goto(f"{street}/compte/portefeuille")
    phone.fill("#address", OWN_WALLET)
    phone.get_by_role("button", name="Continuer").click()
    expect(phone.locator("#wallet")).to_contain_text(OWN_WALLET)
    phone.get_by_role("button", name="avec ma clé").click()

    # Next the wallet's own signature is asked for; the proof waits for the jobs beside it.
    expect(phone.get_by_role("heading", name="Prouver que")).to_be_visible()
    with town.database.reading() as session:
        move = session.exec(select(CustodyMove)).one()
        challenge = prove_departure.challenge(session, move)
    assert move.proof is not None
    assert_signed(move.proof, factor, challenge, street)
