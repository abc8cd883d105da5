"""A till gives up a payment that the register has put off; the points go back once that is safe."""

from datetime import datetime

from sqlmodel import Session

from backend.market import cancellations
from backend.market.models import Payment
from backend.workflows import both_sides


def give_up(session: Session, payment: Payment, *, now: datetime) -> None:
    """Ask for the end of a waiting payment and tell both sides.

    A signed authorisation is public and good for months: anybody may hand it in. So the
    points move only when the chain has taken the payer's cancellation.

    Raises:
        PaymentNotWaitingError: See market.cancellations.give_up.
    Effects: payment CANCELLING, one event for each side.
    """
    cancellations.give_up(session, payment)
    both_sides.tell(session, payment, "payment_cancelling", at=now)
