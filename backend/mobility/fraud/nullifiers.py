"""Pseudonyms shared with partner schemes, so that one act is not sold twice. Pure.

Each pair of schemes shares a secret key. An act becomes HMAC(key, person | mode | hour), which
tells a partner nothing but equality; without the key nobody can try names or numbers, which
is what an unsalted hash of a telephone number allows.
"""

import hashlib
import hmac
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

MIN_KEY_BYTES = 32
SLOT = timedelta(minutes=30)
"""Two schemes that time one act up to half an hour apart still share a slot."""


@dataclass(frozen=True, slots=True)
class Act:
    """What is compared between schemes.

    Attributes:
        person: A name of the person that both schemes know, normalised by `person_key`.
        mode: carpool, bike, bus…
        started_at: Aware.
        ended_at: Aware.
    """

    person: str
    mode: str
    started_at: datetime
    ended_at: datetime


def person_key(phone: str, last_name: str) -> str:
    """Normalise what the national register calls an identity: E.164 number and last name."""
    plain = unicodedata.normalize("NFKD", last_name).encode("ascii", "ignore").decode()
    letters = "".join(sign for sign in plain.upper() if sign.isalpha())
    digits = "".join(sign for sign in phone if sign.isdigit() or sign == "+")
    return f"{digits}-{letters}"


def nullifiers(act: Act, *, key: bytes) -> frozenset[str]:
    """Return one keyed pseudonym per half hour that the act touches.

    Raises:
        ValueError: The key is shorter than 32 bytes, or a time has no zone.
    """
    if len(key) < MIN_KEY_BYTES:
        raise ValueError(f"a partner key has at least {MIN_KEY_BYTES} bytes")
    if act.started_at.tzinfo is None or act.ended_at.tzinfo is None:
        raise ValueError("an act has aware times")
    seconds = int(SLOT.total_seconds())
    first = int(act.started_at.timestamp()) // seconds
    last = int(act.ended_at.timestamp()) // seconds
    return frozenset(
        hmac.new(key, f"{act.person}|{act.mode}|{slot}".encode(), hashlib.sha256).hexdigest()
        for slot in range(first, last + 1)
    )


def sold_twice(ours: frozenset[str], theirs: frozenset[str]) -> bool:
    """Tell whether a partner has paid an act of the same person, mode and time."""
    return not ours.isdisjoint(theirs)
