"""Pure words of accounts: kinds, states, roles, the one permission table, codes and tokens."""

import hashlib
import hmac
import re
import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

CODE_DIGITS = 6
CODE_LIFE = timedelta(minutes=10)
CODE_TRIES = 5
"""Guesses per code: with CODES_PER_HOUR that is 25 of a million an hour."""
CODES_PER_HOUR = 5
"""Codes per e-mail address and hour, so that nobody's mailbox can be flooded."""
TOKEN_BYTES = 32
MAX_EMAIL_CHARS = 254
"""Longest forward path (RFC 5321, 4.5.3.1.3, less the angle brackets)."""
MAX_USER_AGENT_CHARS = 160

_EMAIL = re.compile(r"[^@\s<>\"(),:;\[\]\\]{1,64}@([a-z0-9-]{1,63}\.)+[a-z0-9-]{2,63}")


class AccountKind(StrEnum):
    """Who stands behind an account."""

    CITIZEN = "citizen"
    """A person who earns and spends points."""
    MERCHANT = "merchant"
    """A person who runs a till; earns and spends points as well."""
    CLERK = "clerk"
    """A person at a shop's till, opened by its owner; no e-mail, no points, a PIN."""
    STAFF = "staff"
    """A person of the metropolis or a commune; what it may do is granted role by role."""
    SERVICE = "service"
    """A program, for example the job that publishes the first rulebook; cannot sign in."""


class AccountState(StrEnum):
    """Life of an account."""

    ANONYMOUS = "anonymous"
    """Tied to one phone, no e-mail, no address on chain."""
    ACTIVE = "active"
    """Has an e-mail address and can sign in anywhere."""
    FROZEN = "frozen"
    """Can look, can neither earn nor spend."""
    ERASED = "erased"
    """Its person is forgotten."""
    MERGED = "merged"
    """Everything it had belongs to another account."""


class Permission(StrEnum):
    """What a route asks for; each route names exactly one."""

    READ_OWN = "read_own"
    """See one's own balance, receipts and data."""
    FOLLOW = "follow"
    """Hear live what happens to what one's account is part of."""
    CLAIM = "claim"
    """Ask a reward for an act."""
    PAY = "pay"
    """Confirm a payment."""
    RUN_TILL = "run_till"
    """Ask payments, see those of the day, give points back, at the till of one's shop."""
    RUN_SHOP = "run_shop"
    """Cash out, bank account, payouts, offers, poster and clerks of one's own shops."""
    READ_OPERATIONS = "read_operations"
    """See how the service and the chain are doing."""
    RUN_OPERATIONS = "run_operations"
    """Vouch for mints that are not ours, release quarantined rewards; adoption takes two people."""
    READ_RULES = "read_rules"
    """See drafts and history of the rulebook."""
    DRAFT_RULES = "draft_rules"
    """Write the next edition."""
    APPROVE_RULES = "approve_rules"
    """Approve somebody else's draft, which publishes it."""
    MANAGE_DEVICES = "manage_devices"
    """Announce, rotate and revoke devices."""
    MANAGE_STATIONS = "manage_stations"
    """Import and edit stations."""
    REVIEW_CLAIMS = "review_claims"
    """Decide doubtful claims and appeals."""
    MANAGE_MERCHANTS = "manage_merchants"
    """Admit shops and set their limits."""
    READ_TREASURY = "read_treasury"
    """See what merchants are owed and how they are paid."""
    RUN_TREASURY = "run_treasury"
    """Prepare and release files for the bank, import its answers, record funding, release payouts
    that the radar holds; a file takes two people."""
    MANAGE_STAFF = "manage_staff"
    """Grant and withdraw roles."""
    AUDIT = "audit"
    """Read every book, change nothing."""


class Role(StrEnum):
    """A named set of permissions."""

    CITIZEN = "citizen"
    """Every person; implied by the kind of account."""
    MERCHANT = "merchant"
    """Implied by the kind of account."""
    CLERK = "clerk"
    """Implied by the kind of account."""
    ADMIN = "admin"
    """Runs the service day to day."""
    RULES_EDITOR = "rules_editor"
    """Writes editions of the rulebook."""
    RULES_APPROVER = "rules_approver"
    """The second person behind an edition."""
    REVIEWER = "reviewer"
    """Looks at doubtful claims."""
    FIELD = "field"
    """Looks after stations and devices."""
    TREASURER = "treasurer"
    """Pays merchants."""
    AUDITOR = "auditor"
    """Checks the books."""


_STAFF_BASE = frozenset({Permission.READ_OPERATIONS, Permission.READ_RULES})
_CITIZEN = frozenset({Permission.READ_OWN, Permission.FOLLOW, Permission.CLAIM, Permission.PAY})

PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.CITIZEN: _CITIZEN,
        Role.MERCHANT: frozenset({Permission.RUN_TILL, Permission.RUN_SHOP}),
        Role.CLERK: frozenset({Permission.RUN_TILL, Permission.FOLLOW}),
        Role.ADMIN: _STAFF_BASE
        | {
            Permission.MANAGE_DEVICES,
            Permission.MANAGE_STATIONS,
            Permission.MANAGE_MERCHANTS,
            Permission.MANAGE_STAFF,
            Permission.RUN_OPERATIONS,
        },
        Role.RULES_EDITOR: _STAFF_BASE | {Permission.DRAFT_RULES},
        Role.RULES_APPROVER: _STAFF_BASE | {Permission.APPROVE_RULES},
        Role.REVIEWER: _STAFF_BASE | {Permission.REVIEW_CLAIMS},
        Role.FIELD: _STAFF_BASE | {Permission.MANAGE_DEVICES, Permission.MANAGE_STATIONS},
        Role.TREASURER: _STAFF_BASE | {Permission.READ_TREASURY, Permission.RUN_TREASURY},
        Role.AUDITOR: _STAFF_BASE
        | {Permission.AUDIT, Permission.RUN_OPERATIONS, Permission.READ_TREASURY},
    }
)
"""The one table of who may do what; nothing else grants a permission."""

_IMPLIED: Mapping[AccountKind, frozenset[Role]] = MappingProxyType(
    {
        AccountKind.CITIZEN: frozenset({Role.CITIZEN}),
        AccountKind.MERCHANT: frozenset({Role.CITIZEN, Role.MERCHANT}),
        AccountKind.CLERK: frozenset({Role.CLERK}),
        AccountKind.STAFF: frozenset({Role.CITIZEN}),
        AccountKind.SERVICE: frozenset(),
    }
)
GRANTABLE = frozenset(Role) - {Role.CITIZEN, Role.MERCHANT, Role.CLERK}
"""Roles that staff can be given; the others follow from the kind of account."""

_SESSION_LIFE: Mapping[AccountKind, timedelta] = MappingProxyType(
    {
        # Browsers cut a cookie's life at 400 days (RFC 6265bis, 5.5); an anonymous
        # citizen who loses the cookie loses the points, so take all of it.
        AccountKind.CITIZEN: timedelta(days=400),
        AccountKind.MERCHANT: timedelta(days=30),
        # A working day: whoever comes next signs in with an own PIN.
        AccountKind.CLERK: timedelta(hours=12),
        AccountKind.STAFF: timedelta(hours=12),
    }
)


@dataclass(frozen=True)
class Actor:
    """Who sends a request.

    Attributes:
        session_id: Hash of the token it came with.
        form_token: What every form of this session must carry.
    """

    account_id: str
    kind: AccountKind
    state: AccountState
    display_name: str
    language: str
    roles: frozenset[Role]
    permissions: frozenset[Permission]
    session_id: str
    form_token: str

    def may(self, permission: Permission) -> bool:
        """Tell whether this actor has a permission."""
        return permission in self.permissions

    @property
    def is_anonymous(self) -> bool:
        """True for a citizen who has not signed up."""
        return self.state == AccountState.ANONYMOUS


def roles_of(kind: AccountKind, granted: Iterable[Role]) -> frozenset[Role]:
    """Return the roles of an account; grants count for staff only."""
    extra = frozenset(granted) & GRANTABLE if kind == AccountKind.STAFF else frozenset()
    return _IMPLIED[kind] | extra


def permissions_of(state: AccountState, roles: Iterable[Role]) -> frozenset[Permission]:
    """Return what the roles allow in a state of the account."""
    match state:
        case AccountState.ACTIVE:
            return frozenset().union(*(PERMISSIONS[role] for role in roles))
        case AccountState.ANONYMOUS:
            return _CITIZEN
        case AccountState.FROZEN:
            return frozenset({Permission.READ_OWN, Permission.FOLLOW})
        case AccountState.ERASED | AccountState.MERGED:
            return frozenset()


def session_ends(kind: AccountKind, *, started_at: datetime) -> datetime:
    """Return when a session of this kind of account ends, whatever happens in it.

    Raises:
        KeyError: Programs have no sessions.
    """
    return started_at + _SESSION_LIFE[kind]


def normalise_email(text: str) -> str | None:
    """Return the one spelling of an e-mail address, `None` when it is none.

    The part before the @ is lower-cased too: two people never share a mailbox
    whose address differs in case only, but one person types it both ways.
    """
    email = unicodedata.normalize("NFKC", text.strip()).lower()
    local, _, domain = email.rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    email = f"{local}@{ascii_domain}"
    if len(email) > MAX_EMAIL_CHARS or not _EMAIL.fullmatch(email):
        return None
    return email


def new_code() -> str:
    """Draw a one-time code of CODE_DIGITS digits."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"


def clean_code(text: str) -> str:
    """Return the digits of what somebody typed or pasted."""
    return "".join(c for c in text if c.isdigit() and c.isascii())


def code_hash(code: str, *, email: str, salt: str) -> str:
    """Hash a one-time code; it lives ten minutes, so a slow hash would buy nothing."""
    return hashlib.sha256(f"{salt}|{email}|{code}".encode()).hexdigest()


def is_same_hash(left: str, right: str) -> bool:
    """Compare two hashes in constant time."""
    return hmac.compare_digest(left, right)


def new_token() -> str:
    """Draw an opaque session token."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> str:
    """Return what the database keeps of a token; 256 random bits need no salt."""
    return hashlib.sha256(token.encode()).hexdigest()
