"""The household: found it, invite, join, leave; each keeps an account and points of their own."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from sqlmodel import Session

from backend.accounts import queries as account_queries
from backend.accounts.rules import Actor, Permission
from backend.cards import service as cards
from backend.households import queries, service
from backend.households.errors import HouseholdInviteRefusedError
from backend.http.deps import Now, ReadSession, SignInNeededError, WriteSession, requires
from backend.rewards import queries as reward_queries
from backend.web.contexts import HouseholdPage, MemberLine
from backend.web.forms import checked_form, see
from backend.web.rendering import respond

router = APIRouter(include_in_schema=False)

SHOWN = timedelta(days=30)
Citizen = Annotated[Actor, requires(Permission.READ_OWN)]


@router.get("/foyer")
def get_household(request: Request, session: ReadSession, clock: Now, actor: Citizen) -> Response:
    """Show the household, or how to get into one."""
    page = household_page(session, actor, clock.now())
    return respond(request, "household.html", page, actor=actor, section="account")


@router.post("/foyer/creer", dependencies=[checked_form()])
def post_found(
    session: WriteSession,
    clock: Now,
    actor: Citizen,
    name: Annotated[str, Form(min_length=1, max_length=40)],
) -> Response:
    """Open a household."""
    _refuse_anonymous(actor)
    service.found(session, actor.account_id, name=" ".join(name.split()), at=clock.now())
    return see("/foyer")


@router.post("/foyer/inviter", dependencies=[checked_form()])
def post_invite(request: Request, session: WriteSession, clock: Now, actor: Citizen) -> Response:
    """Make an invitation and show it this once."""
    code = service.invite(session, actor.account_id, at=clock.now())
    page = household_page(session, actor, clock.now(), invite_code=f"{code[:5]} {code[5:]}")
    return respond(request, "household.html", page, actor=actor, section="account")


@router.post("/foyer/rejoindre", dependencies=[checked_form()])
def post_join(
    request: Request,
    session: WriteSession,
    clock: Now,
    actor: Citizen,
    code: Annotated[str, Form(max_length=40)],
) -> Response:
    """Accept an invitation."""
    _refuse_anonymous(actor)
    try:
        service.join(session, actor.account_id, code, at=clock.now())
    except HouseholdInviteRefusedError as error:
        key = f"problem.{error.code}.title"
        page = household_page(session, actor, clock.now(), problem_key=key)
        return respond(request, "household.html", page, actor=actor, section="account", status=409)
    return see("/foyer")


@router.post("/foyer/quitter", dependencies=[checked_form()])
def post_leave(session: WriteSession, actor: Citizen) -> Response:
    """Leave; one's cards are one's own again."""
    service.leave(session, actor.account_id)
    cards.leave_household(session, actor.account_id)
    return see("/foyer")


def household_page(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    invite_code: str = "",
    problem_key: str = "",
) -> HouseholdPage:
    """Collect the members and what each earned lately; joining means to share that."""
    household = queries.of_account(session, actor.account_id)
    if household is None:
        return HouseholdPage(problem_key=problem_key, is_anonymous=actor.is_anonymous)
    members = queries.members(session, household.id)
    earned = reward_queries.earned_since(
        session, [member.account_id for member in members], now - SHOWN
    )
    return HouseholdPage(
        name=household.name,
        members=tuple(
            MemberLine(
                name=_name(session, member.account_id),
                joined_at=member.joined_at,
                acts=earned.get(member.account_id, (0, 0))[0],
                units=earned.get(member.account_id, (0, 0))[1],
                is_me=member.account_id == actor.account_id,
            )
            for member in members
        ),
        invite_code=invite_code,
    )


def _name(session: Session, account_id: str) -> str:
    account = account_queries.get(session, account_id)
    if account is None:
        return ""
    return account.display_name or (account.email or "").partition("@")[0]


def _refuse_anonymous(actor: Actor) -> None:
    if actor.is_anonymous:
        raise SignInNeededError
