"""Sessions: anonymous at first, then signed in with a code sent by e-mail; who am I."""

from typing import Annotated

from fastapi import APIRouter, Request, Response, status
from pydantic import BaseModel, Field

from backend.accounts import queries, sessions
from backend.accounts.models import Account
from backend.accounts.rules import Actor, Permission
from backend.http.deps import (
    DatabaseDep,
    MaybeActor,
    Now,
    ReadSession,
    WriteSession,
    public,
    requires,
)
from backend.http.security import clear_session_cookie, phone_token, set_session_cookie
from backend.kernel.errors import EcoError, NotFoundError
from backend.review import service as review
from backend.workflows import sign_in

router = APIRouter(tags=["accounts"])


class CodeRequest(BaseModel):
    """Where to send a one-time code."""

    email: str = Field(max_length=320, description="E-mail address.")
    language: str = Field(default="fr", pattern="^(fr|en)$", description="Language of the mail.")


class CodeRedeem(BaseModel):
    """The code that came by e-mail."""

    email: str = Field(max_length=320, description="The address it was sent to.")
    code: str = Field(max_length=40, description="Six digits; spaces do not matter.")


class AccountPublic(BaseModel):
    """An account as its owner sees it."""

    id: str
    kind: str = Field(description="citizen, merchant or staff.")
    state: str = Field(description="anonymous, active or frozen.")
    email: str | None
    display_name: str
    language: str
    permissions: list[str] = Field(default=[], description="What this account may do.")


@router.post(
    "/sessions",
    status_code=status.HTTP_201_CREATED,
    dependencies=[public()],
    summary="Start without an account: points are kept on this phone",
)
def post_session(
    request: Request, response: Response, database: DatabaseDep, clock: Now, actor: MaybeActor
) -> AccountPublic:
    """Open an anonymous session; somebody who has a session keeps it."""
    with database.transaction() as session:
        account = queries.get(session, actor.account_id) if actor is not None else None
        if account is not None:
            return _public(account)
        signed_in = sessions.start_anonymous(
            session, now=clock.now(), user_agent=request.headers.get("user-agent", "")
        )
        phone = phone_token(request)
        review.note_phone(session, phone, signed_in.account.id, at=clock.now())
    set_session_cookie(request, response, signed_in.token)
    return _public(signed_in.account)


@router.post(
    "/sessions/codes",
    status_code=status.HTTP_202_ACCEPTED,
    dependencies=[public()],
    summary="Send a one-time code by e-mail",
)
def post_code(body: CodeRequest, session: WriteSession, clock: Now) -> None:
    """Send a code; the answer is the same whether or not the address has an account."""
    sessions.request_code(session, body.email, language=body.language, now=clock.now())


@router.post("/sessions/redeem", dependencies=[public()], summary="Sign in with the code")
def post_redeem(
    request: Request,
    response: Response,
    body: CodeRedeem,
    database: DatabaseDep,
    clock: Now,
    actor: MaybeActor,
) -> AccountPublic:
    """Sign in; the points that this phone holds come along."""
    with database.transaction() as session:
        outcome = sign_in.redeem(
            session,
            email=body.email,
            code=body.code,
            actor=actor,
            now=clock.now(),
            user_agent=request.headers.get("user-agent", ""),
        )
        if not isinstance(outcome, EcoError):
            phone = phone_token(request)
            review.note_phone(session, phone, outcome.account.id, at=clock.now())
    if isinstance(outcome, EcoError):
        raise outcome
    set_session_cookie(request, response, outcome.token)
    return _public(outcome.account)


@router.delete(
    "/sessions/current", status_code=status.HTTP_204_NO_CONTENT, summary="Sign this browser out"
)
def delete_session(
    request: Request,
    response: Response,
    session: WriteSession,
    actor: Annotated[Actor, requires(Permission.READ_OWN)],
) -> None:
    """End the session of this browser."""
    sessions.sign_out(session, actor.session_id)
    clear_session_cookie(request, response)


@router.delete(
    "/sessions", status_code=status.HTTP_204_NO_CONTENT, summary="Sign every browser out"
)
def delete_sessions(
    request: Request,
    response: Response,
    session: WriteSession,
    clock: Now,
    actor: Annotated[Actor, requires(Permission.READ_OWN)],
) -> None:
    """End all sessions of the account; its phones pay without network no more."""
    sign_in.leave_everywhere(session, actor.account_id, now=clock.now())
    clear_session_cookie(request, response)


@router.get("/me", summary="Who am I, and what may I do?")
def get_me(
    session: ReadSession, actor: Annotated[Actor, requires(Permission.READ_OWN)]
) -> AccountPublic:
    """Return the account of the session and its permissions."""
    account = queries.get(session, actor.account_id)
    if account is None:
        raise NotFoundError("account", actor.account_id)
    found = _public(account)
    found.permissions = sorted(actor.permissions)
    return found


def _public(account: Account) -> AccountPublic:
    return AccountPublic.model_validate(account, from_attributes=True)
