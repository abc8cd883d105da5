"""One full journey through the running system; every step is checked in database and chain."""

import time

from backend.demo import bakery, bank, earning, merchant_day, opening, publishing
from backend.demo.cast import Cast, assemble, expect
from backend.demo.console import Story
from backend.demo.people import Person
from backend.demo.processes import DemoError
from backend.demo.stack import Stack
from backend.demo.witness import Witness


def play(stack: Stack, story: Story) -> None:
    """Play the journey.

    Raises:
        DemoError: A step did not do what it should, in the API, the database or on chain.
    """
    cast = assemble(stack.settings.public_url, stack.settings.maildir)
    witness = Witness(stack.settings)
    try:
        wait_until_ready(cast.nadia)
        _play(stack, story, cast, witness)
    finally:
        witness.close()
        for person in vars(cast).values():
            person.close()


def _play(stack: Stack, story: Story, cast: Cast, witness: Witness) -> None:
    earning.first_deposit(stack, story, cast, witness)
    earning.second_deposit(stack, story, cast, witness)
    earning.trip(stack, story, cast, witness)
    number = publishing.publish_edition(story, cast, witness)
    bakery.pay_at_till(story, cast, witness)
    bakery.cash_out(story, cast, witness)
    # The notice of the new edition runs meanwhile.
    shop = opening.open_shop(stack, story, cast, witness)
    merchant_day.play(stack, story, cast, witness, shop)
    bank.play(stack, story, cast, witness, shop)
    earning.deposit_at_new_amount(stack, story, cast, witness, number)
    _books(story, witness)


def wait_until_ready(person: Person) -> None:
    """Wait until the system says that it can pay.

    Raises:
        DemoError: It does not within a minute; says what is missing.
    """
    deadline_s = time.monotonic() + 60
    while True:
        try:
            person.get("/health/ready")
        except DemoError:
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.2)
        else:
            return


def _books(story: Story, witness: Witness) -> None:
    story.chapter("11. The books")
    report = witness.reconcile()
    for row in report.differences:
        story.failure(f"{row.what}: ledger {row.ledger_units}, chain {row.chain_units}")
    expect(not report.differences, "ledger and chain differ")
    story.step(f"Ledger, running balances and chain agree in all {report.checked} comparisons")
