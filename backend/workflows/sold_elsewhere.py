"""One trip, one reward: compare with what partner schemes have paid, and tell them what we pay."""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from backend.accounts.models import Account
from backend.actions.models import Claim
from backend.actions.rules import Reason
from backend.mobility.fraud.nullifiers import Act as NullifierAct
from backend.mobility.fraud.nullifiers import nullifiers
from backend.partners import queries
from backend.partners import service as partners
from backend.rulebook.act import Act

PartnerKeys = Mapping[int, bytes]
"""Device number of a partner → the secret that it shares with us."""


def reasons(session: Session, claim: Claim, act: Act, keys: PartnerKeys) -> tuple[Reason, ...]:
    """Return why a trip may have been paid by a partner already; nothing when it was not."""
    return tuple(
        Reason("sold_elsewhere", {"partner": number})
        for number, ours in _pseudonyms(session, claim, act, keys).items()
        if queries.has_theirs(session, number, ours)
    )


def publish(session: Session, claim: Claim, act: Act, keys: PartnerKeys, *, at: datetime) -> None:
    """Tell every partner that this trip is paid here.

    Effects: nullifier rows, which partners read over the API.
    """
    for number, ours in _pseudonyms(session, claim, act, keys).items():
        partners.store(session, number, ours, direction="ours", at=at)


def _pseudonyms(
    session: Session, claim: Claim, act: Act, keys: PartnerKeys
) -> dict[int, frozenset[str]]:
    facts = claim.evidence["facts"]
    is_trip = act.kind == "mobility" and "started_at" in facts and "ended_at" in facts
    if not keys or not is_trip:
        return {}
    account = session.get(Account, claim.account_id)
    if account is None or not account.email:
        # Somebody without an address is nobody that a partner could know.
        return {}
    trip = NullifierAct(
        person=account.email.strip().lower(),
        mode=act.mode or "",
        started_at=datetime.fromisoformat(facts["started_at"]),
        ended_at=datetime.fromisoformat(facts["ended_at"]),
    )
    return {number: nullifiers(trip, key=key) for number, key in keys.items()}
