"""Rounds of a race: fifty requests at once on rows of their own, again and again."""

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from random import Random

from sqlmodel import SQLModel, func, select

from backend.api.intake import Intake
from backend.db.engine import Database
from backend.kernel.errors import EcoError
from backend.workflows.admit_claims import Answer, ClaimRequest
from tests.support.clock import FrozenClock

ROUNDS = int(os.environ.get("RACE_ROUNDS", "20"))
"""`make races` plays 1,000."""
REQUESTS = 50
DOORS = 5
"""Web processes that each commit a group of their own."""
PROGRESS = 100


def rounds(what: str, database: Database) -> Iterator[int]:
    """Count rounds and say how long they take; a violation ends them with its assertion."""
    engine = "sqlite" if database.is_sqlite else "postgresql"
    began_s = time.monotonic()
    for number in range(1, ROUNDS + 1):
        yield number
        if number % PROGRESS == 0 or number == ROUNDS:
            each_ms = (time.monotonic() - began_s) / number * 1000
            said = f"{number} rounds of {REQUESTS} requests, 0 violations, {each_ms:.0f} ms each"
            print(f"{what} on {engine}: {said}", flush=True)  # noqa: T201 - what `make races` is for


def claim_at_once(
    database: Database, clock: FrozenClock, requests: Sequence[ClaimRequest], dice: Random
) -> list[Answer]:
    """Hand in claims at several web processes at once; the answers in the order of the claims."""
    return asyncio.run(_claim_at_once(database, clock, requests, dice))


async def _claim_at_once(
    database: Database, clock: FrozenClock, requests: Sequence[ClaimRequest], dice: Random
) -> list[Answer]:
    doors = [Intake(database, clock) for _ in range(DOORS)]
    for door in doors:
        door.start()
    try:
        return await asyncio.gather(*(_answer(dice.choice(doors), request) for request in requests))
    finally:
        for door in doors:
            await door.stop()


async def _answer(door: Intake, request: ClaimRequest) -> Answer:
    try:
        return await door.submit(request)
    except EcoError as error:
        return error


def count(database: Database, table: type[SQLModel], condition: object) -> int:
    """Count the rows of one round."""
    with database.reading() as session:
        statement = select(func.count()).select_from(table).where(condition)  # type: ignore[arg-type]  # a column expression of any table
        return session.exec(statement).one()
