"""A till asks for points and a citizen says yes: they are set aside at once."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from backend.accounts import queries as account_queries
from backend.custody import queries as custody_queries
from backend.custody.errors import OwnWalletSignsError, PointsMovingError
from backend.custody.rules import Custody
from backend.kernel.errors import NotFoundError
from backend.market import queries as market_queries
from backend.market import service as market
from backend.market import spends
from backend.market.errors import SpenderHasNoAddressError
from backend.market.models import Payment
from backend.market.rules import FROM_NOBODY, Origin, PaymentState
from backend.merchants import queries as merchant_queries
from backend.merchants.errors import MerchantNotActiveError
from backend.merchants.rules import MerchantState
from backend.offers import service as offers
from backend.workflows import both_sides, prove_payment
from backend.workflows.prove_payment import NO_PROOF, Proof


def request(
    session: Session,
    *,
    merchant_id: str,
    units: int,
    label: str,
    origin: Origin = FROM_NOBODY,
    at: datetime,
) -> Payment:
    """Open a payment request at a till, or by a citizen in front of a shop's poster.

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
    return market.request_payment(
        session,
        merchant_id=merchant_id,
        units=units,
        label=label,
        origin=origin,
        at=at,
    )


def pay(
    session: Session,
    *,
    payment_id: str,
    account_id: str,
    proof: Proof = NO_PROOF,
    now: datetime,
) -> Payment:
    """Accept a payment request as a citizen.

    Raises:
        SpenderHasNoAddressError: The citizen has not signed up, or the job that makes
            the address has not run yet.
        OwnWalletSignsError: The citizen's key is in an own wallet; see pay_own_wallet.
        PointsMovingError: The points are moving to or from one.
        FactorMissingError, ProofNeededError: See prove_payment.sealed.
        PaymentNotOpenError, UnitsInsufficientError, NotFoundError: See market.service.accept.
    Effects: payment ACCEPTED, ledger, one event for each side.
    """
    held = account_queries.current_address(session, account_id)
    if held is None:
        raise SpenderHasNoAddressError
    if held.custody == Custody.OWN:
        raise OwnWalletSignsError
    address = held.address
    asked = market_queries.payment(session, payment_id)
    if asked is None:
        raise NotFoundError("payment", payment_id)
    is_open = asked.state == PaymentState.REQUESTED
    sealed = (
        prove_payment.sealed(
            session, asked, account_id=account_id, address=address, proof=proof, now=now
        )
        if is_open
        else None
    )
    payment = market.accept(
        session,
        payment_id=payment_id,
        payer_account_id=account_id,
        payer_address=address,
        proof=sealed,
        at=now,
    )
    refuse_while_moving(session, account_id)
    offers.capture(session, payment_id)
    # With a proof the goods wait until the wallet service has verified it.
    both_sides.tell(session, payment, "payment_checking" if sealed else "payment_accepted", at=now)
    return payment


def refuse_while_moving(session: Session, account_id: str) -> None:
    """Let nothing be paid while the points are between two addresses; asked after `accept`.

    Accepting locks the account's balance, as the move does, so that one sees the other.

    Raises:
        PointsMovingError: They are.
    """
    if custody_queries.is_moving(session, account_id):
        raise PointsMovingError


def note_authorised(
    session: Session, payment: Payment, *, nonce: str, authorisation: dict[str, Any], now: datetime
) -> None:
    """Keep the signed spend of an accepted payment.

    Effects: payment AUTHORISED; the events of the acceptance when it waited for a proof. With
        an own wallet the acceptance comes when it is mined.
    """
    spends.store_authorisation(session, payment.id, nonce=nonce, authorisation=authorisation)
    if payment.is_proved and not payment.is_own_wallet:
        both_sides.tell(session, payment, "payment_accepted", at=now)


def reopen(session: Session, payment: Payment, refusal: str, *, now: datetime) -> None:
    """Let the citizen try again whose proof does not hold; points go back, both are told.

    Effects: see market.spends.reopen; one event for each side.
    """
    if spends.reopen(session, payment, refusal_code=refusal, at=now):
        offers.uncapture(session, payment.id)
        both_sides.tell(session, payment, "payment_unproved", at=now)
