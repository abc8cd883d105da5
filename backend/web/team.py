"""A shop's clerks, as its owner sees them: add, limit, new PIN, take back; tills."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from sqlmodel import Session

from backend.accounts.rules import Actor
from backend.clerks import queries, service
from backend.clerks.errors import ClerkInvalidError
from backend.clerks.models import Clerk
from backend.clerks.rules import ClerkState
from backend.http.deps import DatabaseDep, Now, ReadSession, WriteSession
from backend.http.security import clear_session_cookie, set_till_cookie, till_token
from backend.kernel.errors import NotFoundError
from backend.market import queries as market_queries
from backend.market.queries import Taken
from backend.merchants.models import Merchant
from backend.web import browsers, till
from backend.web.contexts import ClerkLine, ClerkPage, OpenTill, RefundLine, TakenLine, TeamPage
from backend.web.forms import checked_form, see, units_in
from backend.web.rendering import respond
from backend.web.till import Owner
from backend.workflows import at_the_till, staff_a_till

router = APIRouter(include_in_schema=False)

PATH = "/caisse/equipe"
DAYS = 30
"""How far back the owner's figures go."""


@router.get(PATH + "/{merchant_id}")
def get_team(
    request: Request, merchant_id: str, session: ReadSession, clock: Now, actor: Owner
) -> Response:
    """Show who works at the till, and what each took."""
    shop = at_the_till.own_shop(session, actor, merchant_id)
    page = team_page(session, shop, actor, _till_id(request, session, clock.now()), clock.now())
    return respond(request, "team.html", page, actor=actor, section="till")


@router.post(PATH + "/{merchant_id}", dependencies=[checked_form()])
def post_clerk(
    request: Request,
    merchant_id: str,
    database: DatabaseDep,
    clock: Now,
    actor: Owner,
    *,
    name: Annotated[str, Form(max_length=80)] = "",
    limit: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Add a clerk and show the first PIN, once."""
    words = {}
    try:
        with database.transaction() as session:
            shop = at_the_till.own_shop(session, actor, merchant_id)
            clerk, pin = staff_a_till.hire(
                session,
                merchant_id=shop.id,
                name=name,
                refund_limit_units=_limit(limit),
                now=clock.now(),
            )
            words = {"pin_of": clerk.name, "pin": pin}
    except ClerkInvalidError as error:
        words = {"problem_key": f"team.problem.{error.field}", "name": name, "limit": limit}
    return _show(request, database, actor, merchant_id, clock.now(), words)


@router.post(PATH + "/{merchant_id}/{clerk_id}/plafond", dependencies=[checked_form()])
def post_limit(
    request: Request,
    merchant_id: str,
    clerk_id: str,
    database: DatabaseDep,
    clock: Now,
    *,
    actor: Owner,
    limit: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Say how much a clerk may give back in a day."""
    try:
        with database.transaction() as session:
            clerk = _own_clerk(session, actor, merchant_id, clerk_id)
            service.set_refund_limit(session, clerk, _limit(limit))
    except ClerkInvalidError as error:
        words = {"problem_key": f"team.problem.{error.field}"}
        return _show(request, database, actor, merchant_id, clock.now(), words)
    return see(f"{PATH}/{merchant_id}")


@router.post(PATH + "/{merchant_id}/{clerk_id}/code", dependencies=[checked_form()])
def post_new_pin(
    request: Request,
    merchant_id: str,
    clerk_id: str,
    database: DatabaseDep,
    clock: Now,
    *,
    actor: Owner,
) -> Response:
    """Give a clerk another first PIN and show it, once."""
    with database.transaction() as session:
        clerk = _own_clerk(session, actor, merchant_id, clerk_id)
        pin = staff_a_till.give_new_pin(session, clerk)
    return _show(
        request, database, actor, merchant_id, clock.now(), {"pin_of": clerk.name, "pin": pin}
    )


@router.post(PATH + "/{merchant_id}/{clerk_id}/retirer", dependencies=[checked_form()])
def post_let_go(
    merchant_id: str, clerk_id: str, session: WriteSession, clock: Now, actor: Owner
) -> Response:
    """Take a clerk's rights back at once."""
    clerk = _own_clerk(session, actor, merchant_id, clerk_id)
    staff_a_till.let_go(session, clerk, now=clock.now())
    return see(f"{PATH}/{merchant_id}")


@router.post(PATH + "/{merchant_id}/caisse", dependencies=[checked_form()])
def post_open_till(
    request: Request, merchant_id: str, session: WriteSession, clock: Now, actor: Owner
) -> Response:
    """Leave this browser to the clerks; the owner is signed out of it."""
    shop = at_the_till.own_shop(session, actor, merchant_id)
    token = staff_a_till.open_till(
        session,
        actor,
        merchant_id=shop.id,
        user_agent=request.headers.get("user-agent", ""),
        now=clock.now(),
    )
    response = see("/caisse/entrer")
    clear_session_cookie(request, response)
    set_till_cookie(request, response, token)
    return response


@router.post(PATH + "/{merchant_id}/caisses/{till_id}/fermer", dependencies=[checked_form()])
def post_close_till(
    merchant_id: str, till_id: str, session: WriteSession, clock: Now, actor: Owner
) -> Response:
    """Take a browser back from the clerks; all of them sign in anew."""
    shop = at_the_till.own_shop(session, actor, merchant_id)
    tills = {row.id: row for row in queries.tills_of(session, shop.id, clock.now())}
    if till_id not in tills:
        raise NotFoundError("till", till_id)
    staff_a_till.close_till(session, tills[till_id], now=clock.now())
    return see(f"{PATH}/{merchant_id}")


@router.get(PATH + "/{merchant_id}/{clerk_id}")
def get_clerk(
    request: Request,
    merchant_id: str,
    clerk_id: str,
    session: ReadSession,
    clock: Now,
    actor: Owner,
) -> Response:
    """Show what one clerk took and gave back."""
    clerk = _own_clerk(session, actor, merchant_id, clerk_id)
    shop = at_the_till.own_shop(session, actor, merchant_id)
    now = clock.now()
    of_clerk = (session, merchant_id, clerk.account_id)
    since = now - timedelta(days=DAYS)
    page = ClerkPage(
        merchant_id=shop.id,
        merchant=shop.name,
        name=clerk.name,
        payments=till.till_lines(market_queries.payments_taken_by(*of_clerk, since=since), now),
        refunds=tuple(
            RefundLine(row.requested_at, row.units, row.reason, row.state)
            for row in market_queries.refunds_asked_by(*of_clerk, since=since)
        ),
    )
    return respond(request, "clerk.html", page, actor=actor, section="till")


def team_page(
    session: Session, shop: Merchant, actor: Actor, till_id: str, now: datetime, **words: str
) -> TeamPage:
    """Collect who works at a shop's till."""
    today = market_queries.taken_by(session, shop.id, since=at_the_till.midnight(now))
    month = market_queries.taken_by(session, shop.id, since=now - timedelta(days=DAYS))
    return TeamPage(
        merchant_id=shop.id,
        merchant=shop.name,
        clerks=tuple(
            ClerkLine(
                clerk_id=clerk.id,
                name=clerk.name,
                is_active=clerk.state == ClerkState.ACTIVE,
                has_first_pin=clerk.is_first_pin,
                locked_until=_lock(clerk, now),
                limit_units=clerk.refund_limit_units,
                today=_taken(today.get(clerk.account_id)),
                month=_taken(month.get(clerk.account_id)),
            )
            for clerk in queries.of_merchant(session, shop.id)
        ),
        tills=tuple(
            OpenTill(row.id, browsers.name_of(row.user_agent), row.opened_at, row.id == till_id)
            for row in queries.tills_of(session, shop.id, now)
        ),
        own=_taken(today.get(actor.account_id)),
        customers=_taken(today.get("")),
        **words,
    )


def _show(
    request: Request,
    database: DatabaseDep,
    actor: Actor,
    merchant_id: str,
    now: datetime,
    words: dict[str, str],
) -> Response:
    with database.reading() as session:
        shop = at_the_till.own_shop(session, actor, merchant_id)
        page = team_page(session, shop, actor, _till_id(request, session, now), now, **words)
    status = 422 if "problem_key" in words else 200
    return respond(request, "team.html", page, actor=actor, section="till", status=status)


def _own_clerk(session: Session, actor: Actor, merchant_id: str, clerk_id: str) -> Clerk:
    shop = at_the_till.own_shop(session, actor, merchant_id)
    clerk = queries.clerk(session, clerk_id)
    if clerk is None or clerk.merchant_id != shop.id:
        raise NotFoundError("clerk", clerk_id)
    return clerk


def _till_id(request: Request, session: Session, now: datetime) -> str:
    found = queries.till(session, till_token(request), now)
    return found.id if found is not None else ""


def _limit(text: str) -> int:
    units = units_in(text) if text.strip() else 0
    return -1 if units is None else units


def _lock(clerk: Clerk, now: datetime) -> datetime | None:
    is_locked = clerk.locked_until is not None and clerk.locked_until > now
    return clerk.locked_until if is_locked else None


def _taken(found: Taken | None) -> TakenLine:
    return TakenLine(**vars(found)) if found is not None else TakenLine()
