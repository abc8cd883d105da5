"""Writes of promises: passes, limits of shops, what arrived; flush, never commit."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, update
from sqlmodel import Session, col

from backend.db import states
from backend.db.upsert import insert_or_skip
from backend.promises import queries
from backend.promises.codes import Promise, check_key
from backend.promises.errors import PassRefusedError, PromiseLimitError, PromiseReusedError
from backend.promises.models import ArrivedPromise, PromisePass, PromiseShop
from backend.promises.rules import (
    BARRED_FOR,
    EACH_UNITS,
    PASS_LIFE,
    PASSES_MAX,
    SHOP_UNITS_MAX,
    Outcome,
    PassState,
    Refusal,
    pass_units,
)

MAX_USER_AGENT_CHARS = 160


def give_pass(
    session: Session,
    *,
    account_id: str,
    public_key: str,
    balance_units: int,
    user_agent: str,
    at: datetime,
) -> PromisePass:
    """Let a phone promise payments for a week.

    Args:
        public_key: P-256, x ‖ y, hex.
        balance_units: Confirmed points of the account: nobody promises more than there is.
    Raises:
        PassKeyInvalidError: The key is no point of the curve.
        PassRefusedError: A promise was not covered lately, there are passes enough, or points
            too few.
    """
    check_key(public_key)
    open_ones = queries.open_passes(session, account_id, now=at)
    if queries.is_barred(session, account_id, since=at - BARRED_FOR):
        raise PassRefusedError("barred")
    if len(open_ones) >= PASSES_MAX:
        raise PassRefusedError("too_many")
    open_units = sum(one.limit_units - one.spent_units for one in open_ones)
    limit_units = pass_units(balance_units, open_units=open_units)
    if limit_units == 0:
        raise PassRefusedError("too_poor")
    made = PromisePass(
        id=secrets.token_hex(8),
        account_id=account_id,
        public_key=public_key.lower(),
        user_agent=user_agent[:MAX_USER_AGENT_CHARS],
        each_units=min(EACH_UNITS, limit_units),
        limit_units=limit_units,
        spent_units=0,
        issued_at=at,
        # Whole seconds, as the certificate says it.
        expires_at=(at + PASS_LIFE).replace(microsecond=0),
    )
    session.add(made)
    session.flush()
    return made


def revoke(session: Session, account_id: str, *, pass_id: str | None = None, at: datetime) -> int:
    """Take one pass of an account back, or all; return how many were active.

    Effects: what is not accepted by now is refused when it arrives.
    """
    which = col(PromisePass.account_id) == account_id
    if pass_id is not None:
        which &= col(PromisePass.id) == pass_id
    moved = states.move(
        session,
        PromisePass,
        which,
        source=PassState.ACTIVE,
        target=PassState.REVOKED,
        revoked_at=at,
    )
    return len(moved)


def set_limits(
    session: Session,
    merchant_id: str,
    *,
    limit_units: int,
    clerk_units: int,
    decided_by: str,
    at: datetime,
) -> None:
    """Say how much one till of a shop may keep unsent, and one clerk take in a day.

    Raises:
        PromiseLimitError: Below zero or above SHOP_UNITS_MAX.
    """
    if not (0 <= limit_units <= SHOP_UNITS_MAX and 0 <= clerk_units <= SHOP_UNITS_MAX):
        raise PromiseLimitError(SHOP_UNITS_MAX)
    row = PromiseShop(
        merchant_id=merchant_id,
        limit_units=limit_units,
        clerk_units=clerk_units,
        decided_by=decided_by,
        decided_at=at,
    )
    if insert_or_skip(session, row) is None:
        session.execute(
            update(PromiseShop)
            .where(col(PromiseShop.merchant_id) == merchant_id)
            .values(row.model_dump(exclude={"merchant_id", "arrivals"}))
        )


def queue_up(session: Session, merchant_id: str) -> PromiseShop | None:
    """Let the arrivals of a shop go one by one until the commit; `None` when it allows none."""
    found = session.execute(
        update(PromiseShop)
        .where(col(PromiseShop.merchant_id) == merchant_id)
        .values(arrivals=col(PromiseShop.arrivals) + 1)
        .returning(col(PromiseShop.merchant_id))
    ).scalar_one_or_none()
    return None if found is None else session.get(PromiseShop, found, populate_existing=True)


def spend(session: Session, pass_id: str, units: int) -> bool:
    """Count a promise against its pass; False when it has not so much left, or was taken back."""
    done = session.execute(
        update(PromisePass)
        .where(
            col(PromisePass.id) == pass_id,
            col(PromisePass.state) == PassState.ACTIVE,
            col(PromisePass.spent_units) + units <= col(PromisePass.limit_units),
        )
        .values(spent_units=col(PromisePass.spent_units) + units)
        .returning(col(PromisePass.id))
    )
    return done.scalar_one_or_none() is not None


@dataclass(frozen=True)
class Arrival:
    """What became of a promise.

    Attributes:
        account_id: Who pays.
        handed_in_by: Account at the till.
        refusal: `None` when it was accepted.
    """

    promise: Promise
    account_id: str
    payment_id: str
    handed_in_by: str
    refusal: Refusal | None = None


def note(session: Session, arrival: Arrival, *, at: datetime) -> bool:
    """Keep what became of a promise; False when that was known already."""
    promise = arrival.promise
    row = ArrivedPromise(
        id=promise.id,
        digest=digest(promise),
        pass_id=promise.pass_id,
        account_id=arrival.account_id,
        merchant_id=promise.merchant_id,
        units=promise.units,
        signed_at=promise.signed_at,
        outcome=Outcome.ACCEPTED if arrival.refusal is None else Outcome.REFUSED,
        refusal_code=arrival.refusal,
        payment_id=arrival.payment_id,
        handed_in_by=arrival.handed_in_by,
        arrived_at=at,
    )
    return insert_or_skip(session, row) is not None


def known(session: Session, promise: Promise) -> ArrivedPromise | None:
    """Return what became of a promise that arrived before.

    Raises:
        PromiseReusedError: Another one arrived under its number.
    """
    found = queries.arrived(session, promise.id)
    if found is not None and found.digest != digest(promise):
        raise PromiseReusedError
    return found


def digest(promise: Promise) -> str:
    """Return the SHA-256 of what was signed, hex; the signature itself may differ."""
    return hashlib.sha256(promise.signed_bytes()).hexdigest()


def purge(session: Session, now: datetime) -> int:
    """Delete passes that were never used and are over; return how many went."""
    gone = queries.purgeable(session, now=now)
    session.execute(delete(PromisePass).where(col(PromisePass.id).in_(gone)))
    return len(gone)
