"""PINs and passkeys on their way to the wallet service."""

from datetime import datetime
from functools import partial

from sqlmodel import Session

from backend.db import event_log
from backend.factors import queries, service
from backend.factors.models import Factor, WalletFacts
from backend.jobs.context import Context
from backend.jobs.each import each
from backend.jobs.wallet_client import SigningRefusedError


def note_wallet(context: Context) -> bool:
    """Tell the pages to which key PINs are sealed and what a proof of a payment covers."""
    pin_key = context.wallet.pin_key()
    deployment = context.contracts.deployment
    facts = WalletFacts(
        genesis_hash=context.genesis_hash,
        chain_id=deployment.chain_id,
        desk=context.contracts.address("RedemptionDesk"),
        token=context.contracts.address("EcoToken"),
        pin_key=pin_key,
        noted_at=context.clock.now(),
    )
    with context.database.transaction() as session:
        service.note_wallet(session, facts)
    return False


def enrol_factors(context: Context) -> bool:
    """Hand new PINs and passkeys to the wallet service."""
    with context.database.reading() as session:
        waiting = queries.requested(session)
    return each(waiting, partial(_enrol, context))


def _enrol(context: Context, factor: Factor) -> bool:
    material = factor.material or {}
    fields = {"request_id": f"factor/{factor.id}", **material}
    if factor.credential_id is not None:
        fields["credential_id"] = factor.credential_id
    try:
        answer = context.wallet.enrol_factor(factor.address, factor.kind, fields)
    except SigningRefusedError as error:
        with context.database.transaction() as session:
            service.note_refused(session, factor.id, refusal_code=str(error.facts["reason"]))
            _tell(context, factor, "factor_refused", session)
        return True
    with context.database.transaction() as session:
        service.note_enrolled(session, factor.id, active_from=datetime.fromisoformat(answer))
        _tell(context, factor, "factor_enrolled", session)
    return True


def _tell(context: Context, factor: Factor, kind: str, session: Session) -> None:
    event_log.append(
        session,
        kind=kind,
        subject=factor.id,
        audience=factor.account_id,
        at=context.clock.now(),
    )
