"""Transactions of a block that made or moved points and that nothing here explains."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from backend.batches import queries
from backend.books.models import Orphan
from backend.books.rules import OrphanKind
from backend.chain import desk_events
from backend.chain.desk_events import DeskAct, DeskEvent
from backend.chain.node import BlockHead, Log
from backend.jobs.context import Context
from backend.market import queries as market_queries
from backend.settlement import queries as settlement_queries


def find(context: Context, block: BlockHead) -> list[Orphan]:
    """Return what others did to our points in a block, one orphan per transaction.

    A payment, refund or burn whose row stands here is none: the row's own transaction learns
    that it has happened. What is left was forgotten by a restore.
    """
    addresses = [context.contracts.address(name) for name in ("EcoToken", "RedemptionDesk")]
    logs = context.node.logs(block.hash, addresses)
    with context.database.reading() as session:
        hashes = {log.tx_hash for log in logs}
        foreign = {h for h in hashes if not queries.is_own_transaction(session, h)}
    strange = [log for log in logs if log.tx_hash in foreign]
    mints = _mints(context, block, strange)
    minted = {orphan.tx_hash for orphan in mints}
    return mints + [o for o in _movements(context, block, strange) if o.tx_hash not in minted]


def _mints(context: Context, block: BlockHead, logs: Sequence[Log]) -> list[Orphan]:
    found = []
    for tx_hash, units in context.contracts.mints(logs).items():
        _, calldata = context.node.calldata_of(tx_hash)
        items = context.contracts.minted_items(logs, tx_hash, calldata)
        rows = [asdict(item) for item in items]
        found.append(_orphan(context, block, tx_hash, OrphanKind.MINT, units, rows))
    return found


def _movements(context: Context, block: BlockHead, logs: Sequence[Log]) -> list[Orphan]:
    found = []
    events = desk_events.read(context.contracts.deployment, logs)
    for tx_hash, mine in groupby(events, key=lambda event: event.tx_hash):
        unknown = _unknown(context, _with_origins(context, tx_hash, list(mine)))
        if unknown:
            units = sum(event.units for event in unknown)
            kind = OrphanKind(unknown[0].act)
            rows = [_item(event, block) for event in unknown]
            found.append(_orphan(context, block, tx_hash, kind, units, rows))
    return found


def _with_origins(context: Context, tx_hash: str, events: list[DeskEvent]) -> list[DeskEvent]:
    if events[0].act != DeskAct.SPEND:
        return events
    _, calldata = context.node.calldata_of(tx_hash)
    origins = context.contracts.spend_origins(calldata)
    return [event.with_origin(*origins.get(event.reference, ("", ""))) for event in events]


def _unknown(context: Context, events: Sequence[DeskEvent]) -> list[DeskEvent]:
    """Leave out what a row here stands for and will learn of by itself."""
    known = _known(context, events)
    return [e for e in events if e.reference not in known and (e.payment_ref or "-") not in known]


def _known(context: Context, events: Iterable[DeskEvent]) -> set[str]:
    references = [ref for e in events for ref in (e.reference, e.payment_ref) if ref]
    with context.database.reading() as session:
        return {
            *market_queries.known_on_chain(session, references),
            *settlement_queries.known_on_chain(session, references),
        }


def _item(event: DeskEvent, block: BlockHead) -> dict[str, Any]:
    said = {name: value for name, value in asdict(event).items() if name not in ("act", "tx_hash")}
    return {**said, "mined_at_s": block.timestamp_s}


def _orphan(
    context: Context,
    block: BlockHead,
    tx_hash: str,
    kind: OrphanKind,
    units: int,
    items: list[dict[str, Any]],
) -> Orphan:
    return Orphan(
        tx_hash=tx_hash,
        genesis_hash=context.genesis_hash,
        block_number=block.number,
        kind=kind,
        units=units,
        items=items,
        found_at=context.clock.now(),
    )
