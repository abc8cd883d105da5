"""Somebody proves that they read an e-mail address: the phone's points become theirs."""

from datetime import datetime

from sqlmodel import Session

from backend.accounts import sessions
from backend.accounts.rules import Actor
from backend.accounts.sessions import SignedIn
from backend.kernel.errors import EcoError
from backend.promises import service as promises
from backend.workflows import merge_accounts


def leave_everywhere(session: Session, account_id: str, *, now: datetime) -> int:
    """End every session of an account, and stop every phone of it that pays without network.

    Returns:
        How many sessions ended.
    """
    promises.revoke(session, account_id, at=now)
    return sessions.sign_out_everywhere(session, account_id)


def redeem(
    session: Session,
    *,
    email: str,
    code: str,
    actor: Actor | None,
    now: datetime,
    language: str = "fr",
    user_agent: str = "",
) -> SignedIn | EcoError:
    """Sign in with a one-time code.

    A wrong code is returned, not raised, because the guess must be counted: raise it
    after the transaction.

    Args:
        actor: Who sends the request so far; an anonymous one keeps its points.
    Raises:
        AccountClosedError: The address belongs to an account that cannot sign in.
    Effects: code used up, session, and a merge when the address had an account already.
    """
    error = sessions.try_code(session, email, code, now=now)
    if error is not None:
        return error
    signed_in = sessions.sign_in(
        session,
        email,
        anonymous_id=actor.account_id if actor is not None and actor.is_anonymous else None,
        now=now,
        language=language,
        user_agent=user_agent,
    )
    if signed_in.merge_source_id is not None:
        merge_accounts.merge(
            session,
            source_id=signed_in.merge_source_id,
            target_id=signed_in.account.id,
            now=now,
        )
    return signed_in
