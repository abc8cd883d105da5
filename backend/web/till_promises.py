"""The till without network: its page, what it hands in, what the owner allows."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlmodel import Session

from backend.accounts.rules import Actor, Permission
from backend.clerks import queries as clerk_queries
from backend.http.deps import Config, ConfigDep, DatabaseDep, Now, ReadSession
from backend.kernel.errors import EcoError
from backend.merchants.models import Merchant
from backend.merchants.rules import MerchantState
from backend.promises import codes, queries, rules, service
from backend.promises.errors import PromiseLimitError
from backend.web import texts
from backend.web.contexts import ArrivedLine, TillPromisesPage
from backend.web.forms import checked_form, see, units_in
from backend.web.handing_in import hand_in
from backend.web.promises import arrived_line, issuer_of
from backend.web.rendering import language_of, respond
from backend.web.till import Owner, Till
from backend.workflows import at_the_till, hand_in_promise
from backend.workflows.hand_in_promise import HandIn

router = APIRouter(include_in_schema=False)

PATH = "/caisse/sans-reseau"
SHOWN = timedelta(days=7)
_NOTHING = ("promise_malformed", "promise_forged", "promise_other_shop", "promise_reused")
"""Answers that stay the same for ever although nothing was kept."""
_LATER = (
    "promises_off",
    "promise_needs_owner",
    "points_moving",
    "merchant_not_active",
    "proof_needed",
    "factor_missing",
)
"""Answers after which the till keeps the promise and asks again."""


class HandedIn(BaseModel):
    """What the till sends: the code as the phone showed it."""

    code: str = Field(max_length=500)


@router.get(PATH + "/{merchant_id}")
def get_till(
    request: Request,
    merchant_id: str,
    session: ReadSession,
    clock: Now,
    config: ConfigDep,
    actor: Till,
) -> Response:
    """Show the till without network; the browser keeps it."""
    shop = at_the_till.own_shop(session, actor, merchant_id)
    page = till_page(session, shop, actor, config, now=clock.now())
    return respond(request, "till_promises.html", page, actor=actor, section="till")


@router.post(PATH + "/{merchant_id}")
def post_promise(
    request: Request,
    merchant_id: str,
    database: DatabaseDep,
    clock: Now,
    actor: Till,
    body: HandedIn,
) -> Response:
    """Take one promise and say in words what became of it; sent again, the answer is the same."""
    with database.reading() as session:
        at_the_till.own_shop(session, actor, merchant_id)
    payment_id, state, key = "", "accepted", "promise.said.accepted"
    try:
        what = HandIn(codes.read(body.code), merchant_id, actor)
        row = hand_in(database, what, now=clock.now())
        payment_id, state = row.payment_id, row.outcome
        if row.refusal_code:
            key = f"promise.refused.{row.refusal_code}"
    except EcoError as error:
        if error.code not in (*_NOTHING, *_LATER):
            raise
        state = "refused" if error.code in _NOTHING else "waiting"
        key = f"promise.said.{error.code}"
    language = language_of(request, actor)
    return JSONResponse(
        {
            "state": state,
            "title": texts.translate(language, f"promise.state.{state}"),
            "text": texts.translate(language, key),
            "payment": payment_id,
        },
        headers={"Cache-Control": "no-store"},
    )


@router.post(PATH + "/{merchant_id}/plafonds", dependencies=[checked_form()])
def post_limits(
    request: Request,
    merchant_id: str,
    database: DatabaseDep,
    clock: Now,
    config: ConfigDep,
    actor: Owner,
    *,
    limit: Annotated[str, Form(max_length=20)] = "",
    clerk: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Let the owner take the risk, up to a limit; 0 takes none."""
    try:
        with database.transaction() as session:
            shop = at_the_till.own_shop(session, actor, merchant_id)
            service.set_limits(
                session,
                shop.id,
                limit_units=_units(limit),
                clerk_units=_units(clerk),
                decided_by=actor.account_id,
                at=clock.now(),
            )
    except PromiseLimitError:
        with database.reading() as session:
            shop = at_the_till.own_shop(session, actor, merchant_id)
            words = {"problem_key": "promise.promise_limit_invalid", "limit": limit, "clerk": clerk}
            page = till_page(session, shop, actor, config, now=clock.now(), words=words)
        return respond(request, "till_promises.html", page, actor=actor, section="till", status=422)
    return see(f"{PATH}/{merchant_id}")


def till_page(
    session: Session,
    shop: Merchant,
    actor: Actor,
    config: Config,
    *,
    now: datetime,
    words: dict[str, str] | None = None,
) -> TillPromisesPage:
    """Collect what the till shows, and what it needs to know without network.

    Args:
        words: What the owner typed, and the key of what is wrong with it.
    """
    typed = words or {}
    issuer = issuer_of(config)
    limits = queries.shop(session, shop.id)
    until = now + rules.TILL_ALONE
    is_open = issuer is not None and shop.state == MerchantState.ACTIVE
    certificate = (
        codes.certify_shop(issuer, merchant_id=shop.id, name=shop.name, expires_at=until)
        if issuer is not None and is_open
        else ""
    )
    return TillPromisesPage(
        merchant_id=shop.id,
        merchant=shop.name,
        now_s=int(now.timestamp()),
        until_s=int(until.timestamp()),
        issuer=codes.public_of(issuer) if issuer is not None else "",
        shop=certificate,
        link=f"{config.public_url}/H/".upper(),
        each_units=rules.EACH_UNITS,
        count=rules.TILL_COUNT,
        hours=int(rules.TILL_ALONE.total_seconds()) // 3600,
        limit_units=limits.limit_units if limits else 0,
        clerk_units=limits.clerk_units if limits else 0,
        clerk_left_units=hand_in_promise.left_units(session, actor, shop.id, now=now),
        is_owner=actor.may(Permission.RUN_SHOP),
        arrived=_arrived(session, shop, actor, now),
        problem_key=typed.get("problem_key", ""),
        typed_limit=typed.get("limit", ""),
        typed_clerk=typed.get("clerk", ""),
    )


def _arrived(
    session: Session, shop: Merchant, actor: Actor, now: datetime
) -> tuple[ArrivedLine, ...]:
    is_owner = actor.may(Permission.RUN_SHOP)
    since = now - SHOWN if is_owner else at_the_till.midnight(now)
    takers = clerk_queries.names_of(session, shop.id)
    return tuple(
        arrived_line(row, f"/caisse/{row.payment_id}", takers.get(row.handed_in_by, ""))
        for row in queries.of_shop(session, shop.id, since=since)
    )


def _units(typed: str) -> int:
    units = units_in(typed)
    return -1 if units is None else units
