"""Pure rules of shared rides: states, codes, how long each waits. No clock, no database."""

from datetime import datetime, timedelta
from enum import StrEnum

OPEN_FOR = timedelta(hours=3)
"""Longest that a driver takes passengers in; the metropolis is crossed in less than two."""
BEFORE = timedelta(minutes=15)
"""A recording may begin this long after somebody got in, and end this long before."""
WAIT_FOR_RECORDINGS = timedelta(hours=24)
"""Source: the register's limit for reports, which is the rule of `expired` too."""
SEATS = 8
"""A car has nine seats at most (Code de la route, category M1)."""
WRONG_CODES = 20
"""Then a ride takes nobody in any more. One in a million codes is right in a given minute."""
RIDES_A_DAY = 12
WORD_CHARS = 6
WORD_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
DAY = timedelta(days=1)


class SeatState(StrEnum):
    """Life of one passenger's ride."""

    WAITING = "waiting"
    """Both recordings, or one of them, are still to come."""
    PROVED = "proved"
    """Both recordings show the ride; each person has a claim."""
    REFUSED = "refused"
    """They do not, or one never came; `labels` say why."""


def covers(joined_at: datetime, *, started_at: datetime, ended_at: datetime) -> bool:
    """Tell whether a recording can be of the ride that somebody joined; bounds included."""
    return started_at - BEFORE <= joined_at <= ended_at + BEFORE


def is_open(opened_at: datetime, wrong_codes: int, now: datetime) -> bool:
    """Tell whether a ride takes passengers in."""
    return now < opened_at + OPEN_FOR and wrong_codes < WRONG_CODES


def tidy_word(text: str) -> str:
    """Return the word of a ride as it is stored, from what somebody typed."""
    return "".join(character for character in text.upper() if character.isalnum())
