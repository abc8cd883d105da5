"""What goes wrong around the processes: each strike returns its own cure."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from sqlalchemy import text

from tests.faults.processes.stack import Stack
from tests.support.proxy import Fault, FaultProxy

Cure = Callable[[], None]
DEEPEST = 6
"""Blocks; deeper branches are the subject of the schedules in one process."""
SPIKE_WEI = 60_000_000_000


@dataclass(frozen=True)
class Strike:
    """One kind of fault.

    Attributes:
        begin: Begins it; what it returns ends it.
    """

    name: str
    begin: Callable[[Stack, Random], Cure]


def _no_cure() -> None:
    """Nothing to undo: it is over when it has struck."""


def _kill(name: str) -> Strike:
    def begin(stack: Stack, _random: Random) -> Cure:
        stack.kill(name)
        return _no_cure

    return Strike(f"SIGKILL {name}", begin)


def _stale_runner(stack: Stack, _random: Random) -> Cure:
    """Stop the runner where it stands; another one does its work; then it wakes up."""
    stack.freeze("jobs", is_frozen=True)
    stack.want("second jobs", is_wanted=True)

    def cure() -> None:
        stack.freeze("jobs", is_frozen=False)
        # Both run side by side for a moment before the second one is taken away.
        threading.Event().wait(0.5)
        stack.want("second jobs", is_wanted=False)

    return cure


def _proxy(name: str, of: Callable[[Stack], FaultProxy], fault: Fault) -> Strike:
    def begin(stack: Stack, _random: Random) -> Cure:
        proxy = of(stack)
        proxy.fault = fault

        def cure() -> None:
            proxy.fault = Fault.NONE

        return cure

    return Strike(f"{name}: {fault.value.replace('_', ' ')}", begin)


def _reorg(stack: Stack, random: Random) -> Cure:
    stack.anvil.reorganise(random.randint(1, DEEPEST))
    return _no_cure


def _rollback(stack: Stack, random: Random) -> Cure:
    stack.anvil.roll_back(random.randint(1, DEEPEST))
    return _no_cure


def _empty_pool(stack: Stack, _random: Random) -> Cure:
    stack.anvil.empty_pool()
    return _no_cure


def _no_blocks(stack: Stack, _random: Random) -> Cure:
    stack.anvil.is_mining = False

    def cure() -> None:
        stack.anvil.is_mining = True

    return cure


def _fee_spike(stack: Stack, _random: Random) -> Cure:
    stack.anvil.base_fee_wei = SPIKE_WEI

    def cure() -> None:
        stack.anvil.base_fee_wei = None

    return cure


def _nonce_taken(stack: Stack, random: Random) -> Cure:
    stack.anvil.use_nonce(stack.keys[random.choice(("minter", "relayer", "treasurer"))])
    return _no_cure


def _database_busy(stack: Stack, _random: Random) -> Cure:
    """Cut PostgreSQL's connections; hold SQLite's write lock until the cure."""
    if not stack.database.is_sqlite:
        with stack.database.engine.connect() as connection:
            statement = (
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            connection.execute(text(statement))
        return _no_cure
    hold = stack.database.transaction()
    hold.__enter__()

    def cure() -> None:
        hold.__exit__(None, None, None)

    return cure


STRIKES = (
    *(_kill(name) for name in ("jobs", "web", "wallet", "guardian")),
    Strike("stale runner wakes up", _stale_runner),
    *(
        _proxy(name, of, fault)
        for name, of in (
            ("node", lambda stack: stack.node_proxy),
            ("wallet", lambda stack: stack.wallet_proxy),
        )
        for fault in Fault
        if fault is not Fault.NONE
    ),
    Strike("reorg", _reorg),
    Strike("rollback", _rollback),
    Strike("pool emptied", _empty_pool),
    Strike("no blocks", _no_blocks),
    Strike("fee spike", _fee_spike),
    Strike("nonce taken", _nonce_taken),
    Strike("database busy", _database_busy),
)
