"""The same system with one guard taken out: the harness has to notice, or it proves nothing."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from sqlmodel import Session

from backend.batches import service as batches
from backend.batches.models import Batch
from backend.batches.rules import BatchKind
from backend.batches.service import Call
from backend.jobs import runner, signing
from backend.jobs.context import Context
from backend.jobs.reserve import fresh_fees
from backend.jobs.steps import issue
from tests.faults.kinds import KINDS, Kind
from tests.faults.points import POINTS
from tests.faults.schedule import Plan
from tests.support import fakes


@dataclass(frozen=True)
class Broken:
    """A guard, how to take it out, and what the guard is for.

    Attributes:
        seeds: Among so many schedules at least one has to fail.
    """

    guard: str
    without: Callable[[], AbstractContextManager[Any]]
    plan: Plan
    seeds: int = 10


def _kinds(*names: str) -> tuple[Kind, ...]:
    return tuple(kind for kind in KINDS if kind.name in names)


def _pairs(point: str, kind: str) -> Sequence[Any]:
    (found,) = (p for p in POINTS if p.name == point)
    return [(found, k) for k in _kinds(kind)] * 2


def _without_step(name: str) -> AbstractContextManager[Any]:
    steps = runner.steps
    return patch.object(runner, "steps", lambda: [s for s in steps() if s.name != name])


@contextmanager
def _without_write_ahead() -> Iterator[None]:
    """Send first and write afterwards, as senders do that keep no row of their own."""
    with patch.object(issue, "reserve", _send_then_write):
        yield


def _send_then_write(
    context: Context, *, calldata: str, attach: Callable[[Session, Batch], bool], **about: Any
) -> Batch | None:
    sender, to = context.sender("minter"), context.contracts.address("RewardIssuer")
    gas = context.node.estimate_gas(to_address=to, calldata=calldata, sender=sender.address)
    call = Call(BatchKind.MINT, to, calldata, gas, about["item_count"], about["edition_number"])
    fees = fresh_fees(context.node.base_fee_wei())
    nonce = context.node.transaction_count(sender.address)
    batch = Batch(
        kind=call.kind,
        genesis_hash=sender.genesis_hash,
        chain_id=sender.chain_id,
        key_label=sender.key_label,
        sender=sender.address,
        nonce=nonce,
        to_address=to,
        calldata=calldata,
        gas=gas,
        max_fee_per_gas_wei=fees.max_fee_per_gas_wei,
        max_priority_fee_per_gas_wei=fees.max_priority_fee_per_gas_wei,
        created_at=context.clock.now(),
    )
    signed = signing.sign(context, batch, fees, request_id=secrets.token_hex(8))
    context.node.send(signed.raw)
    with context.database.transaction() as session:
        row = batches.reserve(
            session,
            sender=sender,
            call=call,
            fees=fees,
            chain_nonce=nonce,
            at=context.clock.now(),
        )
        attach(session, row)
        batches.store_attempt(
            session, row, raw=signed.raw, tx_hash=signed.tx_hash, fees=fees, at=context.clock.now()
        )
    return row


def _without_bitmap() -> AbstractContextManager[Any]:
    issue_once = fakes._issue

    def issue_always(books: fakes.Books, words: Sequence[bytes], tx_hash: str) -> Any:
        consumed, books.consumed = books.consumed, set()
        logs = issue_once(books, words, tx_hash)
        books.consumed |= consumed
        return logs

    return patch.object(fakes, "_issue", issue_always)


def _without_decoding() -> AbstractContextManager[Any]:
    return patch.object(signing, "_contradiction", lambda *_: "")


BROKEN = (
    Broken("write-ahead", _without_write_ahead, Plan(_pairs("CP6", "crash_alone"))),
    Broken(
        "bitmap",
        _without_bitmap,
        Plan((), kinds=_kinds("nonce_taken", "reorg_past_final"), strikes_min=10),
    ),
    Broken(
        "sweep",
        lambda: _without_step("sweep"),
        Plan((), kinds=_kinds("reorg_past_final"), strikes_min=6),
    ),
    Broken("gap filler", lambda: _without_step("fill"), Plan((), kinds=_kinds("nonce_gap"))),
    Broken(
        "decode and recover",
        _without_decoding,
        Plan((), kinds=_kinds("signer_lies"), strikes_min=12),
    ),
)
