"""The door of a till: clerks sign in with a PIN, and leave."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from sqlmodel import Session

from backend.accounts import sessions
from backend.clerks import queries
from backend.clerks.errors import TillUnknownError
from backend.clerks.rules import pin_hash
from backend.http.deps import DatabaseDep, MaybeActor, Now, ReadSession, WriteSession, public
from backend.http.problems import STATUS
from backend.http.security import clear_session_cookie, set_session_cookie, till_token
from backend.kernel.clock import Clock
from backend.kernel.errors import EcoError
from backend.merchants import queries as merchant_queries
from backend.web.contexts import DoorPage
from backend.web.forms import checked_form, see
from backend.web.rendering import respond
from backend.web.till import Till
from backend.workflows import staff_a_till

router = APIRouter(include_in_schema=False)

DOOR = "/caisse/entrer"


@router.get(DOOR, dependencies=[public()])
def get_door(request: Request, session: ReadSession, clock: Now, actor: MaybeActor) -> Response:
    """Ask who is at the till."""
    page = _page(request, session, clock)
    return respond(request, "door.html", page, actor=actor, section="till")


@router.post(DOOR, dependencies=[public()])
def post_enter(
    request: Request,
    database: DatabaseDep,
    clock: Now,
    clerk_id: Annotated[str, Form(max_length=64)],
    pin: Annotated[str, Form(max_length=12)],
    *,
    new_pin: Annotated[str, Form(max_length=12)] = "",
) -> Response:
    """Compare the PIN and open the till; a wrong one is counted."""
    token = till_token(request)
    with database.reading() as session:
        clerk = staff_a_till.at_the_door(session, token, clerk_id, now=clock.now())
    # Takes some 50 ms, so outside of any transaction.
    guess = pin_hash(pin, clerk.pin_salt)
    with database.transaction() as session:
        outcome = staff_a_till.enter(
            session,
            clerk,
            guess,
            new_pin=new_pin,
            user_agent=request.headers.get("user-agent", ""),
            now=clock.now(),
        )
    if isinstance(outcome, EcoError):
        with database.reading() as session:
            page = _page(request, session, clock, chosen_id=clerk_id, problem=outcome)
        status = STATUS[outcome.kind]
        return respond(request, "door.html", page, actor=None, section="till", status=status)
    response = see("/caisse")
    set_session_cookie(request, response, outcome)
    return response


@router.post("/caisse/quitter", dependencies=[checked_form()])
def post_leave(request: Request, session: WriteSession, actor: Till) -> Response:
    """Leave the till to the next person."""
    sessions.sign_out(session, actor.session_id)
    response = see(DOOR)
    clear_session_cookie(request, response)
    return response


def _page(
    request: Request,
    session: Session,
    clock: Clock,
    *,
    chosen_id: str = "",
    problem: EcoError | None = None,
) -> DoorPage:
    till = queries.till(session, till_token(request), clock.now())
    shop = merchant_queries.merchant(session, till.merchant_id) if till is not None else None
    if till is None or shop is None:
        code = TillUnknownError().code
        return DoorPage(problem_key=f"door.problem.{code}")
    left = problem.facts.get("tries_left", 0) if problem is not None else 0
    return DoorPage(
        merchant=shop.name,
        clerks=tuple((row.id, row.name) for row in queries.active_of(session, shop.id)),
        chosen_id=chosen_id,
        problem_key=f"door.problem.{problem.code}" if problem is not None else "",
        asks_new_pin=problem is not None and problem.code in ("clerk_first_pin", "clerk_pin_weak"),
        tries_left=left if isinstance(left, int) else 0,
    )
