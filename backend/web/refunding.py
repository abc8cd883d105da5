"""Giving points back at the till, of payments that are booked and of those that wait."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from backend.http.deps import ConfigDep, DatabaseDep, Now, WriteSession
from backend.kernel.errors import EcoError
from backend.web.forms import checked_form, see, units_in
from backend.web.rendering import respond
from backend.web.till import Owner, Till, payment_page
from backend.workflows import at_the_till, give_back_payment, give_up_payment

router = APIRouter(include_in_schema=False)

_AT_THE_FIELD = (
    "refund_too_large",
    "takings_insufficient",
    "payment_not_refundable",
    "clerk_refund_limit",
)


@router.post("/caisse/{payment_id}/rembourser", dependencies=[checked_form()])
def post_refund(
    request: Request,
    payment_id: str,
    database: DatabaseDep,
    clock: Now,
    config: ConfigDep,
    actor: Till,
    refund_key: Annotated[str, Form(min_length=16, max_length=64)],
    *,
    amount: Annotated[str, Form(max_length=20)] = "",
    reason: Annotated[str, Form(max_length=80)] = "",
) -> Response:
    """Give points back; what cannot be comes back with the reason, and nothing moved."""
    try:
        with database.transaction() as session:
            payment, _ = at_the_till.own_payment(session, actor, payment_id, now=clock.now())
            give_back_payment.give_back(
                session,
                payment,
                key=f"{payment_id}/{refund_key}",
                units=units_in(amount) or 0,
                reason=reason,
                asked_by=actor.account_id,
                now=clock.now(),
            )
    except EcoError as error:
        if error.code not in _AT_THE_FIELD:
            raise
        with database.reading() as session:
            page = payment_page(
                session,
                actor,
                *at_the_till.own_payment(session, actor, payment_id, now=clock.now()),
                config,
                now=clock.now(),
                problem=(f"refund.problem.{error.code}", amount),
            )
        return respond(request, "till_payment.html", page, actor=actor, section="till", status=422)
    return see(f"/caisse/{payment_id}")


@router.post("/caisse/{payment_id}/renoncer", dependencies=[checked_form()])
def post_give_up(payment_id: str, session: WriteSession, clock: Now, actor: Owner) -> Response:
    """Give up a sale that the register has put off; the points go back once that is safe."""
    payment, _ = at_the_till.own_payment(session, actor, payment_id, now=clock.now())
    give_up_payment.give_up(session, payment, now=clock.now())
    return see(f"/caisse/{payment_id}")
