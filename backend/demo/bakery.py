"""The journey's bakery: bread for points, points for euro."""

import time

from backend.demo import seed
from backend.demo.cast import CONFIRMED_GOAL_S, PATIENCE, Cast, expect
from backend.demo.console import Story
from backend.demo.witness import Witness
from backend.kernel.units import points_text

PRICE_UNITS = 300


def pay_at_till(story: Story, cast: Cast, witness: Witness) -> None:
    """Pay at the bakery's till; measure accepted and confirmed."""
    story.chapter("5. Bread for points")
    baker, nadia = cast.baker, cast.nadia
    baker.sign_in(seed.SHOPS[0][2])
    shop = baker.wait(
        "the bakery's registration on chain",
        "/api/v1/merchants/mine",
        lambda shops: shops[0]["state"] == "active",
        timeout_s=60,
    )[0]
    before = nadia.balance()["confirmed_units"]
    payment = baker.post(
        "/api/v1/payments",
        {"merchant_id": shop["id"], "units": PRICE_UNITS, "label": "Deux baguettes"},
    )
    started_s = time.monotonic()
    nadia.post(f"/api/v1/payments/{payment['id']}/accept")
    accepted_s = time.monotonic() - started_s
    story.step(f"The till shows “accepté” after {accepted_s * 1000:.0f} ms")
    baker.wait(
        "the payment's confirmation",
        f"/api/v1/payments/{payment['id']}",
        lambda found: found["state"] == "confirmed",
        timeout_s=PATIENCE * CONFIRMED_GOAL_S,
    )
    confirmed_s = time.monotonic() - started_s
    after = nadia.balance()["confirmed_units"]
    story.step(f"Confirmed after {confirmed_s:.1f} s: {witness.payment(payment['id'])}")
    story.balance("Nadia", before, after)
    takings = baker.get("/api/v1/merchants/mine")[0]["takings_units"]
    story.balance("Boulangerie du Panier", shop["takings_units"], takings)
    expect(before - after == PRICE_UNITS == takings, "the payment did not move its price")


def cash_out(story: Story, cast: Cast, witness: Witness) -> None:
    """Burn the bakery's takings for euro, because the baker asks for it."""
    story.chapter("6. Points become euro")
    baker = cast.baker
    shop = baker.get("/api/v1/merchants/mine")[0]
    cash_out = baker.post(f"/api/v1/merchants/{shop['id']}/cash-outs")
    baker.wait(
        "the cash-out's confirmation",
        f"/api/v1/merchants/{shop['id']}/cash-outs",
        lambda rows: rows[0]["state"] == "confirmed",
        timeout_s=PATIENCE * CONFIRMED_GOAL_S,
    )
    euros = f"{cash_out['euro_cents'] // 100}.{cash_out['euro_cents'] % 100:02d}"
    story.step(
        f"{points_text(cash_out['units'], lang='en')} points are burned for {euros} euro: "
        f"{witness.cash_out(cash_out['id'])}"
    )
    left = baker.get("/api/v1/merchants/mine")[0]["takings_units"]
    story.balance("Boulangerie du Panier", shop["takings_units"], left)
    expect(left == shop["takings_units"] - cash_out["units"], "the takings are off")
