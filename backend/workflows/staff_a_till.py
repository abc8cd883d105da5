"""An owner gives people a place at the till and takes it back; they sign in with a PIN."""

from datetime import datetime

from sqlmodel import Session

from backend.accounts import queries as account_queries
from backend.accounts import service as accounts
from backend.accounts import sessions
from backend.accounts.rules import AccountKind, Actor
from backend.clerks import queries
from backend.clerks import service as clerks
from backend.clerks.errors import TillUnknownError
from backend.clerks.models import Clerk, ShopTill
from backend.clerks.rules import ClerkState
from backend.kernel.errors import EcoError, NotFoundError


def hire(
    session: Session, *, merchant_id: str, name: str, refund_limit_units: int, now: datetime
) -> tuple[Clerk, str]:
    """Open a clerk's account for a shop.

    Returns:
        The clerk, and the first PIN, which is shown once.
    Raises:
        ClerkInvalidError: See clerks.service.check_new.
    Effects: account of kind CLERK, clerk ACTIVE.
    """
    clerks.check_new(
        session, merchant_id=merchant_id, name=name, refund_limit_units=refund_limit_units
    )
    account = accounts.create_account(
        session, kind=AccountKind.CLERK, email=None, display_name=name.strip(), now=now
    )
    return clerks.add(
        session,
        merchant_id=merchant_id,
        account_id=account.id,
        name=name,
        refund_limit_units=refund_limit_units,
        at=now,
    )


def let_go(session: Session, clerk: Clerk, *, now: datetime) -> None:
    """Take a clerk's rights back at once: whoever is signed in is out with the next request.

    Effects: clerk REVOKED, its sessions end.
    """
    clerks.revoke(session, clerk.id, at=now)
    sessions.sign_out_everywhere(session, clerk.account_id)


def give_new_pin(session: Session, clerk: Clerk) -> str:
    """Give a clerk another first PIN; return it.

    Effects: the old PIN and its sessions end.
    """
    sessions.sign_out_everywhere(session, clerk.account_id)
    return clerks.reset_pin(session, clerk)


def open_till(
    session: Session, actor: Actor, *, merchant_id: str, user_agent: str, now: datetime
) -> str:
    """Leave a browser to the clerks of a shop; return the token for its cookie.

    Effects: shop_till; the owner is signed out of this browser.
    """
    sessions.sign_out(session, actor.session_id)
    return clerks.open_till(
        session,
        merchant_id=merchant_id,
        opened_by=actor.account_id,
        user_agent=user_agent,
        at=now,
    )


def close_till(session: Session, till: ShopTill, *, now: datetime) -> None:
    """Take a browser back from the clerks.

    Effects: shop_till closed; every clerk of the shop signs in anew, because a session does
        not know on which of the tills it was opened.
    """
    clerks.close_till(session, till, at=now)
    for clerk in queries.active_of(session, till.merchant_id):
        sessions.sign_out_everywhere(session, clerk.account_id)


def at_the_door(session: Session, token: str, clerk_id: str, *, now: datetime) -> Clerk:
    """Return the clerk who wants to sign in on a till.

    Raises:
        TillUnknownError: The browser is no till, or was closed.
        NotFoundError: Nobody of that shop, or no more.
    """
    till = queries.till(session, token, now)
    if till is None:
        raise TillUnknownError
    clerk = queries.clerk(session, clerk_id)
    if clerk is None or clerk.merchant_id != till.merchant_id or clerk.state != ClerkState.ACTIVE:
        raise NotFoundError("clerk", clerk_id)
    return clerk


def enter(
    session: Session,
    clerk: Clerk,
    guess_hash: str,
    *,
    new_pin: str,
    user_agent: str,
    now: datetime,
) -> str | EcoError:
    """Sign a clerk in with a PIN.

    What is wrong is returned, not raised, because the try must be counted.

    Args:
        guess_hash: See clerks.service.try_pin.
    Returns:
        The token of a session.
    Effects: failures; a session.
    """
    problem = clerks.try_pin(session, clerk.id, guess_hash, new_pin=new_pin, now=now)
    account = account_queries.get(session, clerk.account_id)
    if account is None:  # A foreign key forbids it.
        raise NotFoundError("account", clerk.account_id)
    if problem is None:
        return sessions.open_session(session, account, now=now, user_agent=user_agent)
    return problem
