"""Reads of accounts."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from backend.accounts.models import Account, AccountAddress, EmailCode, LoginSession, StaffGrant
from backend.accounts.rules import (
    AccountKind,
    AccountState,
    Actor,
    Role,
    permissions_of,
    roles_of,
    token_hash,
)


def get(session: Session, account_id: str) -> Account | None:
    """Return one account."""
    return session.get(Account, account_id)


def by_email(session: Session, email: str) -> Account | None:
    """Return the account of a normalised e-mail address."""
    return session.exec(select(Account).where(col(Account.email) == email)).one_or_none()


def actor_of_token(session: Session, token: str, now: datetime) -> Actor | None:
    """Return who a session token speaks for.

    Returns:
        `None` when the token is unknown, its session is over, or its account is
        erased or merged.
    """
    statement = (
        select(LoginSession, Account)
        .join(Account, col(Account.id) == col(LoginSession.account_id))
        .where(col(LoginSession.id) == token_hash(token), col(LoginSession.expires_at) > now)
    )
    found = session.exec(statement).one_or_none()
    if found is None:
        return None
    login, account = found
    state, kind = AccountState(account.state), AccountKind(account.kind)
    if state in (AccountState.ERASED, AccountState.MERGED):
        return None
    roles = roles_of(kind, granted_roles(session, account.id))
    return Actor(
        account_id=account.id,
        kind=kind,
        state=state,
        display_name=account.display_name,
        language=account.language,
        roles=roles,
        permissions=permissions_of(state, roles),
        session_id=login.id,
        form_token=login.form_token,
    )


def granted_roles(session: Session, account_id: str) -> list[Role]:
    """Return the roles granted to a staff account."""
    statement = select(StaffGrant.role).where(col(StaffGrant.account_id) == account_id)
    return [Role(role) for role in session.exec(statement).all()]


def current_address(
    session: Session, account_id: str, *, genesis_hash: str | None = None
) -> AccountAddress | None:
    """Return the row of the address that an account spends from; see `spending_address`."""
    address = spending_address(session, account_id, genesis_hash=genesis_hash)
    statement = select(AccountAddress).where(
        col(AccountAddress.account_id) == account_id, col(AccountAddress.address) == address
    )
    return session.exec(statement).first()


def kept_address(session: Session, account_id: str) -> AccountAddress | None:
    """Return the newest chain's address that the wallet service keeps for an account."""
    statement = select(AccountAddress).where(
        col(AccountAddress.account_id) == account_id, col(AccountAddress.custody) == "service"
    )
    rows = session.exec(statement.order_by(col(AccountAddress.created_at).desc())).all()
    return next(iter(rows), None)


def active_addresses(session: Session, addresses: Collection[str]) -> set[str]:
    """Return which of some addresses still receive, and hold them so until the commit."""
    statement = select(AccountAddress.address).where(
        col(AccountAddress.address).in_(addresses), col(AccountAddress.state) == "active"
    )
    return set(session.exec(statement.with_for_update(read=True)).all())


def spending_address(
    session: Session, account_id: str, *, genesis_hash: str | None = None
) -> str | None:
    """Return the address that an account spends from, its oldest active one.

    Args:
        account_id: Whose address.
        genesis_hash: Chain; left out, the chain of the newest address.
    """
    statement = select(AccountAddress).where(
        col(AccountAddress.account_id) == account_id, col(AccountAddress.state) == "active"
    )
    if genesis_hash is not None:
        statement = statement.where(col(AccountAddress.genesis_hash) == genesis_hash)
    rows = session.exec(statement.order_by(col(AccountAddress.created_at).desc())).all()
    on_newest_chain = [row for row in rows if row.genesis_hash == rows[0].genesis_hash]
    oldest = min(on_newest_chain, key=lambda row: row.index, default=None)
    return oldest.address if oldest else None


def addresses(session: Session, account_ids: Iterable[str], *, genesis_hash: str) -> dict[str, str]:
    """Return account → address that its rewards go to (its newest active one).

    Accounts without an address are left out: their rewards wait.
    """
    statement = (
        select(AccountAddress)
        .where(
            col(AccountAddress.account_id).in_(list(account_ids)),
            col(AccountAddress.genesis_hash) == genesis_hash,
            col(AccountAddress.state) == "active",
        )
        .order_by(col(AccountAddress.index))
    )
    return {row.account_id: row.address for row in session.exec(statement).all()}


def owner_of_address(session: Session, address: str, *, genesis_hash: str) -> str | None:
    """Return the account that an address (checksummed) belongs to."""
    statement = select(AccountAddress.account_id).where(
        col(AccountAddress.address) == address, col(AccountAddress.genesis_hash) == genesis_hash
    )
    return session.exec(statement).one_or_none()


def is_address_missing(session: Session, *, genesis_hash: str, created_until: datetime) -> bool:
    """Tell whether somebody who signed up by an instant has no address on a chain yet."""
    first = needing_address(session, genesis_hash=genesis_hash, limit=1)
    return any(session.get_one(Account, i).created_at <= created_until for i in first)


def needing_address(session: Session, *, genesis_hash: str, limit: int = 100) -> Sequence[str]:
    """Return the active people without an address on a chain, oldest account first."""
    has_one = (
        select(AccountAddress.account_id)
        .where(
            col(AccountAddress.account_id) == col(Account.id),
            col(AccountAddress.genesis_hash) == genesis_hash,
        )
        .exists()
    )
    statement = (
        select(Account.id)
        .where(
            col(Account.state) == AccountState.ACTIVE,
            col(Account.kind).not_in((AccountKind.SERVICE, AccountKind.CLERK)),
            ~has_one,
        )
        .order_by(col(Account.created_at), col(Account.id))
        .limit(limit)
    )
    return session.exec(statement).all()


def without_salt(session: Session, *, genesis_hash: str, limit: int = 100) -> Sequence[str]:
    """Return accounts whose first address has no copy of its sealed salt here."""
    statement = select(AccountAddress.account_id).where(
        col(AccountAddress.genesis_hash) == genesis_hash,
        col(AccountAddress.index) == 0,
        col(AccountAddress.custody) == "service",
        col(AccountAddress.sealed_salt).is_(None),
    )
    return session.exec(statement.limit(limit)).all()


def salted(session: Session, genesis_hash: str) -> Sequence[AccountAddress]:
    """Return the addresses of a chain with a copy of their sealed salt."""
    statement = select(AccountAddress).where(
        col(AccountAddress.genesis_hash) == genesis_hash,
        col(AccountAddress.sealed_salt).is_not(None),
    )
    order = col(AccountAddress.account_id), col(AccountAddress.index)
    return session.exec(statement.order_by(*order)).all()


def sessions_of(session: Session, account_id: str, now: datetime) -> Sequence[LoginSession]:
    """Return the browsers that are signed in to an account, newest first."""
    statement = select(LoginSession).where(
        col(LoginSession.account_id) == account_id, col(LoginSession.expires_at) > now
    )
    return session.exec(statement.order_by(col(LoginSession.created_at).desc())).all()


def codes_since(session: Session, email: str, since: datetime) -> int:
    """Return how many codes an address was sent since an instant."""
    statement = (
        select(func.count())
        .select_from(EmailCode)
        .where(col(EmailCode.email) == email, col(EmailCode.created_at) > since)
    )
    return int(session.exec(statement).one())


def open_code(session: Session, email: str, now: datetime) -> EmailCode | None:
    """Return the newest code of an address that can still be used."""
    statement = (
        select(EmailCode)
        .where(
            col(EmailCode.email) == email,
            col(EmailCode.used_at).is_(None),
            col(EmailCode.expires_at) > now,
        )
        .order_by(col(EmailCode.created_at).desc(), col(EmailCode.id).desc())
        .limit(1)
    )
    return session.exec(statement).one_or_none()
