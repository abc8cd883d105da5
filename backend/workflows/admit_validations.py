"""Ticket validations that an operator reports: each becomes the claim of the rider it names.

The operator knows a rider by a word that the rider gave it. A validation has the same
single-use key as the operator's QR ticket with this serial, so that one trip is paid once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session

from backend.actions import queries as action_queries
from backend.actions import service as actions
from backend.actions.rules import Evidence
from backend.actions.verifiers.ticket import MAX_DISTANCE_M, MODES
from backend.kernel.canonical import canonical_json, sha256_hex
from backend.kernel.errors import EcoError, UnavailableError
from backend.trips import queries
from backend.trips.rules import LATE_AFTER, is_late

MAX_SERIAL_CHARS = 16
"""As in codes, whose single-use key it shares."""
MAX_VALIDATIONS = 5_000
"""In one request; an operator with more sends several."""
SKEW = timedelta(minutes=5)
"""By which an operator's clock may be fast."""


class Outcome(StrEnum):
    """What became of one line."""

    TAKEN = "taken"
    """It is a claim now; in a dry run it would be one."""
    KNOWN = "known"
    """The same serial was reported or scanned before; nothing changed."""
    HOLDER_UNKNOWN = "holder_unknown"
    """Nobody gave this operator that word; nothing was stored."""
    REFUSED = "refused"
    """The line says something impossible; `problem` names it."""


@dataclass(frozen=True)
class Validation:
    """One trip as the operator has it.

    Attributes:
        holder: The word of the rider.
        serial: 1 to 16 letters, digits and hyphens; never repeats at this operator.
        mode: bus, metro, tram, rail, ferry, bike_share or scooter_share.
    """

    holder: str
    serial: str
    mode: str
    distance_m: int
    started_at: datetime
    ended_at: datetime


@dataclass(frozen=True)
class Line:
    """The report on one line, in the order of the request."""

    number: int
    serial: str
    outcome: Outcome
    problem: str = ""
    claim_id: str | None = None


def admit(
    session: Session,
    operator: int,
    validations: Sequence[Validation | str],
    *,
    now: datetime,
    is_dry_run: bool = False,
) -> list[Line]:
    """Store the claims of a list of validations; repeating it changes nothing.

    Args:
        operator: Number of the device that signed the list.
        validations: Per line the validation, or what kept the line from being read.
    Raises:
        UnavailableError: The chain has not handed out an incarnation yet; nothing was stored.
    Effects: one pending claim per new line; none in a dry run.
    """
    incarnation = action_queries.current_incarnation(session)
    if incarnation is None:
        raise UnavailableError("issuance", "The service is starting; send the list again shortly.")
    seen: set[str] = set()
    report = []
    for number, validation in enumerate(validations, start=1):
        if isinstance(validation, str):
            report.append(Line(number, "", Outcome.REFUSED, validation))
            continue
        outcome, problem, claim_id = _judge(session, operator, validation, now=now)
        if outcome == Outcome.TAKEN and validation.serial in seen:
            outcome, problem = Outcome.KNOWN, "the list names this serial twice"
        seen.add(validation.serial)
        if outcome == Outcome.TAKEN and not is_dry_run:
            outcome, problem, claim_id = _store(
                session, operator, validation, incarnation=incarnation, now=now
            )
        report.append(Line(number, validation.serial, outcome, problem, claim_id))
    return report


Verdict = tuple[Outcome, str, str | None]


def _judge(session: Session, operator: int, one: Validation, *, now: datetime) -> Verdict:
    problem = _problem(one, now)
    if problem:
        return Outcome.REFUSED, problem, None
    if queries.account_of_link(session, one.holder) is None:
        return Outcome.HOLDER_UNKNOWN, "no rider gave this word", None
    known = action_queries.holder_of_code(session, _code_key(operator, one))
    if known is not None:
        return Outcome.KNOWN, "", known.public_id
    return Outcome.TAKEN, "", None


def _problem(one: Validation, now: datetime) -> str:
    """Return the first thing that is wrong with a line, empty when nothing is."""
    is_plain = one.serial.isascii() and one.serial.replace("-", "").isalnum()
    checks = (
        (
            1 <= len(one.serial) <= MAX_SERIAL_CHARS and is_plain,
            "serial is not 1 to 16 letters, digits and hyphens",
        ),
        (one.mode in MODES, f"mode is none of {', '.join(sorted(MODES))}"),
        (0 < one.distance_m <= MAX_DISTANCE_M, f"distance_m is not between 1 and {MAX_DISTANCE_M}"),
        (one.started_at <= one.ended_at, "started_at is after ended_at"),
        (one.ended_at <= now + SKEW, "ended_at lies in the future"),
        (
            not is_late(one.ended_at, now),
            f"ended_at is more than {LATE_AFTER // timedelta(hours=1)} hours ago",
        ),
    )
    return next((problem for is_well, problem in checks if not is_well), "")


def _store(
    session: Session, operator: int, one: Validation, *, incarnation: int, now: datetime
) -> Verdict:
    account_id = queries.account_of_link(session, one.holder) or ""
    facts: dict[str, str | int | bool | None] = {
        "serial": one.serial,
        "mode": one.mode,
        "distance_m": one.distance_m,
        "started_at": one.started_at.isoformat(),
        "ended_at": one.ended_at.isoformat(),
    }
    key = _code_key(operator, one)
    answer = actions.submit(
        session,
        actions.Submission(
            account_id=account_id,
            idempotency_key=f"validation-{operator}-{one.serial}",
            body_hash=sha256_hex(canonical_json({**facts})),
            code="",
            evidence=Evidence("ticket", key, operator, one.ended_at, facts),
            refusal_code=None,
        ),
        incarnation=incarnation,
        at=now,
    )
    if isinstance(answer, EcoError):
        return Outcome.KNOWN, answer.code, None
    return Outcome.TAKEN, "", answer.public_id


def _code_key(operator: int, one: Validation) -> str:
    return f"ticket:{operator}:{one.serial}"
