"""The journey's citizens earn: a kiosk, a connected bin, a tram ticket, a new edition."""

import time
from typing import Any

import httpx2

from backend.demo.cast import CONFIRMED_GOAL_S, PATIENCE, PENDING_GOAL_S, Cast, expect
from backend.demo.console import Story
from backend.demo.people import Person
from backend.demo.processes import DemoError
from backend.demo.stack import Stack
from backend.demo.terminals import deposit_url, ticket_url
from backend.demo.witness import Witness


def first_deposit(stack: Stack, story: Story, cast: Cast, witness: Witness) -> None:
    """Scan the kiosk's code without an account, keep the points, see them minted."""
    story.chapter("1. A first deposit, without an account")
    nadia = cast.nadia
    nadia.arrive()
    url = _kiosk_code(stack)
    started_s = time.monotonic()
    claim_id = nadia.scan(url)
    pending_s = time.monotonic() - started_s
    story.step(f"Nadia scans the kiosk's code: “en attente” after {pending_s * 1000:.0f} ms")
    expect(pending_s < PATIENCE * PENDING_GOAL_S, f"scan to pending took {pending_s:.2f} s")
    claim = decided(nadia, claim_id)
    for line in claim["explanation"]:
        story.detail(line)
    _twice(stack, story, nadia, url)
    nadia.sign_in("nadia@demo.calanque.example")
    story.step("She keeps her points with an e-mail address and a one-time code")
    before = 0
    confirmed(nadia, claim_id)
    after = nadia.balance()["confirmed_units"]
    story.step(f"Minted and confirmed: {witness.mint_of(claim_id)}")
    story.balance("Nadia", before, after)
    expect(after == claim["units"] > 0, "the first deposit was not paid as explained")


def _twice(stack: Stack, story: Story, nadia: Person, url: str) -> None:
    again = nadia.scan(url)
    stranger = Person("a stranger", stack.settings.public_url, stack.settings.maildir)
    stranger.arrive()
    try:
        stranger.scan(url)
    except DemoError as refusal:
        expect("code_already_used" in str(refusal), f"unexpected refusal: {refusal}")
        story.step("A photo of the same code pays nobody else; scanning twice pays once")
    else:
        msg = "a second person was paid for the same code"
        raise DemoError(msg)
    finally:
        stranger.close()
    expect(bool(again), "the repeated scan got no answer")


def second_deposit(stack: Stack, story: Story, cast: Cast, witness: Witness) -> None:
    """Let the bin take three bottles; measure scan to confirmed."""
    story.chapter("2. Three bottles in a connected bin")
    nadia = cast.nadia
    url = deposit_url(stack, material="glass", count=3, mass_g=1250)
    before = nadia.balance()["confirmed_units"]
    started_s = time.monotonic()
    claim_id = nadia.scan(url)
    claim = decided(nadia, claim_id)
    confirmed(nadia, claim_id)
    confirmed_s = time.monotonic() - started_s
    after = nadia.balance()["confirmed_units"]
    story.step(f"Scan to confirmed in {confirmed_s:.1f} s: {witness.mint_of(claim_id)}")
    story.balance("Nadia", before, after)
    expect(after - before == claim["units"] > 0, "the bin's deposit was not paid as explained")
    expect(confirmed_s < PATIENCE * CONFIRMED_GOAL_S, f"scan to confirmed took {confirmed_s:.1f} s")


def trip(stack: Stack, story: Story, cast: Cast, witness: Witness) -> None:
    """Be paid for a tram trip that the operator signed."""
    story.chapter("3. A tram trip, signed by the operator")
    nadia = cast.nadia
    before = nadia.balance()["confirmed_units"]
    claim_id = nadia.scan(ticket_url(stack, mode="tram", distance_m=4200))
    claim = decided(nadia, claim_id)
    confirmed(nadia, claim_id)
    after = nadia.balance()["confirmed_units"]
    story.step(f"The operator's ticket is worth points too: {witness.mint_of(claim_id)}")
    for line in claim["explanation"]:
        story.detail(line)
    story.balance("Nadia", before, after)
    expect(after - before == claim["units"] > 0, "the trip was not paid as explained")


def deposit_at_new_amount(
    stack: Stack, story: Story, cast: Cast, witness: Witness, number: int
) -> None:
    """Wait until the new edition takes effect; the next bottle is paid by it."""
    story.chapter("10. The notice passes; the next deposit is paid at the new amount")
    nadia = cast.nadia
    story.working(f"Waiting for edition {number} to take effect")
    nadia.wait(
        "the new edition to take effect",
        "/api/v1/rules/current",
        lambda edition: edition["number"] == number,
        timeout_s=120,
    )
    before = nadia.balance()["confirmed_units"]
    claim_id = nadia.scan(deposit_url(stack, material="glass", count=1, mass_g=410))
    claim = decided(nadia, claim_id)
    confirmed(nadia, claim_id)
    after = nadia.balance()["confirmed_units"]
    story.step(f"The next bottle is paid at the new amount: {witness.mint_of(claim_id)}")
    for line in claim["explanation"]:
        story.detail(line)
    story.balance("Nadia", before, after)
    expect(claim["edition"] == number, "the next deposit used the old edition")
    expect(after - before == claim["units"] > 0, "the new amount was not paid")


def _kiosk_code(stack: Stack) -> str:
    screen = httpx2.get(stack.kiosk_url + "ecran.json", timeout=5).json()
    return str(screen["url"])


def decided(person: Person, claim_id: str) -> Any:
    """Wait for a verdict; fails unless the claim is accepted."""
    claim = person.wait(
        "the verdict",
        f"/api/v1/claims/{claim_id}",
        lambda found: found["state"] != "pending",
        timeout_s=10,
    )
    expect(claim["state"] == "accepted", f"the claim was {claim['state']}: {claim['reasons']}")
    return claim


def confirmed(person: Person, claim_id: str) -> None:
    """Wait until every tranche of a claim is confirmed on chain."""

    def is_confirmed(claim: Any) -> bool:
        return all(tranche["state"] == "confirmed" for tranche in claim["tranches"])

    person.wait("the mint", f"/api/v1/claims/{claim_id}", is_confirmed, timeout_s=30)
