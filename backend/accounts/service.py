"""Writes of accounts: open, roles, state."""

from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col

from backend.accounts import queries
from backend.accounts.errors import (
    EmailInvalidError,
    EmailTakenError,
    RoleNotGrantableError,
)
from backend.accounts.models import Account, StaffGrant
from backend.accounts.rules import (
    GRANTABLE,
    AccountKind,
    AccountState,
    Role,
    normalise_email,
)
from backend.db.upsert import insert_or_skip


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
    normalised = need_email(email) if email is not None else None
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
    account = queries.by_email(session, need_email(email)) or create_account(
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


def need_email(text: str) -> str:
    """Return an address in its one form.

    Raises:
        EmailInvalidError: The text is no e-mail address.
    """
    address = normalise_email(text)
    if address is None:
        raise EmailInvalidError
    return address
