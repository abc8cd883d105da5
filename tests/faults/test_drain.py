"""Jobs and wallet service are told to end under load: they drain in time, and lose nothing.

The web process has the same test beside the browser tests (tests/e2e/test_drain.py).
"""

import threading
import time
from collections.abc import Iterator

import pytest

from tests.faults.processes import judge
from tests.faults.processes.stack import Stack, short_folder
from tests.faults.processes.town import Answers, Citizen, Town
from tests.support.proxy import Fault
from tests.support.waiting import wait_for

DRAIN_S = 10.0
CLAIMS_EACH = 8
"""The first edition pays ten deposits a day."""
SETTLE_S = 120.0


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A running system on SQLite."""
    with short_folder() as folder:
        url = f"sqlite:///{folder / 'calanque.db'}"
        with Stack(folder, url).running() as running:
            yield running


@pytest.fixture(scope="module")
def town(stack: Stack) -> Town:
    """People of the stack."""
    made = Town(stack)
    stack.start_backend()
    return made


@pytest.mark.parametrize(
    ("name", "is_silent"),
    [("jobs", ""), ("jobs", "node"), ("jobs", "wallet"), ("wallet", "")],
)
def test_a_process_drains_under_load_and_the_next_one_goes_on(
    stack: Stack, town: Town, name: str, is_silent: str
) -> None:
    answers = Answers()
    citizens = town.arrive()
    proxies = {"node": stack.node_proxy, "wallet": stack.wallet_proxy}
    silent = proxies.get(is_silent)
    asked = silent.struck[Fault.BLACK_HOLE] if silent else 0

    def has_begun() -> bool:
        if silent:
            return silent.struck[Fault.BLACK_HOLE] > asked
        return bool(judge.still_open(stack).get("batches"))

    people = _claimers(town, citizens, answers)
    if silent:
        silent.fault = Fault.BLACK_HOLE
    for person in people:
        person.start()
    wait_for(has_begun, what="work is under way", timeout_s=SETTLE_S)

    began_s = time.monotonic()
    status = stack.terminate(name)
    took_s = time.monotonic() - began_s

    for proxy in proxies.values():
        proxy.fault = Fault.NONE
    for person in people:
        person.join(SETTLE_S)
    wait_for(lambda: not judge.still_open(stack), what="all is settled", timeout_s=SETTLE_S)
    print(f"{name} with {is_silent or 'nobody'} silent: ended with {status} in {took_s:.2f} s")
    assert status == 0
    assert took_s < DRAIN_S
    assert len(answers.claims) == len(citizens) * CLAIMS_EACH
    assert judge.complaints(stack, answers) == []


def _claimers(town: Town, citizens: list[Citizen], answers: Answers) -> list[threading.Thread]:
    """Return a thread for each citizen that claims until every claim has an answer."""

    def claim_all(citizen: Citizen) -> None:
        for _ in range(CLAIMS_EACH):
            town.claim(citizen, answers, threading.Event())

    return [threading.Thread(target=claim_all, args=(one,), daemon=True) for one in citizens]
