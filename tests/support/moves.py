"""A citizen's move to an own wallet, step by step, for tests of the jobs."""

from typing import Any

from eth_account import Account as Key
from eth_account.messages import encode_typed_data

from backend.accounts import queries as account_queries
from backend.accounts.models import Account
from backend.custody import queries
from backend.custody.models import CustodyMove
from backend.custody.rules import MoveDirection
from backend.factors import service as factors
from backend.workflows import move_custody, prove_departure
from backend.workflows.prove_payment import Proof
from tests.support.works import Works

KEY = Key.from_key("0x" + "5e" * 32)
PIN = "4711"


def choose_pin(works: Works, account: Account) -> None:
    """Choose a PIN and let the wallet service take it; without one nothing can leave."""
    with works.database.transaction() as session:
        held = account_queries.kept_address(session, account.id)
        assert held is not None
        factors.request_pin(
            session, account_id=account.id, address=held.address, pin=PIN, at=works.clock.now()
        )
    works.run(2)


def sign(key: Any, typed: dict[str, Any]) -> str:
    signed = key.sign_message(encode_typed_data(full_message=typed))
    return str(signed.signature.to_0x_hex())


def begin_out(works: Works, account: Account) -> CustodyMove:
    with works.database.transaction() as session:
        return move_custody.begin_out(
            session, account_id=account.id, own_address=KEY.address, now=works.clock.now()
        )


def prove(works: Works, move: CustodyMove) -> None:
    with works.database.transaction() as session:
        prove_departure.prove(
            session,
            move_id=move.id,
            account_id=move.account_id,
            proof=Proof(pin=PIN),
            now=works.clock.now(),
        )


def answer(works: Works, move: CustodyMove, key: Any = KEY) -> None:
    if move.direction == MoveDirection.OUT:
        prove(works, move)
    with works.database.transaction() as session:
        move_custody.answer(
            session,
            move_id=move.id,
            account_id=move.account_id,
            signature=sign(key, move_custody.typed(session, move)),
            now=works.clock.now(),
        )


def wait(works: Works) -> None:
    """Let the cool-down pass for chain and runner."""
    works.run(3)
    works.node.mine(40)
    works.clock.advance(seconds=60)
    works.run(4)


def newest(works: Works, account: Account) -> CustodyMove:
    with works.database.reading() as session:
        found = queries.newest(session, account.id)
    assert found is not None
    return found


def address(works: Works, account: Account) -> str:
    """Return where an account receives."""
    """Return an account's newest move."""
    """Prove a move where it must be, and let the wallet sign it."""
    """Prove a move with the PIN."""
    """Ask for a move to the own wallet."""
    """Sign typed data with a wallet's key."""
    with works.database.reading() as session:
        return account_queries.spending_address(session, account.id) or ""
