"""The journey's new merchant: applies, is admitted, stands on the chain, publishes an offer."""

import re
from dataclasses import dataclass
from datetime import timedelta

from backend.demo.cast import Cast, expect
from backend.demo.console import Story
from backend.demo.people import Person
from backend.demo.processes import DemoError
from backend.demo.stack import Stack
from backend.demo.witness import Witness
from backend.kernel.clock import SystemClock
from backend.workflows.close_day import ZONE

SHOP = "Vélos de la Joliette"
OWNER = "velos@demo.calanque.example"
SIRET = "73282932000074"
"""The example of python-stdnum's documentation: its check digits hold, no bicycle is sold there."""
IBAN = "FR1420041010050500013M02606"
"""The example of the IBAN registry (ISO 13616); it pays nobody."""
OFFER = "Réglage des freins et de la chaîne"
OFFER_UNITS = 400
STOCK = 5
HOURS = ("", *("9h-12h30, 14h-19h",) * 5, "")
CHECK_S = 30
REGISTRATION_S = 60


@dataclass(frozen=True)
class Opened:
    """The new shop.

    Attributes:
        offer_id: What it publishes.
    """

    merchant_id: str
    offer_id: str


def open_shop(stack: Stack, story: Story, cast: Cast, witness: Witness) -> Opened:
    """Apply, admit, register on chain, publish an offer."""
    story.chapter("7. A new merchant, from the application to the first offer")
    _apply(story, cast, witness)
    merchant_id = _admit(story, cast, witness)
    return Opened(merchant_id, _publish(stack, story, cast.ines, witness, merchant_id))


def _apply(story: Story, cast: Cast, witness: Witness) -> None:
    ines = cast.ines
    ines.sign_in(OWNER)
    fields = {
        "name": SHOP,
        "kind": "shop",
        "siret": SIRET[:-1] + "5",
        "address": "12 place de la Joliette",
        "commune_code": "13202",
        "hours": list(HOURS),
        "holder": "Inès Roux",
        "iban": IBAN,
        "contract": "oui",
    }
    page = "/devenir-commercant"
    answer = ines.submit(page, page, fields)
    expect("SIRET" in answer.problem, f"a wrong SIRET was not refused: {answer.problem!r}")
    story.step(f"Inès mistypes her SIRET and reads why: “{answer.problem}”")
    answer = ines.submit(page, page, {**fields, "siret": SIRET})
    expect(answer.location == page, f"the application was not taken: {answer.problem!r}")
    story.step(f"She applies for {SHOP}: SIRET, address, opening hours, bank account, contract")
    story.detail(witness.application(SIRET))


def _admit(story: Story, cast: Cast, witness: Witness) -> str:
    admin = cast.admin
    admin.sign_in("admin@demo.calanque.example")
    queue = "/admin/commercants"
    action = _first(rf'action="({queue}/[^"/]+/accepter)"', admin.page(queue), "an application")
    admin.submit(queue, action)
    shop = cast.ines.wait(
        "the new shop's registration on chain",
        "/api/v1/merchants/mine",
        lambda shops: shops[0]["state"] == "active",
        timeout_s=REGISTRATION_S,
    )[0]
    story.step(f"Alix admits it; registered on chain: {witness.registration(shop['id'])}")
    witness.same_takings(shop["id"], 0)
    return str(shop["id"])


def _publish(stack: Stack, story: Story, ines: Person, witness: Witness, merchant_id: str) -> str:
    today = SystemClock().now().astimezone(ZONE).date()
    page = f"/caisse/offres/{merchant_id}"
    answer = ines.submit(
        page,
        page,
        {
            "title": OFFER,
            "price": str(OFFER_UNITS // 100),
            "stock": str(STOCK),
            "per_person": "1",
            "starts_on": today.isoformat(),
            "ends_on": (today + timedelta(days=7)).isoformat(),
            "is_accessible": "oui",
            "is_spend_free": "oui",
        },
    )
    expect(answer.location == page, f"the offer was not taken: {answer.problem!r}")
    offer_id = witness.offer_of(merchant_id, OFFER)
    expect(witness.stock(offer_id) == STOCK, "the offer has another stock")
    story.step(f"She offers “{OFFER}” for {OFFER_UNITS // 100} points, {STOCK} times, one each")
    story.detail(f"{stack.settings.public_url}/offres")
    return offer_id


def _first(pattern: str, text: str, what: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        msg = f"the page does not show {what}"
        raise DemoError(msg)
    return found[1]
