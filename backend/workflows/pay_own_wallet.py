"""A citizen pays from an own wallet: the wallet signs, and the chain's answer is the acceptance."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from backend.accounts import queries as account_queries
from backend.custody.errors import NotOwnWalletError, SignatureUnreadableError
from backend.custody.rules import Custody, is_signature
from backend.factors import queries as factor_queries
from backend.factors.errors import WalletUnknownError
from backend.kernel.errors import NotFoundError
from backend.market import queries as market_queries
from backend.market import service as market
from backend.market.models import Payment
from backend.market.typed import OWN_WALLET, OwnPayment, typed_data, valid_before_s
from backend.merchants import queries as merchant_queries
from backend.offers import service as offers
from backend.workflows import both_sides, pay_merchant


def typed(session: Session, payment: Payment, address: str) -> dict[str, Any]:
    """Return the typed data that an own wallet signs for a payment.

    Raises:
        WalletUnknownError: The jobs runner has not noted desk, token and chain yet.
    """
    facts = factor_queries.wallet_facts(session)
    if facts is None or not facts.token:
        raise WalletUnknownError
    pseudonyms = merchant_queries.pseudonyms(session, [payment.merchant_id])
    return typed_data(
        OwnPayment(
            chain_id=facts.chain_id,
            token=facts.token,
            desk=facts.desk,
            payer=address,
            units=payment.units,
            merchant_pseudonym=pseudonyms[payment.merchant_id],
            payment_ref=payment.payment_ref,
            salt=payment.salt,
            valid_before_s=valid_before_s(payment.expires_at),
        )
    )


def submit(
    session: Session, *, payment_id: str, account_id: str, signature: str, now: datetime
) -> Payment:
    """Take an own wallet's signature: points are set aside, the goods wait for the chain.

    Raises:
        NotFoundError: No such payment.
        NotOwnWalletError: The account's points are kept by the service.
        SignatureUnreadableError: The text is no signature.
        PointsMovingError: The points are moving between wallet and service.
        PaymentNotOpenError, UnitsInsufficientError: See market.service.accept.
    Effects: payment ACCEPTED with the signature to be checked, ledger, one event for each side.
    """
    held = account_queries.current_address(session, account_id)
    if held is None or held.custody != Custody.OWN:
        raise NotOwnWalletError
    if not is_signature(signature):
        raise SignatureUnreadableError
    if market_queries.payment(session, payment_id) is None:
        raise NotFoundError("payment", payment_id)
    payment = market.accept(
        session,
        payment_id=payment_id,
        payer_account_id=account_id,
        payer_address=held.address,
        proof={"kind": OWN_WALLET, "signature": signature.strip()},
        at=now,
    )
    pay_merchant.refuse_while_moving(session, account_id)
    offers.capture(session, payment_id)
    both_sides.tell(session, payment, "payment_checking", at=now)
    return payment
