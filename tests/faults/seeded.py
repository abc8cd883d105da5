"""Identifiers and secrets drawn by the seed, so that a seed replays a schedule to the letter."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from types import SimpleNamespace
from unittest.mock import patch

from backend.kernel import ids


@contextmanager
def drawn_by(random: Random) -> Iterator[None]:
    """Draw what the system calls random from a seeded generator."""
    milliseconds = iter(range(1, 2**40))
    with (
        patch.multiple(
            secrets,
            token_bytes=lambda size=32: random.randbytes(size),
            token_hex=lambda size=32: random.randbytes(size).hex(),
            token_urlsafe=lambda size=32: random.randbytes(size).hex(),
            randbits=random.getrandbits,
            randbelow=random.randrange,
            choice=random.choice,
        ),
        patch.object(ids, "time", SimpleNamespace(time_ns=lambda: next(milliseconds) * 1_000_000)),
    ):
        yield
