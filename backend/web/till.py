"""A merchant's till: keypad, code to scan, answer, day total, cash-out."""

import io
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Annotated

import qrcode
from fastapi import APIRouter, Form, Request, Response
from qrcode.image.svg import SvgPathFillImage
from sqlmodel import Session

from backend.accounts.rules import Actor, Permission
from backend.clerks import queries as clerk_queries
from backend.http.deps import (
    Config,
    ConfigDep,
    DatabaseDep,
    Now,
    ReadSession,
    WriteSession,
    requires,
)
from backend.kernel.errors import EcoError
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.market import queries, service
from backend.market.models import Payment
from backend.market.rules import CALLED_OFF, Origin, PaymentState, PaymentWay
from backend.merchants.models import Merchant
from backend.settlement import queries as settlement_queries
from backend.settlement import service as settlement
from backend.settlement.rules import cash_out_units, euro_cents
from backend.web import history, places
from backend.web.contexts import CashOutLine, RefundLine, TillLine, TillPage, TillPaymentPage
from backend.web.forms import checked_form, see, units_in
from backend.web.rendering import respond
from backend.web.worth import point_cents, worth_cents
from backend.workflows import at_the_till, give_back_payment, pay_merchant

router = APIRouter(include_in_schema=False)

MAX_CASH_OUTS = 5
Till = Annotated[Actor, requires(Permission.RUN_TILL)]
Owner = Annotated[Actor, requires(Permission.RUN_SHOP)]


@router.get("/caisse")
def get_till(
    request: Request,
    session: ReadSession,
    clock: Now,
    config: ConfigDep,
    actor: Till,
    commerce: str | None = None,
) -> Response:
    """Show keypad, sales of the day and takings."""
    page = till_page(session, actor, config, now=clock.now(), chosen_id=commerce)
    return respond(request, "till.html", page, actor=actor, section="till")


@router.post("/caisse", dependencies=[checked_form()])
def post_payment(
    request: Request,
    database: DatabaseDep,
    clock: Now,
    config: ConfigDep,
    actor: Till,
    merchant_id: Annotated[str, Form()],
    *,
    amount: Annotated[str, Form(max_length=20)] = "",
    label: Annotated[str, Form(max_length=80)] = "",
) -> Response:
    """Ask for points and show the code; a wrong amount comes back with the reason."""
    units = units_in(amount) or 0
    try:
        with database.transaction() as session:
            merchant = at_the_till.own(at_the_till.shops(session, actor), merchant_id)
            payment = pay_merchant.request(
                session,
                merchant_id=merchant.id,
                units=units,
                label=label,
                origin=Origin(taken_by=actor.account_id),
                at=clock.now(),
            )
    except EcoError as error:
        if error.code != "payment_amount_invalid":
            raise
        with database.reading() as session:
            page = till_page(
                session,
                actor,
                config,
                now=clock.now(),
                chosen_id=merchant_id,
                problem=(f"till.problem.{error.code}", amount),
            )
        return respond(request, "till.html", page, actor=actor, section="till", status=422)
    return see(f"/caisse/{payment.id}")


@router.post("/caisse/encaisser", dependencies=[checked_form()])
def post_cash_out(
    session: WriteSession,
    clock: Now,
    config: ConfigDep,
    actor: Owner,
    merchant_id: Annotated[str, Form()],
) -> Response:
    """Turn the takings into euro."""
    merchant = at_the_till.own(at_the_till.shops(session, actor), merchant_id)
    settlement.request_cash_out(
        session,
        merchant_id=merchant.id,
        rate_micro_cents_per_unit=config.rate_micro_cents_per_unit,
        at=clock.now(),
    )
    return see(f"/caisse?commerce={merchant.id}")


@router.get("/caisse/{payment_id}")
def get_payment(
    request: Request,
    payment_id: str,
    session: ReadSession,
    clock: Now,
    config: ConfigDep,
    actor: Till,
) -> Response:
    """Show the code to scan, then whether it was accepted."""
    page = payment_page(
        session,
        actor,
        *at_the_till.own_payment(session, actor, payment_id, now=clock.now()),
        config,
        now=clock.now(),
    )
    return respond(request, "till_payment.html", page, actor=actor, section="till")


@router.get("/caisse/{payment_id}/qr.svg")
def get_qr(
    payment_id: str, session: ReadSession, clock: Now, config: ConfigDep, actor: Till
) -> Response:
    """Draw the code that the customer scans."""
    payment, _ = at_the_till.own_payment(session, actor, payment_id, now=clock.now())
    picture = io.BytesIO()
    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=4)
    # One run in alphanumeric mode is the smallest code for an upper-case link.
    code.add_data(_link(payment.id, config), optimize=0)
    code.make_image(image_factory=SvgPathFillImage).save(picture)
    return Response(picture.getvalue(), media_type="image/svg+xml")


@router.post("/caisse/{payment_id}/annuler", dependencies=[checked_form()])
def post_cancel(payment_id: str, session: WriteSession, clock: Now, actor: Till) -> Response:
    """Take a request back; one that was just confirmed stays confirmed."""
    payment, _ = at_the_till.own_payment(session, actor, payment_id, now=clock.now())
    service.cancel(session, payment.id)
    return see(f"/caisse/{payment_id}")


def till_page(
    session: Session,
    actor: Actor,
    config: Config,
    *,
    now: datetime,
    chosen_id: str | None = None,
    problem: tuple[str, str] = ("", ""),
) -> TillPage:
    """Collect what a till shows; the first shop when none is chosen.

    Args:
        problem: Key of what is wrong with the form, and what was typed.
    """
    shops = at_the_till.shops(session, actor)
    shop = at_the_till.own(shops, chosen_id) if chosen_id else shops[0]
    since = at_the_till.midnight(now)
    takings = ledger_queries.balance(session, names.takings(shop.id))
    rate = config.rate_micro_cents_per_unit
    cash_units = cash_out_units(takings, rate)
    payments = queries.payments_of_merchant(session, shop.id, since=since)
    return TillPage(
        merchant_id=shop.id,
        merchant=shop.name,
        commune=places.of_commune(session, shop.commune_code),
        state=shop.state,
        others=tuple((other.id, other.name) for other in shops if other.id != shop.id),
        today_units=queries.sold_units(session, shop.id, since=since),
        today_count=sum(payment.state in queries.SOLD for payment in payments),
        takings_units=takings,
        cash_out_units=cash_units,
        cash_out_cents=euro_cents(cash_units, rate),
        point_cents=str(point_cents(config)),
        lines=till_lines(payments, now, clerk_queries.names_of(session, shop.id)),
        cash_outs=tuple(
            CashOutLine(c.requested_at, c.units, c.euro_cents, c.state)
            for c in settlement_queries.cash_outs_of(session, shop.id, limit=MAX_CASH_OUTS)
        ),
        is_owner=actor.may(Permission.RUN_SHOP),
        problem_key=problem[0],
        typed=problem[1],
    )


def till_lines(
    payments: Sequence[Payment], now: datetime, clerks: Mapping[str, str] = MappingProxyType({})
) -> tuple[TillLine, ...]:
    """Describe payments at a till.

    Args:
        clerks: Account → name, of the clerks who may have taken them.
    """
    return tuple(
        TillLine(
            href=f"/caisse/{payment.id}",
            at=payment.requested_at,
            units=payment.units,
            label=payment.label,
            state=_badge(payment, now),
            taker=clerks.get(payment.taken_by or "", ""),
            is_gift=payment.way == PaymentWay.DONATION,
        )
        for payment in payments
    )


def payment_page(
    session: Session,
    actor: Actor,
    payment: Payment,
    merchant: Merchant,
    config: Config,
    *,
    now: datetime,
    problem: tuple[str, str] = ("", ""),
) -> TillPaymentPage:
    """Collect what the till shows of one request: the code, the answer, refunds.

    Args:
        problem: Key of what is wrong with the refund, and what was typed.
    """
    clerks = clerk_queries.names_of(session, merchant.id)
    is_refundable = payment.state == PaymentState.CONFIRMED
    left_units = payment.units - payment.refunded_units if is_refundable else 0
    mine_units = give_back_payment.left_units(session, actor.account_id, now=now)
    allowed_units = left_units if mine_units is None else max(min(left_units, mine_units), 0)
    return TillPaymentPage(
        payment_id=payment.id,
        merchant=merchant.name,
        units=payment.units,
        worth_cents=worth_cents(payment.units, config),
        label=payment.label,
        state=_state(payment, now),
        link=_link(payment.id, config),
        expires_at=payment.expires_at,
        seconds_left=max(0, int((payment.expires_at - now).total_seconds())),
        refunds=refund_lines(session, payment.id, clerks),
        refund_key=secrets.token_hex(16),
        refundable_units=allowed_units,
        is_limited=left_units > allowed_units == 0,
        taker=clerks.get(payment.taken_by or "", ""),
        is_waiting=payment.state == PaymentState.AUTHORISED and payment.waiting_code is not None,
        is_called_off=payment.refusal_code == CALLED_OFF,
        is_own_wallet=payment.is_own_wallet,
        refused_key=history.refused_key(payment),
        problem_key=problem[0],
        typed=problem[1],
    )


def refund_lines(
    session: Session, payment_id: str, clerks: Mapping[str, str] = MappingProxyType({})
) -> tuple[RefundLine, ...]:
    """Return the refunds of a payment, oldest first; see `till_lines`."""
    return tuple(
        RefundLine(row.requested_at, row.units, row.reason, row.state, clerks.get(row.asked_by, ""))
        for row in queries.refunds_of(session, [payment_id])
    )


def _state(payment: Payment, now: datetime) -> str:
    is_lapsed = payment.state == PaymentState.REQUESTED and payment.expires_at <= now
    if history.is_checking(payment):
        return "checking"
    return PaymentState.EXPIRED if is_lapsed else payment.state


def _badge(payment: Payment, now: datetime) -> str:
    # What happens behind "accepted" is not the merchant's trouble: the goods can go.
    state = _state(payment, now)
    if state == "checking":
        return PaymentState.REQUESTED
    is_under_way = state in (PaymentState.AUTHORISED, PaymentState.BATCHED)
    return PaymentState.ACCEPTED if is_under_way else state


def _link(payment_id: str, config: Config) -> str:
    return f"{config.public_url}/P/{payment_id}".upper()
