"""The till scans a citizen's card and takes the payment."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from backend.cards import queries as card_queries
from backend.market.models import Payment
from backend.market.rules import CARD_UNPROVED_UNITS, Origin, PaymentState, PaymentWay
from backend.workflows import pay_merchant
from backend.workflows.prove_payment import Proof


@dataclass(frozen=True)
class CardPurchase:
    """What the till sends.

    Attributes:
        code: What was scanned or typed: a card's link or its characters.
        pin: The holder's, typed at the till; may be empty.
        key: Made by the till; sending it again changes nothing.
        taken_by: Account at the till.
    """

    units: int
    label: str
    code: str
    pin: str
    key: str
    taken_by: str


def pay(session: Session, purchase: CardPurchase, *, merchant_id: str, now: datetime) -> Payment:
    """Take a payment from the holder of a card.

    A paper card can be lost, so it always needs the holder's PIN; the code on a phone lives
    three minutes and needs one above CARD_UNPROVED_UNITS.

    Raises:
        CardUnreadableError, CardUnknownError, CardBlockedError: See cards.queries.account_of.
        FactorMissingError, ProofNeededError, UnitsInsufficientError: See pay_merchant.pay.
        MerchantNotActiveError, PaymentAmountError: See pay_merchant.request.
    Effects: payment ACCEPTED with way CARD, ledger, one event for each side.
    """
    holder = card_queries.account_of(session, purchase.code, now=now)
    payment = pay_merchant.request(
        session,
        merchant_id=merchant_id,
        units=purchase.units,
        label=purchase.label,
        origin=Origin(PaymentWay.CARD, purchase.key, purchase.taken_by),
        at=now,
    )
    if payment.state != PaymentState.REQUESTED:
        return payment
    needs_pin = holder.is_paper or payment.units > CARD_UNPROVED_UNITS
    return pay_merchant.pay(
        session,
        payment_id=payment.id,
        account_id=holder.account_id,
        proof=Proof(pin=purchase.pin, is_required=needs_pin),
        now=now,
    )
