"""Signing in and out: one-time codes, sessions, accounts of people who scan first."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlmodel import Session, col

from backend.accounts import queries, service
from backend.accounts.errors import (
    AccountClosedError,
    EmailCodeGoneError,
    EmailCodesTooManyError,
    EmailCodeWrongError,
)
from backend.accounts.mails import sign_in_mail
from backend.accounts.models import Account, EmailCode, LoginSession
from backend.accounts.rules import (
    CODE_LIFE,
    CODE_TRIES,
    CODES_PER_HOUR,
    MAX_USER_AGENT_CHARS,
    AccountKind,
    AccountState,
    clean_code,
    code_hash,
    is_same_hash,
    new_code,
    new_token,
    normalise_email,
    session_ends,
    token_hash,
)
from backend.db import outbox
from backend.kernel.errors import EcoError


@dataclass(frozen=True)
class SignedIn:
    """A new session.

    Attributes:
        account: Who is signed in now.
        token: Goes into the cookie and nowhere else.
        merge_source_id: Anonymous account whose points must be moved to `account`
            in the same transaction, or `None`.
    """

    account: Account
    token: str
    merge_source_id: str | None = None


def start_anonymous(
    session: Session, *, now: datetime, language: str = "fr", user_agent: str = ""
) -> SignedIn:
    """Open an account for somebody who scans before signing up.

    Effects: one account, one session.
    """
    account = Account(state=AccountState.ANONYMOUS, language=language, created_at=now)
    session.add(account)
    session.flush()
    return SignedIn(account, open_session(session, account, now=now, user_agent=user_agent))


def open_session(session: Session, account: Account, *, now: datetime, user_agent: str = "") -> str:
    """Sign a browser in and return the token for its cookie."""
    token = new_token()
    session.add(
        LoginSession(
            id=token_hash(token),
            account_id=account.id,
            created_at=now,
            expires_at=session_ends(AccountKind(account.kind), started_at=now),
            user_agent=user_agent[:MAX_USER_AGENT_CHARS],
            form_token=secrets.token_urlsafe(18),
        )
    )
    session.flush()
    return token


def request_code(session: Session, email: str, *, language: str, now: datetime) -> str:
    """Send a one-time code; an unknown address gets one too, so nobody learns who has an account.

    Returns:
        The normalised address.
    Raises:
        EmailInvalidError: The text is no e-mail address.
        EmailCodesTooManyError: Too many codes went there within the hour.
    Effects: the older codes of the address stop working; one email_code; one outbox `mail`.
    """
    address = service.need_email(email)
    if queries.codes_since(session, address, now - timedelta(hours=1)) >= CODES_PER_HOUR:
        raise EmailCodesTooManyError
    _close_codes(session, address, now)
    code, salt = new_code(), secrets.token_hex(8)
    row = EmailCode(
        email=address,
        salt=salt,
        code_hash=code_hash(code, email=address, salt=salt),
        created_at=now,
        expires_at=now + CODE_LIFE,
    )
    session.add(row)
    session.flush()
    subject, text = sign_in_mail(code, language)
    payload = {"to": address, "subject": subject, "text": text, "language": language}
    outbox.enqueue(session, kind="mail", dedupe_key=f"email_code/{row.id}", payload=payload, at=now)
    return address


def try_code(session: Session, email: str, code: str, *, now: datetime) -> EcoError | None:
    """Count a guess and compare it.

    A wrong guess is returned, not raised: the count must be committed.

    Returns:
        `None` when the code was right; it is used up then.
    """
    address = normalise_email(email)
    row = queries.open_code(session, address, now) if address is not None else None
    if address is None or row is None:
        return EmailCodeGoneError()
    tries = session.execute(
        update(EmailCode)
        .where(
            col(EmailCode.id) == row.id,
            col(EmailCode.tries) < CODE_TRIES,
            col(EmailCode.used_at).is_(None),
        )
        .values(tries=EmailCode.tries + 1)
        .returning(col(EmailCode.tries))
    ).scalar_one_or_none()
    if tries is None:
        return EmailCodeGoneError()
    guess = code_hash(clean_code(code), email=address, salt=row.salt)
    if not is_same_hash(guess, row.code_hash):
        left = CODE_TRIES - tries
        return EmailCodeWrongError(left) if left else EmailCodeGoneError()
    # Conditional, so that of two requests with the right code one gets in.
    used = session.execute(
        update(EmailCode)
        .where(col(EmailCode.id) == row.id, col(EmailCode.used_at).is_(None))
        .values(used_at=now)
        .returning(col(EmailCode.id))
    ).scalar_one_or_none()
    return None if used is not None else EmailCodeGoneError()


def sign_in(
    session: Session,
    email: str,
    *,
    anonymous_id: str | None,
    now: datetime,
    language: str = "fr",
    user_agent: str = "",
) -> SignedIn:
    """Sign somebody in who has proved that they read an address.

    An anonymous account becomes theirs. When the address has an account already,
    `merge_source_id` tells the caller whose points to move there.

    Raises:
        EmailInvalidError: The text is no e-mail address.
        AccountClosedError: The account was erased or is no person's.
    Effects: an account is opened, kept or marked merged; its anonymous sessions end;
        one session.
    """
    address = service.need_email(email)
    anonymous = _anonymous(session, anonymous_id)
    account = queries.by_email(session, address)
    merge_source_id = None
    if account is None and anonymous is not None:
        account = anonymous
        account.state, account.email = AccountState.ACTIVE, address
        session.add(account)
        session.flush()
    elif account is None:
        account = service.create_account(
            session,
            kind=AccountKind.CITIZEN,
            email=address,
            display_name="",
            now=now,
            language=language,
        )
    elif (
        account.kind in (AccountKind.SERVICE, AccountKind.CLERK)
        or account.state == AccountState.ERASED
    ):
        raise AccountClosedError
    elif anonymous is not None:
        anonymous.state, anonymous.merged_into_id = AccountState.MERGED, account.id
        session.add(anonymous)
        merge_source_id = anonymous.id
    if anonymous is not None:
        # The token of before the sign-in must not outlive it (session fixation).
        sign_out_everywhere(session, anonymous.id)
    token = open_session(session, account, now=now, user_agent=user_agent)
    return SignedIn(account, token, merge_source_id)


def sign_out(session: Session, session_id: str) -> None:
    """End one session."""
    session.execute(delete(LoginSession).where(col(LoginSession.id) == session_id))


def sign_out_everywhere(session: Session, account_id: str) -> int:
    """End every session of an account; return how many there were."""
    ended = session.execute(
        delete(LoginSession)
        .where(col(LoginSession.account_id) == account_id)
        .returning(col(LoginSession.id))
    )
    return len(ended.all())


def purge(session: Session, now: datetime) -> int:
    """Delete sessions and codes that are over; return how many rows went.

    Codes stay for an hour after they lapse, because the hourly limit counts them.
    """
    sessions = session.execute(
        delete(LoginSession)
        .where(col(LoginSession.expires_at) <= now)
        .returning(col(LoginSession.id))
    )
    codes = session.execute(
        delete(EmailCode)
        .where(col(EmailCode.expires_at) <= now - timedelta(hours=1))
        .returning(col(EmailCode.id))
    )
    return len(sessions.all()) + len(codes.all())


def _anonymous(session: Session, account_id: str | None) -> Account | None:
    account = queries.get(session, account_id) if account_id is not None else None
    is_anonymous = account is not None and account.state == AccountState.ANONYMOUS
    return account if is_anonymous else None


def _close_codes(session: Session, address: str, now: datetime) -> None:
    session.execute(
        update(EmailCode)
        .where(col(EmailCode.email) == address, col(EmailCode.used_at).is_(None))
        .values(used_at=now)
    )
