"""A citizen proves a large payment with a PIN or passkey."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from backend.factors import queries as factor_queries
from backend.factors.errors import FactorMissingError, ProofNeededError, WalletUnknownError
from backend.factors.rules import PaymentFacts, is_pin, needs_proof, payment_digest, seal_pin
from backend.market import queries as market_queries
from backend.market.models import Payment
from backend.merchants import queries as merchant_queries


@dataclass(frozen=True)
class Proof:
    """What came with a payment: a PIN in clear, a passkey's answer, or neither.

    Attributes:
        is_required: Whatever the amount, because who holds the card may not own it.
    """

    pin: str = ""
    assertion: dict[str, Any] | None = None
    is_required: bool = False


NO_PROOF = Proof()


def is_needed(session: Session, units: int, account_id: str, *, now: datetime) -> bool:
    """Tell whether a payment of an account needs a proof."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    paid_units = market_queries.unproved_units(session, account_id, since=midnight)
    return needs_proof(units, unproved_today_units=paid_units)


def challenge(session: Session, payment: Payment, address: str) -> bytes:
    """Return the 32 bytes that the proof of a payment covers.

    Raises:
        WalletUnknownError: The jobs runner has not noted desk and chain yet.
    """
    facts = factor_queries.wallet_facts(session)
    if facts is None:
        raise WalletUnknownError
    pseudonyms = merchant_queries.pseudonyms(session, [payment.merchant_id])
    return payment_digest(
        PaymentFacts(
            chain_id=facts.chain_id,
            desk=facts.desk,
            payer=address,
            merchant_pseudonym=pseudonyms[payment.merchant_id],
            units=payment.units,
            payment_ref=payment.payment_ref,
            salt=payment.salt,
        )
    )


def sealed(
    session: Session,
    payment: Payment,
    *,
    account_id: str,
    address: str,
    proof: Proof,
    now: datetime,
) -> dict[str, Any] | None:
    """Return what the wallet service needs to verify, `None` for a payment that needs no proof.

    A PIN is sealed here and stored nowhere in clear.

    Raises:
        FactorMissingError: The account has neither PIN nor passkey that counts.
        ProofNeededError: It has one, and none came along.
        WalletUnknownError: See `challenge`.
    """
    if not proof.is_required and not is_needed(session, payment.units, account_id, now=now):
        return None
    if not factor_queries.counting(session, address, now=now):
        raise FactorMissingError
    if proof.assertion is not None:
        return {"kind": "passkey", "assertion": proof.assertion}
    if not is_pin(proof.pin):
        raise ProofNeededError
    facts = factor_queries.wallet_facts(session)
    if facts is None:
        raise WalletUnknownError
    digest = challenge(session, payment, address)
    return {"kind": "pin", "sealed": seal_pin(facts.pin_key, proof.pin, digest)}
