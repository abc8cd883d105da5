"""Writes of accounts: open, sign in and out, roles, addresses."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, update
from sqlmodel import Session, col, select

from backend.accounts import queries
from backend.accounts.errors import (
    AccountClosedError,
    EmailCodeGoneError,
    EmailCodesTooManyError,
    EmailCodeWrongError,
    EmailInvalidError,
    EmailTakenError,
    RoleNotGrantableError,
)
from backend.accounts.mails import sign_in_mail
from backend.accounts.models import Account, AccountAddress, EmailCode, LoginSession, StaffGrant
from backend.accounts.rules import (
    CODE_LIFE,
    CODE_TRIES,
    CODES_PER_HOUR,
    GRANTABLE,
    MAX_USER_AGENT_CHARS,
    AccountKind,
    AccountState,
    Role,
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
from backend.db.upsert import insert_or_skip
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


def create_account(
    session: Session,
    *,
    kind: AccountKind,
    email: str | None,
    display_name: str,
    now: datetime,
    language: str = "fr",
) -> Account:
    """Open an active account.

    Raises:
        EmailInvalidError: The text is no e-mail address.
        EmailTakenError: Another account has the address.
    """
    normalised = _email(email) if email is not None else None
    if normalised is not None and queries.by_email(session, normalised) is not None:
        raise EmailTakenError
    account = Account(
        kind=kind,
        state=AccountState.ACTIVE,
        language=language,
        email=normalised,
        display_name=display_name,
        created_at=now,
    )
    session.add(account)
    session.flush()
    return account


def seed_staff(
    session: Session, *, email: str, display_name: str, role: Role, now: datetime
) -> Account:
    """Make sure that a staff account with a role exists; a second call changes nothing."""
    account = queries.by_email(session, _email(email)) or create_account(
        session, kind=AccountKind.STAFF, email=email, display_name=display_name, now=now
    )
    grant_role(session, account, role, now=now)
    return account


def set_state(session: Session, account_id: str, state: AccountState) -> None:
    """Freeze an account or give it back; its sessions stay, so that its person can look."""
    session.execute(update(Account).where(col(Account.id) == account_id).values(state=state))


def grant_role(
    session: Session,
    account: Account,
    role: Role,
    *,
    now: datetime,
    commune_code: str = "",
    granted_by_id: str | None = None,
) -> None:
    """Give a staff account a role; a second grant of the same role changes nothing.

    Raises:
        RoleNotGrantableError: The account is not staff, or the role is implied by kinds.
    """
    if account.kind != AccountKind.STAFF or role not in GRANTABLE:
        raise RoleNotGrantableError(role)
    row = StaffGrant(
        account_id=account.id,
        role=role,
        commune_code=commune_code,
        granted_at=now,
        granted_by_id=granted_by_id,
    )
    insert_or_skip(session, row)


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
    address = _email(email)
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
    address = _email(email)
    anonymous = _anonymous(session, anonymous_id)
    account = queries.by_email(session, address)
    merge_source_id = None
    if account is None and anonymous is not None:
        account = anonymous
        account.state, account.email = AccountState.ACTIVE, address
        session.add(account)
        session.flush()
    elif account is None:
        account = create_account(
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


def become_merchant(session: Session, account_id: str) -> None:
    """Let a citizen's account run a till; staff accounts stay what they are.

    Effects: kind MERCHANT, which keeps every right of a citizen.
    """
    session.execute(
        update(Account)
        .where(col(Account.id) == account_id, col(Account.kind) == AccountKind.CITIZEN)
        .values(kind=AccountKind.MERCHANT)
    )


def set_language(session: Session, account_id: str, language: str) -> None:
    """Remember the language of an account, "fr" or "en"."""
    session.execute(update(Account).where(col(Account.id) == account_id).values(language=language))


def add_address(
    session: Session,
    *,
    account_id: str,
    genesis_hash: str,
    address: str,
    index: int,
    now: datetime,
    sealed_salt: str | None = None,
) -> bool:
    """Record an address that the wallet service made; False when it was known.

    Args:
        sealed_salt: What its key is derived from, sealed by that service, 0x-hex.
    """
    row = AccountAddress(
        account_id=account_id,
        genesis_hash=genesis_hash,
        index=index,
        address=address,
        sealed_salt=sealed_salt,
        created_at=now,
    )
    return insert_or_skip(session, row) is not None


def note_salt(session: Session, genesis_hash: str, address: str, *, sealed_salt: str) -> bool:
    """Keep a copy of what the key of an address is derived from; False when one is kept."""
    statement = update(AccountAddress).where(
        col(AccountAddress.genesis_hash) == genesis_hash,
        col(AccountAddress.address) == address,
        col(AccountAddress.sealed_salt).is_(None),
    )
    noted = statement.values(sealed_salt=sealed_salt).returning(col(AccountAddress.address))
    return session.execute(noted).first() is not None


def switch_address(
    session: Session,
    *,
    account_id: str,
    genesis_hash: str,
    source: str,
    target: str,
    custody: str,
    now: datetime,
) -> None:
    """Let an account receive at `target` and no more at `source`.

    Args:
        custody: Who holds the key of `target`, for an address that is new here.
    """
    index = session.exec(
        select(func.coalesce(func.max(AccountAddress.index), -1) + 1).where(
            col(AccountAddress.account_id) == account_id,
            col(AccountAddress.genesis_hash) == genesis_hash,
        )
    ).one()
    row = AccountAddress(
        account_id=account_id,
        genesis_hash=genesis_hash,
        index=index,
        address=target,
        custody=custody,
        created_at=now,
    )
    insert_or_skip(session, row)
    for address, state in ((source, "retired"), (target, "active")):
        session.execute(
            update(AccountAddress)
            .where(
                col(AccountAddress.account_id) == account_id,
                col(AccountAddress.genesis_hash) == genesis_hash,
                col(AccountAddress.address) == address,
            )
            .values(state=state)
        )


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


def _email(text: str) -> str:
    address = normalise_email(text)
    if address is None:
        raise EmailInvalidError
    return address


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
