"""Tables of accounts."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from backend.accounts.rules import AccountKind, AccountState, Role
from backend.db.types import instant
from backend.kernel.ids import new_id

_KINDS = ",".join(f"'{kind}'" for kind in AccountKind)
_STATES = ",".join(f"'{state}'" for state in AccountState)
_ROLES = ",".join(f"'{role}'" for role in Role)


class Account(SQLModel, table=True):
    """A person or a program."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_KINDS})", "kind"),
        CheckConstraint(f"state IN ({_STATES})", "state"),
        CheckConstraint("language IN ('fr','en')", "language"),
        CheckConstraint("(state = 'merged') = (merged_into_id IS NOT NULL)", "merged_knows_target"),
        CheckConstraint("state <> 'anonymous' OR email IS NULL", "anonymous_has_no_email"),
        Index("ix_account_state_created", "state", "created_at"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    kind: str = Field(default=AccountKind.CITIZEN, description="Who stands behind it.")
    state: str = Field(default=AccountState.ANONYMOUS, description="Life of the account.")
    language: str = Field(default="fr", description="Language of its pages and mail.")
    email: str | None = Field(default=None, unique=True, description="Normalised address.")
    display_name: str = Field(default="", description="What its pages call it.")
    merged_into_id: str | None = Field(
        default=None, foreign_key="account.id", description="Account that took everything over."
    )
    created_at: datetime = instant("When it was opened.")


class AccountAddress(SQLModel, table=True):
    """An address on chain of an account: kept by the wallet service, or the citizen's own."""

    __tablename__ = "account_address"
    __table_args__ = (
        UniqueConstraint("genesis_hash", "address"),
        CheckConstraint("state IN ('active','retired')", "state"),
        CheckConstraint("custody IN ('service','own')", "custody"),
    )

    account_id: str = Field(primary_key=True, foreign_key="account.id", description="Whose it is.")
    genesis_hash: str = Field(primary_key=True, description="Chain that it is used on.")
    index: int = Field(primary_key=True, description="0 is the oldest, which is spent first.")
    address: str = Field(description="Checksummed address.")
    state: str = Field(default="active", description="active, or retired: receives no more.")
    custody: str = Field(
        default="service",
        sa_column_kwargs={"server_default": "service"},
        description="Who holds its key: service, or own.",
    )
    sealed_salt: str | None = Field(
        default=None,
        description="What its key is derived from, sealed by the wallet service, 0x-hex: our copy "
        "brings the key back when the wallet's store is older than the account.",
    )
    created_at: datetime = instant("When the wallet service made it.")


class LoginSession(SQLModel, table=True):
    """One signed-in browser; the token itself is only in its cookie."""

    __tablename__ = "login_session"

    id: str = Field(primary_key=True, description="SHA-256 of the token, hex.")
    account_id: str = Field(foreign_key="account.id", index=True, description="Who is signed in.")
    created_at: datetime = instant("When it was opened.")
    expires_at: datetime = instant("When it ends, whatever happens.")
    user_agent: str = Field(default="", description="Browser, shortened, for the list of devices.")
    form_token: str = Field(description="Random text that each form of the session carries.")


class EmailCode(SQLModel, table=True):
    """A one-time code sent to an e-mail address."""

    __tablename__ = "email_code"
    __table_args__ = (
        CheckConstraint("tries >= 0", "tries_not_negative"),
        Index("ix_email_code_email_created", "email", "created_at"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    email: str = Field(description="Normalised address that it was sent to.")
    salt: str = Field(description="Random text inside the hash.")
    code_hash: str = Field(description="Hash of the code, hex.")
    tries: int = Field(default=0, description="Guesses so far.")
    created_at: datetime = instant("When it was sent.")
    expires_at: datetime = instant("When it lapses.")
    used_at: datetime | None = instant("When it was used or replaced.", default=None)


class StaffGrant(SQLModel, table=True):
    """A role that a staff account holds, everywhere or in one commune."""

    __tablename__ = "staff_grant"
    __table_args__ = (
        UniqueConstraint("account_id", "role", "commune_code"),
        CheckConstraint(f"role IN ({_ROLES})", "role"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    account_id: str = Field(foreign_key="account.id", index=True, description="Who holds it.")
    role: str = Field(description="One of the grantable roles.")
    # Not NULL: databases count two NULLs as different, so a grant could be doubled.
    commune_code: str = Field(default="", description="INSEE code; empty is the whole metropolis.")
    granted_at: datetime = instant("When it was granted.")
    granted_by_id: str | None = Field(default=None, description="Who granted it.")
