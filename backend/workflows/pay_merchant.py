"""A till asks for points and a citizen says yes: they are set aside at once."""

from datetime import datetime

from sqlmodel import Session

from backend.accounts import queries as account_queries
from backend.db import event_log
from backend.kernel.errors import NotFoundError
from backend.market import service as market
from backend.market.errors import SpenderHasNoAddressError
from backend.market.models import Payment
from backend.merchants import queries as merchant_queries
from backend.merchants.errors import MerchantNotActiveError
from backend.merchants.rules import MerchantState


def request(session: Session, *, merchant_id: str, units: int, label: str, at: datetime) -> Payment:
    """Open a payment request at a till.

    Raises:
        NotFoundError: No such merchant.
        MerchantNotActiveError: Not registered on chain yet.
        PaymentAmountError: See market.service.request_payment.
    """
    merchant = merchant_queries.merchant(session, merchant_id)
    if merchant is None:
        raise NotFoundError("merchant", merchant_id)
    if merchant.state != MerchantState.ACTIVE:
        raise MerchantNotActiveError
    return market.request_payment(session, merchant_id=merchant_id, units=units, label=label, at=at)


def pay(session: Session, *, payment_id: str, account_id: str, now: datetime) -> Payment:
    """Accept a payment request as a citizen.

    Raises:
        SpenderHasNoAddressError: The citizen has not signed up, or the job that makes
            the address has not run yet.
        PaymentNotOpenError, UnitsInsufficientError, NotFoundError: See market.service.accept.
    Effects: payment ACCEPTED, ledger, one event for each side.
    """
    address = account_queries.spending_address(session, account_id)
    if address is None:
        raise SpenderHasNoAddressError
    payment = market.accept(
        session, payment_id=payment_id, payer_account_id=account_id, payer_address=address, at=now
    )
    merchant = merchant_queries.merchant(session, payment.merchant_id)
    for audience in (account_id, merchant.owner_account_id if merchant else event_log.STAFF):
        event_log.append(
            session,
            kind="payment_accepted",
            subject=payment.id,
            audience=audience,
            at=now,
            units=payment.units,
        )
    return payment
