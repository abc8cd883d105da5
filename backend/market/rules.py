"""Pure words of payments: their life, and how long things are good for."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

PAYMENT_REQUEST_LIFE = timedelta(minutes=5)
"""How long a code on a till can be confirmed: a queue's patience."""
AUTHORISATION_LIFE = timedelta(days=90)
"""How long a signed spend can be handed in; a short one could not be sent after an outage."""
RETRY_AFTER = timedelta(minutes=1)
"""How long a payment waits before the desk is asked again."""
FINAL_REFUSALS = frozenset(
    {
        "EcoToken_AuthorizationExpired",
        "EcoToken_AuthorizationSpent",
        "EcoToken_SignatureInvalid",
        "EcoToken_UnitsOutOfRange",
        "RedemptionDesk_UnitsOutOfRange",
    }
)
"""Refusals of the desk after which the signed spend can never be taken any more. Anybody may hand
a published authorisation in, so points may only go back to the citizen after one of these."""
CALLED_OFF = "called_off"
"""Refusal code of a payment that was given up and whose authorisation is cancelled for good."""
CARD_UNPROVED_UNITS = 2_000
"""20 points: what a till may take from the code on a phone without the holder's PIN. The same
code is shown at recycling counters, so it must not be worth more than a small purchase."""
MAX_PAYMENT_UNITS = 1_000_000
"""10,000 points, the dearest purchase."""


class PaymentState(StrEnum):
    """Life of a payment."""

    REQUESTED = "requested"
    """The till asks; nobody has confirmed."""
    ACCEPTED = "accepted"
    """The citizen confirmed and the points are set aside: the merchant can hand over the goods."""
    AUTHORISED = "authorised"
    """The spend is signed."""
    BATCHED = "batched"
    """Inside a transaction."""
    CANCELLING = "cancelling"
    """Given up while it waited: its authorisation is made useless before the points go back."""
    CONFIRMED = "confirmed"
    """In the merchant's takings on chain."""
    EXPIRED = "expired"
    """Nobody confirmed in time."""
    CANCELLED = "cancelled"
    """The till took the request back."""
    FAILED = "failed"
    """The chain refused it; the points went back to the citizen and the merchant was told."""


class PaymentWay(StrEnum):
    """Who started a payment, and with what."""

    TILL = "till"
    """The till showed a code and the citizen scanned it."""
    SHOP = "shop"
    """The citizen scanned the shop's poster and typed the amount."""
    CARD = "card"
    """The till scanned the citizen's card."""
    OFFER = "offer"
    """The citizen reserved an offer."""
    DONATION = "donation"
    """The citizen gives points to an association."""
    PROMISE = "promise"
    """The citizen's phone signed without network, and the till handed it in later."""


@dataclass(frozen=True)
class Origin:
    """Who started a payment, and how.

    Attributes:
        key: Asking again with it gives the same request; `None` for a request of its own.
        taken_by: Account at the till; `None` when the citizen started it.
    """

    way: PaymentWay = PaymentWay.TILL
    key: str | None = None
    taken_by: str | None = None


FROM_NOBODY = Origin()
"""A request of which nothing more is known."""


class RefundState(StrEnum):
    """Life of a refund."""

    REQUESTED = "requested"
    """The merchant gave points back: they have left the takings."""
    BATCHED = "batched"
    """Inside a transaction."""
    CONFIRMED = "confirmed"
    """With the citizen on chain; can be spent again."""
    FAILED = "failed"
    """The chain refused it; the points are back in the takings."""


PROOF_ATTEMPTS_MAX = 5
"""Wrong proofs that close a payment; the wallet service counts wrong PINs by itself."""
UNPROVED_REFUSALS = frozenset(
    {
        "pin_wrong",
        "pin_locked",
        "pin_sealed_wrongly",
        "passkey_refused",
        "factor_missing",
        "own_signature_wrong",
    }
)
"""Refusals of the wallet service that only say that the proof does not hold."""


def is_final_refusal(error_name: str) -> bool:
    """Tell whether a refused spend can never happen any more."""
    return error_name in FINAL_REFUSALS


def acceptance(payment_id: str, proof_attempts: int) -> str:
    """Return the reference in the ledger of a payment's acceptance.

    Args:
        proof_attempts: Proofs that failed before; each acceptance moves points of its own.
    """
    attempt = f"/{proof_attempts}" if proof_attempts else ""
    return f"payment/{payment_id}/accepted{attempt}"
