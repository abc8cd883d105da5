"""Writes of factors."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col

from backend.factors import queries
from backend.factors.errors import PINInvalidError, WalletUnknownError
from backend.factors.models import Factor, WalletFacts
from backend.factors.rules import (
    FactorKind,
    FactorState,
    enrolment_digest,
    is_pin,
    replacement_digest,
    seal_pin,
)


def request_pin(
    session: Session,
    *,
    account_id: str,
    address: str,
    pin: str,
    current_pin: str = "",
    at: datetime,
) -> Factor:
    """Ask the wallet service to take a PIN; the digits are sealed before they are stored.

    Args:
        current_pin: The one that counts now, so that the new one counts at once.
    Raises:
        PINInvalidError: Not 4 to 12 digits.
        WalletUnknownError: The key to seal to is not known yet.
    """
    facts = queries.wallet_facts(session)
    if facts is None:
        raise WalletUnknownError
    if not is_pin(pin) or (current_pin and not is_pin(current_pin)):
        raise PINInvalidError
    sealed = seal_pin(facts.pin_key, pin, enrolment_digest(address))
    material: dict[str, Any] = {"sealed": sealed}
    if current_pin:
        proof = seal_pin(facts.pin_key, current_pin, replacement_digest(address, sealed))
        material["proof"] = {"kind": "pin", "sealed": proof}
    return _add(session, account_id, address, FactorKind.PIN, material, at=at)


@dataclass(frozen=True)
class NewPasskey:
    """A passkey as the browser made it.

    Attributes:
        credential_id, public_key: base64url; the key is COSE.
        rp_id: Host of this site.
    """

    credential_id: str
    public_key: str
    rp_id: str


def request_passkey(
    session: Session,
    passkey: NewPasskey,
    *,
    account_id: str,
    address: str,
    current_pin: str = "",
    at: datetime,
) -> Factor:
    """Ask the wallet service to take a passkey.

    Args:
        current_pin: The PIN that counts now, so that the passkey counts at once.
    Raises:
        PINInvalidError: The PIN is not 4 to 12 digits.
        WalletUnknownError: The key to seal to is not known yet.
    """
    material: dict[str, Any] = {"public_key": passkey.public_key, "rp_id": passkey.rp_id}
    if current_pin:
        facts = queries.wallet_facts(session)
        if facts is None:
            raise WalletUnknownError
        if not is_pin(current_pin):
            raise PINInvalidError
        digest = replacement_digest(address, passkey.public_key)
        sealed = seal_pin(facts.pin_key, current_pin, digest)
        material["proof"] = {"kind": "pin", "sealed": sealed}
    factor = _add(session, account_id, address, FactorKind.PASSKEY, material, at=at)
    factor.credential_id = passkey.credential_id
    session.add(factor)
    session.flush()
    return factor


def note_enrolled(session: Session, factor_id: str, *, active_from: datetime) -> bool:
    """Keep when a factor counts from and forget what it is made of."""
    return _close(session, factor_id, state=FactorState.ACTIVE, active_from=active_from)


def note_refused(session: Session, factor_id: str, *, refusal_code: str) -> bool:
    """Keep why the wallet service did not take a factor."""
    return _close(session, factor_id, state=FactorState.REFUSED, refusal_code=refusal_code)


def note_wallet(session: Session, facts: WalletFacts) -> None:
    """Keep what pages must know to seal a PIN."""
    session.merge(facts)
    session.flush()


def _add(
    session: Session,
    account_id: str,
    address: str,
    kind: FactorKind,
    material: dict[str, Any],
    *,
    at: datetime,
) -> Factor:
    factor = Factor(
        account_id=account_id, address=address, kind=kind, material=material, created_at=at
    )
    session.add(factor)
    session.flush()
    return factor


def _close(session: Session, factor_id: str, **values: object) -> bool:
    done = session.execute(
        update(Factor)
        .where(col(Factor.id) == factor_id, col(Factor.state) == FactorState.REQUESTED)
        .values(material=None, **values)
        .returning(col(Factor.id))
    )
    return done.scalar_one_or_none() is not None
