"""I-6 for budgets: fifty verdicts at once spend no more than the metropolis and a commune set."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlmodel import select

from backend.db.engine import Database
from backend.ledger import names, queries
from backend.rewards.models import Counter, Reward
from backend.workflows.admit_claims import ClaimRequest, admit
from backend.workflows.decide_claim import decide_next
from tests.support import builders
from tests.support.builders import EDITION_TEXT, GLASS_UNITS, REGION
from tests.support.clock import FrozenClock
from tests.support.works import assert_books_balance

RUNNERS = 50
METROPOLIS, COMMUNE = 15 * GLASS_UNITS + 70, 130
"""Fifteen deposits and a part of the sixteenth; six bonuses of 20 units and half a seventh."""


def edition_text(when_exhausted: str) -> str:
    """Return the first edition with small budgets and a bonus of the station's commune."""
    changes = {
        "max_units: 500000000": f"max_units: {METROPOLIS}\n    when_exhausted: {when_exhausted}",
        "max_units: 20000000": f"max_units: {COMMUNE}",
        "        - when: {type: weekday_in, days: [saturday, sunday]}\n          tiers":
            "        - tiers",
        '"13055"': '"13005"',
    }  # fmt: skip
    text = EDITION_TEXT
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize(
    ("when_exhausted", "base"), [("pay_remainder", METROPOLIS), ("refuse", 15 * GLASS_UNITS)]
)
def test_budgets_hold_when_fifty_verdicts_race(
    database: Database, clock: FrozenClock, when_exhausted: str, base: int
) -> None:
    builders.make_incarnation(database, clock)
    builders.make_edition(database, clock, source_text=edition_text(when_exhausted))
    kiosk = builders.make_kiosk(database, clock)
    people = [f"person-{number}" for number in range(RUNNERS)]
    with database.transaction() as session:
        requests = [
            ClaimRequest(person, f"key-{seq:05}", kiosk.slot_code(seq=seq))
            for seq, person in enumerate(people)
        ]
        admit(session, requests, now=clock.now())
    start = threading.Barrier(RUNNERS)

    def run(_: int) -> None:
        start.wait()
        with database.transaction() as session:
            decide_next(session, region=REGION, now=clock.now())

    with ThreadPoolExecutor(RUNNERS) as pool:
        list(pool.map(run, range(RUNNERS)))
    while True:  # what a runner left because another one had just taken it
        with database.transaction() as session:
            if decide_next(session, region=REGION, now=clock.now()) is None:
                break

    with database.reading() as session:
        counters = {row.key: row.used for row in session.exec(select(Counter))}
        paid = sum(reward.units for reward in session.exec(select(Reward)))
        granted = sum(queries.balance(session, names.pending(person)) for person in people)
        assert_books_balance(session)
    spent = {key.split("|")[-2]: used for key, used in counters.items() if key[0] in "34"}
    assert spent == {"metropolis": base, "marseille": COMMUNE}
    assert paid == granted == base + COMMUNE
