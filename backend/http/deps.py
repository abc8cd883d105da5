"""What handlers depend on: sessions, clock, the actor, and the permission of each route."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlmodel import Session

from backend.accounts import queries as account_queries
from backend.accounts.rules import Actor, Permission
from backend.db.engine import Database
from backend.http.security import check_same_origin, session_token
from backend.kernel.clock import Clock
from backend.kernel.errors import EcoError, ErrorKind
from backend.payouts.rules import Payee


class SignInNeededError(EcoError):
    """The route needs somebody signed in."""

    def __init__(self) -> None:
        super().__init__(ErrorKind.UNAUTHENTICATED, "sign_in_needed", "Sign in to do this.")


class PermissionMissingError(EcoError):
    """Signed in, but this account may not do it."""

    def __init__(self, permission: str) -> None:
        super().__init__(
            ErrorKind.FORBIDDEN,
            "permission_missing",
            "This account may not do this. Ask an administrator for the right role.",
            permission=permission,
        )


def database(request: Request) -> Database:
    """Return the database of the process."""
    found: Database = request.app.state.database
    return found


def clock(request: Request) -> Clock:
    """Return the clock of the process."""
    found: Clock = request.app.state.clock
    return found


def write_session(database: Annotated[Database, Depends(database)]) -> Iterator[Session]:
    """Open the transaction of a request."""
    with database.transaction() as session:
        yield session


def read_session(database: Annotated[Database, Depends(database)]) -> Iterator[Session]:
    """Open a session that keeps nothing."""
    with database.reading() as session:
        yield session


@dataclass(frozen=True)
class Config:
    """Settings that handlers read; the app copies them here at start.

    Attributes:
        public_url: Where citizens reach the pages, without a slash at the end.
        rate_micro_cents_per_unit: What a merchant is paid per unit, in millionths of a cent.
        mailbox_path: Folder of the local mailbox; `None` outside the demo.
        trip_area: South, west, north, east in degrees, as in the settings.
        payer: Account that merchants are paid from.
        identity_secret: Keys the pseudonyms of people whom operators name; `None` when not set.
        promise_secret: Vouches for phones and shops without network; `None` when not set.
    """

    public_url: str
    rate_micro_cents_per_unit: int
    mailbox_path: Path | None
    payer: Payee
    trip_area: str = "-90,-180,90,180"
    identity_secret: bytes | None = None
    promise_secret: bytes | None = None


def config(request: Request) -> Config:
    """Return the settings of the process."""
    found: Config = request.app.state.config
    return found


ConfigDep = Annotated[Config, Depends(config)]

# scope="function": the commit comes before the response; otherwise a failed
# commit would still answer 200.
WriteSession = Annotated[Session, Depends(write_session, scope="function")]
ReadSession = Annotated[Session, Depends(read_session, scope="function")]
Now = Annotated[Clock, Depends(clock)]
DatabaseDep = Annotated[Database, Depends(database)]


def maybe_actor(request: Request, database: DatabaseDep, clock: Now) -> Actor | None:
    """Return who sends the request, `None` for a stranger."""
    token = session_token(request)
    if token is None:
        return None
    with database.reading() as session:
        return account_queries.actor_of_token(session, token, clock.now())


MaybeActor = Annotated[Actor | None, Depends(maybe_actor)]


def requires(permission: Permission) -> Any:
    """Declare the permission of a route; strangers get 401, others without it 403.

    An unsafe request from another site is refused as well (CSRF).
    """

    def check(request: Request, actor: MaybeActor) -> Actor:
        check_same_origin(request)
        if actor is None:
            raise SignInNeededError
        if permission not in actor.permissions:
            raise PermissionMissingError(permission)
        return actor

    check.permission = permission  # type: ignore[attr-defined]  # read by the route test
    return Depends(check)


def public() -> Any:
    """Declare that a route is for everybody; unsafe ones still refuse other sites."""

    def check(request: Request) -> None:
        check_same_origin(request)

    check.permission = None  # type: ignore[attr-defined]  # read by the route test
    return Depends(check)
