"""A merchant's till: keypad, code to scan, answer, day total, cash-out."""

import io
import secrets
from collections.abc import Sequence
from datetime import datetime, time
from typing import Annotated

import qrcode
from fastapi import APIRouter, Form, Request, Response
from qrcode.image.svg import SvgPathFillImage
from sqlmodel import Session

from backend.accounts.rules import Actor, Permission
from backend.http.deps import (
    Config,
    ConfigDep,
    DatabaseDep,
    Now,
    ReadSession,
    WriteSession,
    requires,
)
from backend.kernel.errors import EcoError, ErrorKind, NotFoundError
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.market import queries, service
from backend.market.models import Payment
from backend.market.rules import CALLED_OFF, PaymentState
from backend.merchants import queries as merchant_queries
from backend.merchants.models import Merchant
from backend.settlement import queries as settlement_queries
from backend.settlement import service as settlement
from backend.settlement.rules import cash_out_units, euro_cents
from backend.web import history, places
from backend.web.contexts import CashOutLine, RefundLine, TillLine, TillPage, TillPaymentPage
from backend.web.forms import checked_form, see, units_in
from backend.web.rendering import respond
from backend.web.texts import ZONE, local_day
from backend.web.worth import point_cents, worth_cents
from backend.workflows import pay_merchant

router = APIRouter(include_in_schema=False)

MAX_CASH_OUTS = 5
Till = Annotated[Actor, requires(Permission.RUN_TILL)]


class NoShopError(EcoError):
    """The account may run a till, but no shop belongs to it."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.NOT_FOUND, "no_shop", "No shop belongs to this account; ask the metropolis."
        )


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
    page = till_page(session, _shops(session, actor), config, now=clock.now(), chosen_id=commerce)
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
            merchant = _own(_shops(session, actor), merchant_id)
            payment = pay_merchant.request(
                session, merchant_id=merchant.id, units=units, label=label, at=clock.now()
            )
    except EcoError as error:
        if error.code != "payment_amount_invalid":
            raise
        with database.reading() as session:
            page = till_page(
                session,
                _shops(session, actor),
                config,
                now=clock.now(),
                chosen_id=merchant_id,
                problem_key=f"till.problem.{error.code}",
                typed=amount,
            )
        return respond(request, "till.html", page, actor=actor, section="till", status=422)
    return see(f"/caisse/{payment.id}")


@router.post("/caisse/encaisser", dependencies=[checked_form()])
def post_cash_out(
    session: WriteSession,
    clock: Now,
    config: ConfigDep,
    actor: Till,
    merchant_id: Annotated[str, Form()],
) -> Response:
    """Turn the takings into euro."""
    merchant = _own(_shops(session, actor), merchant_id)
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
    page = payment_page(session, *own_payment(session, actor, payment_id), config, now=clock.now())
    return respond(request, "till_payment.html", page, actor=actor, section="till")


@router.get("/caisse/{payment_id}/qr.svg")
def get_qr(payment_id: str, session: ReadSession, config: ConfigDep, actor: Till) -> Response:
    """Draw the code that the customer scans."""
    payment, _ = own_payment(session, actor, payment_id)
    picture = io.BytesIO()
    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=4)
    # One run in alphanumeric mode is the smallest code for an upper-case link.
    code.add_data(_link(payment.id, config), optimize=0)
    code.make_image(image_factory=SvgPathFillImage).save(picture)
    return Response(picture.getvalue(), media_type="image/svg+xml")


@router.post("/caisse/{payment_id}/annuler", dependencies=[checked_form()])
def post_cancel(payment_id: str, session: WriteSession, actor: Till) -> Response:
    """Take a request back; one that was just confirmed stays confirmed."""
    payment, _ = own_payment(session, actor, payment_id)
    service.cancel(session, payment.id)
    return see(f"/caisse/{payment_id}")


def till_page(
    session: Session,
    shops: Sequence[Merchant],
    config: Config,
    *,
    now: datetime,
    chosen_id: str | None = None,
    problem_key: str = "",
    typed: str = "",
) -> TillPage:
    """Collect what a till shows; the first shop when none is chosen."""
    shop = _own(shops, chosen_id) if chosen_id else shops[0]
    since = datetime.combine(local_day(now), time(), ZONE)
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
        lines=tuple(
            TillLine(f"/caisse/{p.id}", p.requested_at, p.units, p.label, _badge(p, now))
            for p in payments
        ),
        cash_outs=tuple(
            CashOutLine(c.requested_at, c.units, c.euro_cents, c.state)
            for c in settlement_queries.cash_outs_of(session, shop.id, limit=MAX_CASH_OUTS)
        ),
        problem_key=problem_key,
        typed=typed,
    )


def payment_page(
    session: Session,
    payment: Payment,
    merchant: Merchant,
    config: Config,
    *,
    now: datetime,
    problem_key: str = "",
    typed: str = "",
) -> TillPaymentPage:
    """Collect what the till shows of one request: the code, the answer, refunds."""
    left_units = payment.units - payment.refunded_units
    is_refundable = payment.state == PaymentState.CONFIRMED
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
        refunds=refund_lines(session, payment.id),
        refund_key=secrets.token_hex(16),
        refundable_units=left_units if is_refundable else 0,
        is_waiting=payment.state == PaymentState.AUTHORISED and payment.waiting_code is not None,
        is_called_off=payment.refusal_code == CALLED_OFF,
        problem_key=problem_key,
        typed=typed,
    )


def refund_lines(session: Session, payment_id: str) -> tuple[RefundLine, ...]:
    """Return the refunds of a payment, oldest first."""
    return tuple(
        RefundLine(row.requested_at, row.units, row.reason, row.state)
        for row in queries.refunds_of(session, [payment_id])
    )


def own_payment(session: Session, actor: Actor, payment_id: str) -> tuple[Payment, Merchant]:
    """Return a payment of a till that the actor runs.

    Raises:
        NotFoundError: Unknown, or somebody else's.
    """
    payment = queries.payment(session, payment_id)
    if payment is None:
        raise NotFoundError("payment", payment_id)
    return payment, _own(_shops(session, actor), payment.merchant_id)


def own_shop(session: Session, actor: Actor, merchant_id: str) -> Merchant:
    """Return a shop whose till the actor runs.

    Raises:
        NotFoundError: Unknown, or somebody else's.
    """
    return _own(_shops(session, actor), merchant_id)


def _shops(session: Session, actor: Actor) -> Sequence[Merchant]:
    shops = merchant_queries.merchants_of(session, actor.account_id)
    if not shops:
        raise NoShopError
    return shops


def _own(shops: Sequence[Merchant], merchant_id: str) -> Merchant:
    for shop in shops:
        if shop.id == merchant_id:
            return shop
    raise NotFoundError("merchant", merchant_id)


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
