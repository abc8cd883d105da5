"""PDFs of payments and shops: receipts of both sides, the poster with the shop's code."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from backend.accounts.rules import Actor, Permission
from backend.http.deps import Config, ConfigDep, Now, ReadSession, requires
from backend.kernel.errors import NotFoundError
from backend.market import queries
from backend.market.models import Payment
from backend.market.rules import PaymentState, PaymentWay
from backend.merchants import queries as merchant_queries
from backend.merchants.models import Merchant
from backend.paper.shops import poster_pdf, receipt_pdf
from backend.paper.typesetting import MEDIA_TYPE
from backend.web import history, places, texts
from backend.web.rendering import language_of
from backend.web.till import Owner, Till
from backend.web.worth import worth_cents
from backend.workflows import at_the_till

router = APIRouter(include_in_schema=False)


@router.get("/caisse/affiche/{merchant_id}.pdf")
def get_poster(
    merchant_id: str, session: ReadSession, clock: Now, config: ConfigDep, actor: Owner
) -> Response:
    """Print the poster of a shop: customers scan it and type the amount."""
    shop = at_the_till.own_shop(session, actor, merchant_id)
    pdf = poster_pdf(
        merchant=shop.name,
        commune=places.of_commune(session, shop.commune_code),
        link=f"{config.public_url}/B/{shop.id}".upper(),
        at=clock.now(),
    )
    return Response(pdf, media_type=MEDIA_TYPE)


@router.get("/caisse/{payment_id}/recu.pdf")
def get_till_receipt(
    request: Request,
    payment_id: str,
    session: ReadSession,
    clock: Now,
    config: ConfigDep,
    actor: Till,
) -> Response:
    """Print the shop's copy of a receipt."""
    payment, shop = at_the_till.own_payment(session, actor, payment_id, now=clock.now())
    data = _receipt(session, payment, shop, config, language_of(request, actor))
    return Response(receipt_pdf(data, at=clock.now()), media_type=MEDIA_TYPE)


@router.get("/paiements/{payment_id}/recu.pdf")
def get_receipt(
    request: Request,
    payment_id: str,
    session: ReadSession,
    clock: Now,
    config: ConfigDep,
    actor: Annotated[Actor, requires(Permission.READ_OWN)],
) -> Response:
    """Print the citizen's copy of a receipt."""
    payment = queries.payment(session, payment_id)
    shop = merchant_queries.merchant(session, payment.merchant_id) if payment else None
    if payment is None or shop is None or payment.payer_account_id != actor.account_id:
        raise NotFoundError("payment", payment_id)
    data = _receipt(session, payment, shop, config, language_of(request, actor))
    return Response(receipt_pdf(data, at=clock.now()), media_type=MEDIA_TYPE)


def _receipt(
    session: Session, payment: Payment, shop: Merchant, config: Config, language: str
) -> dict[str, object]:
    def t(key: str) -> str:
        return texts.translate(language, key)

    words = texts.formats(language)
    points, instant, euro = words["points"], words["instant"], words["euro"]
    short = t("unit.points_short")
    is_gift = payment.way == PaymentWay.DONATION
    state = PaymentState.REQUESTED if history.is_checking(payment) else payment.state
    when = payment.accepted_at or payment.requested_at
    rows = [
        (
            t("pdf.association" if is_gift else "pdf.shop"),
            f"{shop.name}, {places.of_commune(session, shop.commune_code)}",
        ),
        (t("pdf.worth"), euro(worth_cents(payment.units, config))),
        (t("fact.when"), instant(when)),
        (t("pdf.state"), t(f"state.{state}")),
        (t("fact.reference"), payment.id),
    ]
    if payment.label:
        rows.insert(1, (t("pdf.label"), payment.label))
    return {
        "language": language,
        "title": t("pdf.gift_title" if is_gift else "pdf.title"),
        "amount": f"{points(payment.units)} {short}",
        "rows": rows,
        "refunds_title": t("refund.done"),
        "refunds": [
            (instant(row.requested_at), f"{points(row.units)} {short}", t(f"state.{row.state}"))
            for row in queries.refunds_of(session, [payment.id])
        ],
        "note": t("giving.fiscal" if is_gift else "pdf.note"),
    }
