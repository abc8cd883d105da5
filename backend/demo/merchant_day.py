"""The journey's merchant sells, gives back, and closes the day; a citizen gives points away."""

import re
from dataclasses import dataclass
from typing import Any

from backend.demo import seed
from backend.demo.cast import ON_CHAIN_S, Cast, expect
from backend.demo.console import Story
from backend.demo.earning import confirmed, decided
from backend.demo.opening import IBAN, OFFER, OFFER_UNITS, STOCK, Opened
from backend.demo.people import Person
from backend.demo.processes import DemoError
from backend.demo.stack import Stack
from backend.demo.terminals import deposit_url
from backend.demo.witness import Witness
from backend.kernel.ids import new_id
from backend.kernel.units import points_text

CITIZEN = "yanis@demo.calanque.example"
PIN = "2580"
BOTTLES = 15
CARD_UNITS = 2_100
"""Above the 20 points that the code on a phone pays alone (market.rules.CARD_UNPROVED_UNITS)."""
CARD_REFUND_UNITS = 600
SMALL_UNITS = 200
GIFT_UNITS = 300
PIN_S = 30
OFFLINE = {"limit": "100", "clerk": "20"}
"""Points that one till may keep without network, and that one clerk may take in a day."""


@dataclass
class Till:
    """Payments of the day, by what they were for."""

    offer: str = ""
    card: str = ""
    small: str = ""
    gift: str = ""


def play(stack: Stack, story: Story, cast: Cast, witness: Witness, shop: Opened) -> None:
    """Sell in three ways, take a gift, give back all of one sale and a part of another, close."""
    story.chapter("8. A merchant's day")
    yanis, till = cast.yanis, Till()
    points = _earn(stack, story, yanis, witness)
    till.offer = _reserve(story, yanis, witness, shop)
    till.card = _pay_with_pin(story, cast, shop)
    till.small = _pay_small(cast, shop)
    _take_promises(story, cast.ines, shop)
    gift_to = _association(cast)
    till.gift = _give(cast, gift_to)
    _confirm(story, cast, witness, till)
    spent = OFFER_UNITS + CARD_UNITS + SMALL_UNITS + GIFT_UNITS
    _same(yanis, points - spent, "the payments")
    _refund(story, cast, witness, till)
    kept = OFFER_UNITS + CARD_UNITS - CARD_REFUND_UNITS
    _same(yanis, points - spent + SMALL_UNITS + CARD_REFUND_UNITS, "the refunds")
    witness.same_takings(shop.merchant_id, kept)
    witness.same_takings(gift_to, GIFT_UNITS)
    story.balance("Yanis", points, yanis.balance()["confirmed_units"])
    story.balance("Vélos de la Joliette", 0, kept)
    _close(story, witness, {shop.merchant_id: cast.ines, gift_to: cast.helper})


def _earn(stack: Stack, story: Story, yanis: Person, witness: Witness) -> int:
    yanis.arrive()
    yanis.sign_in(CITIZEN)
    claim_id = yanis.scan(deposit_url(stack, material="glass", count=BOTTLES, mass_g=410 * BOTTLES))
    claim = decided(yanis, claim_id)
    confirmed(yanis, claim_id)
    story.step(f"Yanis brings back {BOTTLES} bottles: {witness.mint_of(claim_id)}")
    units: int = yanis.balance()["confirmed_units"]
    story.balance("Yanis", 0, units)
    expect(units == claim["units"] > 0, "Yanis was not paid as explained")
    return units


def _reserve(story: Story, yanis: Person, witness: Witness, shop: Opened) -> str:
    answer = yanis.submit("/offres?commune=13202", f"/offres/{shop.offer_id}/reserver")
    payment_id = answer.location.rpartition("/")[2]
    expect(witness.hold(payment_id) == "reserved", "the offer was not reserved")
    expect(witness.stock(shop.offer_id) == STOCK - 1, "no piece was set aside")
    yanis.post(f"/api/v1/payments/{payment_id}/accept")
    expect(witness.hold(payment_id) == "captured", "paying did not capture the reservation")
    story.step(f"He reserves “{OFFER}” ({STOCK} → {STOCK - 1} left) and pays: it is his")
    return payment_id


def _pay_with_pin(story: Story, cast: Cast, shop: Opened) -> str:
    yanis, ines = cast.yanis, cast.ines
    page = "/compte/preuves"
    yanis.submit(page, f"{page}/code", {"pin": PIN, "pin_again": PIN})
    # The form asks for the old PIN as soon as one counts.
    yanis.wait_for_page("the PIN to count", page, 'name="current_pin"', timeout_s=PIN_S)
    story.step("Yanis chooses a PIN, sealed to the wallet service; nobody else can read it")
    shown = yanis.submit("/carte", "/carte/montrer").text
    code = re.search(r'class="short-code">([^<]+)<', shown)
    if code is None:
        msg = "the phone shows no code"
        raise DemoError(msg)
    till = f"/caisse/carte/{shop.merchant_id}"
    sale = {"amount": points_text(CARD_UNITS, lang="fr"), "label": "Pneu", "code": code[1]}
    refused = ines.submit(till, till, sale)
    expect(bool(refused.problem), "a large payment went through without a PIN")
    story.step(f"{sale['amount']} points by the code on his phone: “{refused.problem}”")
    taken = ines.submit(till, till, {**sale, "pin": PIN})
    expect(taken.location.startswith("/caisse/"), f"the PIN was not taken: {taken.problem!r}")
    story.step("He types it at the till; the wallet service checks it over this very payment")
    return taken.location.rpartition("/")[2]


def _take_promises(story: Story, ines: Person, shop: Opened) -> None:
    till = f"/caisse/sans-reseau/{shop.merchant_id}"
    taken = ines.submit(till, f"{till}/plafonds", OFFLINE)
    expect(taken.location == till, f"the limits were not taken: {taken.problem!r}")
    story.step(
        f"Inès lets her till take promises when the network is gone, {OFFLINE['limit']} points at "
        "most, at her own risk: /caisse/sans-reseau"
    )


def _pay_small(cast: Cast, shop: Opened) -> str:
    sale = {"merchant_id": shop.merchant_id, "units": SMALL_UNITS, "label": "Sonnette"}
    payment_id = str(cast.ines.post("/api/v1/payments", sale)["id"])
    cast.yanis.post(f"/api/v1/payments/{payment_id}/accept")
    return payment_id


def _association(cast: Cast) -> str:
    cast.helper.sign_in(seed.ASSOCIATION[2])
    (association,) = cast.helper.get("/api/v1/merchants/mine")
    account = {"holder": "Les Amis des Calanques", "iban": IBAN}
    cast.helper.put(f"/api/v1/merchants/{association['id']}/bank-account", account)
    return str(association["id"])


def _give(cast: Cast, association_id: str) -> str:
    yanis, page = cast.yanis, f"/boutique/{association_id}"
    expect(f'href="{page}"' in yanis.page("/dons"), "the association is not listed")
    answer = yanis.submit(page, page, {"amount": points_text(GIFT_UNITS, lang="fr")})
    payment_id = answer.location.rpartition("/")[2]
    yanis.post(f"/api/v1/payments/{payment_id}/accept")
    return payment_id


def _confirm(story: Story, cast: Cast, witness: Witness, till: Till) -> None:
    words = {
        till.offer: "The offer",
        till.card: "The tyre, proved by PIN",
        till.small: "A bell",
        till.gift: "A gift to Les Amis des Calanques",
    }
    for payment_id, what in words.items():
        cast.yanis.wait(
            f"the confirmation of “{what}”",
            f"/api/v1/payments/{payment_id}",
            lambda found: found["state"] == "confirmed",
            timeout_s=ON_CHAIN_S,
        )
        story.step(f"{what}: {witness.payment(payment_id)}")
    expect(witness.is_proved(till.card), "the large payment was booked without its proof")


def _refund(story: Story, cast: Cast, witness: Witness, till: Till) -> None:
    given = {
        till.small: (SMALL_UNITS, "The bell does not fit: all of it"),
        till.card: (CARD_REFUND_UNITS, "The tyre was dearer than marked: a part"),
    }
    for payment_id, (units, _) in given.items():
        body = {"key": new_id(), "units": units, "reason": "Remboursement"}
        cast.ines.post(f"/api/v1/payments/{payment_id}/refunds", body)
    for payment_id, (units, why) in given.items():
        (refund,) = cast.yanis.wait(
            "the refund's confirmation",
            f"/api/v1/payments/{payment_id}/refunds",
            lambda rows: rows[0]["state"] == "confirmed",
            timeout_s=ON_CHAIN_S,
        )
        amount = points_text(units, lang="en")
        story.step(f"{why}, {amount} points back: {witness.refund(refund['id'])}")


def _close(story: Story, witness: Witness, owners: dict[str, Person]) -> None:
    day = witness.close_day()
    story.step(f"The day {day} is closed, here and now instead of at midnight")
    for merchant_id, owner in owners.items():
        (row,) = owner.wait(
            "the burn of the day's takings",
            f"/api/v1/merchants/{merchant_id}/cash-outs",
            _are_burned,
            timeout_s=ON_CHAIN_S,
        )
        cents = f"{row['euro_cents'] // 100}.{row['euro_cents'] % 100:02d}"
        story.detail(
            f"{owner.name}: {points_text(row['units'], lang='en')} points burned for {cents} euro: "
            f"{witness.cash_out(row['id'])}"
        )
        witness.same_takings(merchant_id, 0)


def _are_burned(rows: Any) -> bool:
    return bool(rows) and all(row["state"] == "confirmed" for row in rows)


def _same(person: Person, units: int, what: str) -> None:
    found = person.balance()["confirmed_units"]
    expect(found == units, f"after {what} {person.name} has {found} units instead of {units}")
