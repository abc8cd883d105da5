"""A citizen's payments without network: the phone's pass, points as of the last visit."""

import hashlib
from datetime import datetime
from typing import Annotated

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlmodel import Session

from backend.accounts import queries as account_queries
from backend.accounts.rules import Actor, Permission
from backend.custody.rules import Custody
from backend.http.deps import (
    Config,
    ConfigDep,
    DatabaseDep,
    MaybeActor,
    Now,
    ReadSession,
    WriteSession,
    public,
    requires,
)
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.promises import codes, queries, rules, service
from backend.promises.errors import PassRefusedError
from backend.promises.models import ArrivedPromise, PromisePass
from backend.promises.rules import PassState
from backend.web import browsers, citizen, texts
from backend.web.contexts import ArrivedLine, PassLine, PromisesPage
from backend.web.forms import checked_form, see
from backend.web.rendering import language_of, respond
from backend.web.worth import worth_cents
from backend.workflows import hand_in_promise

router = APIRouter(include_in_schema=False)

PATH = "/sans-reseau"
MAX_LINES = 10
MAX_ARRIVED = 50
Payer = Annotated[Actor, requires(Permission.PAY)]


class PassAsked(BaseModel):
    """What a phone sends."""

    public_key: str = Field(min_length=128, max_length=128)


@router.get(PATH)
def get_promises(
    request: Request, session: ReadSession, clock: Now, config: ConfigDep, actor: Payer
) -> Response:
    """Show points and history as of now, and the phone's pass; the browser keeps the page."""
    page = promises_page(session, actor, config, now=clock.now())
    return respond(request, "promises.html", page, actor=actor, section="account")


@router.get("/h/{code}", dependencies=[public()])
@router.get("/H/{code}", dependencies=[public()])
def get_sale(
    request: Request,
    code: str,
    session: ReadSession,
    clock: Now,
    config: ConfigDep,
    actor: MaybeActor,
) -> Response:
    """Open what a till without network shows, where the phone has some; its script reads it."""
    if actor is None or actor.is_anonymous or not actor.may(Permission.PAY):
        return see(f"/connexion?next_path=/h/{code}")
    page = promises_page(session, actor, config, now=clock.now())
    return respond(request, "promises.html", page, actor=actor, section="account")


@router.post(PATH + "/passe")
def post_pass(
    request: Request,
    database: DatabaseDep,
    clock: Now,
    config: ConfigDep,
    actor: Payer,
    asked: PassAsked,
) -> Response:
    """Give the phone a pass for the key that it made."""
    issuer = issuer_of(config)
    reason = "off"
    if issuer is not None:
        try:
            with database.transaction() as session:
                held = hand_in_promise.enrol(
                    session,
                    actor,
                    public_key=asked.public_key,
                    user_agent=request.headers.get("user-agent", ""),
                    now=clock.now(),
                )
            return JSONResponse(_given(issuer, held), headers={"Cache-Control": "no-store"})
        except PassRefusedError as error:
            reason = str(error.facts["reason"])
    text = texts.translate(language_of(request, actor), f"promise.pass.{reason}")
    return JSONResponse({"code": "pass_refused", "text": text}, status_code=409)


@router.post(PATH + "/{pass_id}/retirer", dependencies=[checked_form()])
def post_revoke(pass_id: str, session: WriteSession, clock: Now, actor: Payer) -> Response:
    """Stop a phone: what it signed and has not arrived is refused."""
    service.revoke(session, actor.account_id, pass_id=pass_id, at=clock.now())
    return see(PATH)


def issuer_of(config: Config) -> EllipticCurvePrivateKey | None:
    """Return the key that vouches for phones and shops, `None` when it is not set."""
    return codes.issuer_of(config.promise_secret) if config.promise_secret else None


def promises_page(session: Session, actor: Actor, config: Config, *, now: datetime) -> PromisesPage:
    """Collect what the phone shows, and what it needs to know without network."""
    issuer = issuer_of(config)
    balance = ledger_queries.balance(session, names.confirmed(actor.account_id))
    arrived = queries.of_account(session, actor.account_id, limit=MAX_ARRIVED)
    days = citizen.home_page(session, actor, config).days
    lines = [line for day in days for line in day.lines]
    passes = queries.passes_of(session, actor.account_id, since=now - rules.ARRIVES_WITHIN)
    return PromisesPage(
        owner=hashlib.sha256(f"calanque/owner/{actor.account_id}".encode()).hexdigest()[:16],
        now_s=int(now.timestamp()),
        as_of=now,
        balance_units=balance,
        worth_cents=worth_cents(balance, config),
        issuer=codes.public_of(issuer) if issuer else "",
        obstacle_key=_obstacle(session, actor, balance, has_issuer=issuer is not None, now=now),
        each_units=rules.EACH_UNITS,
        total_units=rules.PASS_UNITS,
        days=rules.PASS_LIFE.days,
        barred_days=rules.BARRED_FOR.days,
        arrives_within_s=int(rules.ARRIVES_WITHIN.total_seconds()),
        passes=tuple(_pass_line(one, now) for one in passes),
        arrived=tuple(arrived_line(row, f"/paiements/{row.payment_id}") for row in arrived),
        lines=tuple(lines[:MAX_LINES]),
    )


def arrived_line(row: ArrivedPromise, href: str, taker: str = "") -> ArrivedLine:
    """Return the line of a promise that was handed in."""
    return ArrivedLine(
        promise_id=row.id,
        payment_id=row.payment_id,
        href=href,
        at=row.arrived_at,
        units=row.units,
        state=row.outcome,
        reason_key=f"promise.refused.{row.refusal_code}" if row.refusal_code else "",
        taker=taker,
    )


def _given(issuer: EllipticCurvePrivateKey, held: PromisePass) -> dict[str, object]:
    certificate = codes.certify_pass(
        issuer,
        pass_id=held.id,
        public_key=held.public_key,
        expires_at=held.expires_at,
        each_units=held.each_units,
    )
    return {
        "pass": held.id,
        "certificate": certificate,
        "issuer": codes.public_of(issuer),
        "until": int(held.expires_at.timestamp()),
        "each": held.each_units,
        "limit": held.limit_units,
    }


def _obstacle(
    session: Session, actor: Actor, balance: int, *, has_issuer: bool, now: datetime
) -> str:
    held = account_queries.current_address(session, actor.account_id)
    open_ones = queries.open_passes(session, actor.account_id, now=now)
    open_units = sum(one.limit_units - one.spent_units for one in open_ones)
    checks = {
        "off": not has_issuer,
        "not_ready": held is None,
        "own_wallet": held is not None and held.custody == Custody.OWN,
        "barred": queries.is_barred(session, actor.account_id, since=now - rules.BARRED_FOR),
        "too_many": len(open_ones) >= rules.PASSES_MAX,
        "too_poor": rules.pass_units(balance, open_units=open_units) == 0,
    }
    found = next((reason for reason, is_so in checks.items() if is_so), "")
    return f"promise.pass.{found}" if found else ""


def _pass_line(held: PromisePass, now: datetime) -> PassLine:
    is_over = held.state == PassState.ACTIVE and held.expires_at <= now
    return PassLine(
        pass_id=held.id,
        name=browsers.name_of(held.user_agent),
        state="over" if is_over else held.state,
        issued_at=held.issued_at,
        expires_at=held.expires_at,
        limit_units=held.limit_units,
        spent_units=held.spent_units,
    )
