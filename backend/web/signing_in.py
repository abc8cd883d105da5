"""Signing in with a code sent by e-mail, the account page, language."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from backend.accounts import queries, service, sessions
from backend.accounts.rules import Actor, Permission, normalise_email
from backend.freezes import queries as freeze_queries
from backend.freezes.models import Freeze
from backend.freezes.rules import APPEAL_WITHIN
from backend.http.deps import (
    DatabaseDep,
    MaybeActor,
    Now,
    ReadSession,
    WriteSession,
    public,
    requires,
)
from backend.http.problems import STATUS
from backend.http.security import clear_session_cookie, phone_token, set_session_cookie
from backend.kernel.errors import EcoError, NotFoundError
from backend.review import service as review
from backend.web import browsers, texts
from backend.web.contexts import AccountPage, Browser, OwnFreeze, SignInPage
from backend.web.forms import checked_form, local_path, see
from backend.web.rendering import LANGUAGE_COOKIE, language_of, respond
from backend.workflows import notices, sign_in

router = APIRouter(include_in_schema=False)

LANGUAGE_COOKIE_LIFE_S = 365 * 24 * 3600


@router.get("/connexion", dependencies=[public()])
def get_sign_in(request: Request, actor: MaybeActor, next_path: str = "/") -> Response:
    """Ask for an e-mail address."""
    page = SignInPage(
        step="email", next_path=local_path(next_path), keeps_points=_is_anonymous(actor)
    )
    return respond(request, "sign_in.html", page, actor=actor, section="account")


@router.post("/connexion", dependencies=[public()])
def post_email(
    request: Request,
    actor: MaybeActor,
    database: DatabaseDep,
    clock: Now,
    email: Annotated[str, Form(max_length=320)] = "",
    next_path: Annotated[str, Form()] = "/",
) -> Response:
    """Send a code and ask for it."""
    path = local_path(next_path)
    language = language_of(request, actor)
    try:
        with database.transaction() as session:
            address = sessions.request_code(session, email, language=language, now=clock.now())
    except EcoError as error:
        return _ask_again(
            request, actor, error, SignInPage("email", email, path, _problem_key(error))
        )
    page = SignInPage(step="code", email=address, next_path=path)
    return respond(request, "sign_in.html", page, actor=actor, section="account")


@router.post("/connexion/code", dependencies=[public()])
def post_code(
    request: Request,
    actor: MaybeActor,
    database: DatabaseDep,
    clock: Now,
    email: Annotated[str, Form(max_length=320)] = "",
    code: Annotated[str, Form(max_length=40)] = "",
    next_path: Annotated[str, Form()] = "/",
) -> Response:
    """Compare the code, sign in, go where the person wanted to go."""
    path = local_path(next_path)
    with database.transaction() as session:
        outcome = sign_in.redeem(
            session,
            email=email,
            code=code,
            actor=actor,
            now=clock.now(),
            language=language_of(request, actor),
            user_agent=request.headers.get("user-agent", ""),
        )
        if not isinstance(outcome, EcoError):
            phone = phone_token(request)
            review.note_phone(session, phone, outcome.account.id, at=clock.now())
    if isinstance(outcome, EcoError):
        left = outcome.facts.get("tries_left", 0)
        page = SignInPage(
            "code",
            normalise_email(email) or "",
            path,
            _problem_key(outcome),
            tries_left=left if isinstance(left, int) else 0,
        )
        return _ask_again(request, actor, outcome, page)
    response = see(path)
    set_session_cookie(request, response, outcome.token)
    return response


@router.post("/deconnexion", dependencies=[checked_form()])
def post_sign_out(
    request: Request,
    session: WriteSession,
    actor: Annotated[Actor, requires(Permission.READ_OWN)],
) -> Response:
    """End the session of this browser."""
    sessions.sign_out(session, actor.session_id)
    response = see("/")
    clear_session_cookie(request, response)
    return response


@router.post("/deconnexion/partout", dependencies=[checked_form()])
def post_sign_out_everywhere(
    request: Request,
    session: WriteSession,
    clock: Now,
    actor: Annotated[Actor, requires(Permission.READ_OWN)],
) -> Response:
    """End every session of the account, and stop every phone that pays without network."""
    sign_in.leave_everywhere(session, actor.account_id, now=clock.now())
    response = see("/")
    clear_session_cookie(request, response)
    return response


@router.get("/compte")
def get_account(
    request: Request,
    session: ReadSession,
    clock: Now,
    actor: Annotated[Actor, requires(Permission.READ_OWN)],
) -> Response:
    """Show one's own account and the browsers that are signed in."""
    account = queries.get(session, actor.account_id)
    if account is None:
        raise NotFoundError("account", actor.account_id)
    signed_in = queries.sessions_of(session, account.id, clock.now())
    freeze = freeze_queries.standing_of(session, account.id)
    page = AccountPage(
        email=account.email or "",
        name=account.display_name,
        is_anonymous=actor.is_anonymous,
        since=account.created_at,
        browsers=tuple(
            Browser(browsers.name_of(row.user_agent), row.created_at, row.id == actor.session_id)
            for row in signed_in
        ),
        freeze=own_freeze(freeze, language_of(request, actor), clock.now()) if freeze else None,
    )
    return respond(request, "account.html", page, actor=actor, section="account")


@router.post("/langue", dependencies=[public()])
def post_language(
    database: DatabaseDep,
    actor: MaybeActor,
    language: Annotated[str, Form(pattern="^(fr|en)$")],
    next_path: Annotated[str, Form()] = "/",
) -> Response:
    """Remember the language in the account and on this browser."""
    if actor is not None:
        with database.transaction() as session:
            service.set_language(session, actor.account_id, language)
    response = see(local_path(next_path))
    response.set_cookie(
        LANGUAGE_COOKIE, language, max_age=LANGUAGE_COOKIE_LIFE_S, samesite="lax", httponly=True
    )
    return response


def own_freeze(row: Freeze, language: str, now: datetime) -> OwnFreeze:
    """Say why an account is stopped and how far the appeal is."""
    since = row.confirmed_at or row.requested_at
    until = row.appeal_due_at or since + APPEAL_WITHIN
    if row.appeal_decided_at is not None:
        appeal = "upheld"
    elif row.appealed_at is not None:
        appeal = "open"
    else:
        appeal = "possible" if now <= until else "late"
    return OwnFreeze(notices.reason(row.reason_code, language), since, appeal, until)


def _ask_again(
    request: Request, actor: Actor | None, error: EcoError, page: SignInPage
) -> Response:
    status = STATUS[error.kind]
    return respond(request, "sign_in.html", page, actor=actor, section="account", status=status)


def _problem_key(error: EcoError) -> str:
    key = f"sign_in.problem.{error.code}"
    is_known = texts.has("fr", key) or texts.has("fr", f"{key}.other")
    return key if is_known else "problem.default.title"


def _is_anonymous(actor: Actor | None) -> bool:
    return actor is not None and actor.is_anonymous
