"""Writes of clerks: add, limit, PIN, revoke; and of the browsers they sign in on."""

import hmac
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col

from backend.clerks import queries
from backend.clerks.errors import (
    ClerkFirstPINError,
    ClerkInvalidError,
    ClerkLockedError,
    ClerkPINWeakError,
    ClerkPINWrongError,
)
from backend.clerks.models import Clerk, ShopTill
from backend.clerks.rules import (
    CLERKS_MAX,
    LOCK_LIFE,
    NAME_MAX,
    PIN_TRIES,
    TILL_LIFE,
    ClerkState,
    is_pin,
    new_pin,
    new_salt,
    new_till_token,
    pin_hash,
    till_id,
)
from backend.db import states
from backend.kernel.errors import EcoError


def check_new(session: Session, *, merchant_id: str, name: str, refund_limit_units: int) -> None:
    """Look at what an owner typed before an account is opened for it.

    Raises:
        ClerkInvalidError: The name is empty, too long or taken, the limit is below zero, or the
            shop has CLERKS_MAX clerks.
    """
    colleagues = queries.active_of(session, merchant_id)
    is_taken = name.strip().casefold() in {clerk.name.casefold() for clerk in colleagues}
    checks = {
        "name": 0 < len(name.strip()) <= NAME_MAX,
        "name_taken": not is_taken,
        "limit": refund_limit_units >= 0,
        "too_many": len(colleagues) < CLERKS_MAX,
    }
    for field, is_good in checks.items():
        if not is_good:
            raise ClerkInvalidError(field)


def add(
    session: Session,
    *,
    merchant_id: str,
    account_id: str,
    name: str,
    refund_limit_units: int,
    at: datetime,
) -> tuple[Clerk, str]:
    """Add a clerk to a shop; see `check_new` for what may be wrong.

    Returns:
        The clerk, and the first PIN, which is shown once and kept nowhere.
    """
    pin, salt = new_pin(), new_salt()
    clerk = Clerk(
        merchant_id=merchant_id,
        account_id=account_id,
        name=name.strip(),
        pin_salt=salt,
        pin_hash=pin_hash(pin, salt),
        refund_limit_units=refund_limit_units,
        created_at=at,
    )
    session.add(clerk)
    session.flush()
    return clerk, pin


def set_refund_limit(session: Session, clerk: Clerk, refund_limit_units: int) -> None:
    """Say how much a clerk may give back in a day.

    Raises:
        ClerkInvalidError: Below zero.
    """
    if refund_limit_units < 0:
        raise ClerkInvalidError("limit")
    clerk.refund_limit_units = refund_limit_units
    session.add(clerk)
    session.flush()


def reset_pin(session: Session, clerk: Clerk) -> str:
    """Draw another first PIN for a clerk who forgot it, or is locked; return it."""
    pin = new_pin()
    _keep_pin(session, clerk, pin, is_first=True)
    return pin


def revoke(session: Session, clerk_id: str, *, at: datetime) -> bool:
    """Take a clerk's rights back; False when that was done before."""
    which = col(Clerk.id) == clerk_id
    moved = states.move(
        session,
        Clerk,
        which,
        source=ClerkState.ACTIVE,
        target=ClerkState.REVOKED,
        revoked_at=at,
    )
    return bool(moved)


def try_pin(
    session: Session, clerk_id: str, guess_hash: str, *, new_pin: str = "", now: datetime
) -> EcoError | None:
    """Count a try and compare it.

    What is wrong is returned, not raised: the count must be committed. Each try is counted
    before it is compared, so that guesses sent at once are no more than guesses in a row.

    Args:
        guess_hash: `pin_hash` of what was typed; it takes too long to be made in here.
        new_pin: Takes the place of the right one; needed when that is a first PIN.
    Returns:
        `None` when the clerk may go in.
    """
    counted = session.execute(
        update(Clerk)
        .where(
            col(Clerk.id) == clerk_id,
            col(Clerk.state) == ClerkState.ACTIVE,
            (col(Clerk.locked_until).is_(None)) | (col(Clerk.locked_until) <= now),
        )
        .values(failures=col(Clerk.failures) + 1)
        .returning(col(Clerk.failures))
    ).scalar_one_or_none()
    clerk = session.get_one(Clerk, clerk_id, populate_existing=True)
    if counted is None:
        return ClerkLockedError(clerk.locked_until or now)
    if not hmac.compare_digest(guess_hash, clerk.pin_hash):
        return _wrong(session, clerk, counted, now)
    if new_pin and (not is_pin(new_pin) or pin_hash(new_pin, clerk.pin_salt) == clerk.pin_hash):
        problem: EcoError | None = ClerkPINWeakError()
    else:
        problem = ClerkFirstPINError() if clerk.is_first_pin and not new_pin else None
    clerk.failures, clerk.locked_until = 0, None
    session.add(clerk)
    session.flush()
    if problem is None and new_pin:
        _keep_pin(session, clerk, new_pin, is_first=False)
    return problem


def open_till(
    session: Session, *, merchant_id: str, opened_by: str, user_agent: str, at: datetime
) -> str:
    """Make a browser a till of a shop; return the token for its cookie."""
    token = new_till_token()
    session.add(
        ShopTill(
            id=till_id(token),
            merchant_id=merchant_id,
            user_agent=user_agent[:160],
            opened_by=opened_by,
            opened_at=at,
            expires_at=at + TILL_LIFE,
        )
    )
    session.flush()
    return token


def close_till(session: Session, till: ShopTill, *, at: datetime) -> None:
    """Let nobody sign in on a browser any more."""
    till.closed_at = at
    session.add(till)
    session.flush()


def _wrong(session: Session, clerk: Clerk, failures: int, now: datetime) -> EcoError:
    if failures < PIN_TRIES:
        return ClerkPINWrongError(PIN_TRIES - failures)
    clerk.locked_until = now + LOCK_LIFE
    session.add(clerk)
    session.flush()
    return ClerkLockedError(clerk.locked_until)


def _keep_pin(session: Session, clerk: Clerk, pin: str, *, is_first: bool) -> None:
    clerk.pin_salt = new_salt()
    clerk.pin_hash = pin_hash(pin, clerk.pin_salt)
    clerk.is_first_pin, clerk.failures, clerk.locked_until = is_first, 0, None
    session.add(clerk)
    session.flush()
