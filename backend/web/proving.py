"""Choosing a PIN, adding a passkey: what proves one's large payments."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from sqlmodel import Session
from webauthn import verify_registration_response
from webauthn.helpers.exceptions import WebAuthnException

from backend.accounts import queries as account_queries
from backend.accounts.rules import Actor, Permission
from backend.factors import queries, service
from backend.factors.errors import PasskeyInvalidError, PINInvalidError
from backend.factors.models import Factor
from backend.factors.rules import PROOF_ABOVE_UNITS, FactorState, base64url
from backend.factors.service import NewPasskey
from backend.http.deps import Config, DatabaseDep, Now, ReadSession, requires
from backend.kernel.errors import EcoError
from backend.market.errors import SpenderHasNoAddressError
from backend.web import texts
from backend.web.contexts import ProofLine, ProofsPage
from backend.web.forms import checked_form, json_object, local_path, see
from backend.web.rendering import respond

router = APIRouter(include_in_schema=False)

Save = Callable[[Session, str, datetime], None]
Payer = Annotated[Actor, requires(Permission.PAY)]
PINField = Annotated[str, Form(max_length=12)]
PathField = Annotated[str, Form(max_length=200)]
_AT_THE_FORM = ("pin_invalid", "passkey_invalid")


@router.get("/compte/preuves")
def get_proofs(
    request: Request, session: ReadSession, clock: Now, actor: Payer, next_path: str = ""
) -> Response:
    """Show what proves one's large payments, and how to add to it."""
    page = _page(session, actor, clock.now(), next_path=next_path)
    return respond(request, "proofs.html", page, actor=actor, section="account")


@router.post("/compte/preuves/code", dependencies=[checked_form()])
def post_pin(
    request: Request,
    database: DatabaseDep,
    clock: Now,
    actor: Payer,
    pin: PINField,
    *,
    pin_again: PINField = "",
    current_pin: PINField = "",
    next_path: PathField = "",
) -> Response:
    """Seal a PIN for the wallet service; one that counts already is changed at once with it."""

    def save(session: Session, address: str, now: datetime) -> None:
        if pin != pin_again:
            raise PINInvalidError
        service.request_pin(
            session,
            account_id=actor.account_id,
            address=address,
            pin=pin,
            current_pin=current_pin,
            at=now,
        )

    return _save(request, database, clock.now(), actor, save, next_path)


@router.post("/compte/preuves/cle", dependencies=[checked_form()])
def post_passkey(
    request: Request,
    database: DatabaseDep,
    clock: Now,
    actor: Payer,
    credential: Annotated[str, Form(max_length=8192)],
    *,
    current_pin: PINField = "",
    next_path: PathField = "",
) -> Response:
    """Take a passkey that the browser made for this session."""
    passkey = _passkey(request, actor, credential)

    def save(session: Session, address: str, now: datetime) -> None:
        if passkey is None:
            raise PasskeyInvalidError
        service.request_passkey(
            session,
            passkey,
            account_id=actor.account_id,
            address=address,
            current_pin=current_pin,
            at=now,
        )

    return _save(request, database, clock.now(), actor, save, next_path)


def _save(
    request: Request,
    database: DatabaseDep,
    now: datetime,
    actor: Actor,
    save: Save,
    next_path: str,
) -> Response:
    try:
        with database.transaction() as session:
            kept = account_queries.kept_address(session, actor.account_id)
            if kept is None:
                raise SpenderHasNoAddressError
            save(session, kept.address, now)
    except EcoError as error:
        if error.code not in _AT_THE_FORM:
            raise
        with database.reading() as session:
            page = _page(session, actor, now, next_path=next_path, problem=error.code)
        return respond(request, "proofs.html", page, actor=actor, section="account", status=422)
    query = f"?next_path={local_path(next_path)}" if next_path else ""
    return see(f"/compte/preuves{query}")


def _page(
    session: Session, actor: Actor, now: datetime, *, next_path: str, problem: str = ""
) -> ProofsPage:
    kept = account_queries.kept_address(session, actor.account_id)
    is_ready = kept is not None and queries.wallet_facts(session) is not None
    counting = queries.counting(session, kept.address if kept else "", now=now)
    return ProofsPage(
        above_units=PROOF_ABOVE_UNITS,
        factors=tuple(_line(row, now) for row in queries.of_account(session, actor.account_id)),
        needs_pin=queries.has_pin(counting),
        is_ready=is_ready,
        challenge=base64url(_challenge(actor)),
        user_id=base64url(actor.account_id.encode()[:64]),
        user_name=actor.display_name or "Calanque",
        problem_key=f"proofs.problem.{problem}" if problem else "",
        next_path=local_path(next_path) if next_path else "",
    )


def _line(factor: Factor, now: datetime) -> ProofLine:
    is_later = factor.active_from is not None and factor.active_from > now
    return ProofLine(
        kind=factor.kind,
        state="later" if is_later else factor.state,
        at=factor.active_from or factor.created_at,
        reason_key=_reason_key(factor),
    )


def _reason_key(factor: Factor) -> str:
    if factor.state != FactorState.REFUSED:
        return ""
    key = f"proofs.refused.{factor.refusal_code}"
    return key if texts.has("fr", key) else "proofs.refused.other"


def _challenge(actor: Actor) -> bytes:
    # Without attestation a registration proves nothing that the session does not say already;
    # the challenge only ties the browser's answer to this session.
    return hashlib.sha256(b"calanque/passkey/" + actor.form_token.encode()).digest()


def _passkey(request: Request, actor: Actor, credential: str) -> NewPasskey | None:
    host = request.url.hostname or ""
    config: Config = request.app.state.config
    try:
        verified = verify_registration_response(
            credential=json_object(credential) or {},
            expected_challenge=_challenge(actor),
            expected_rp_id=host,
            expected_origin=[config.public_url, str(request.base_url).rstrip("/")],
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError):
        return None
    return NewPasskey(
        credential_id=base64url(verified.credential_id),
        public_key=base64url(verified.credential_public_key),
        rp_id=host,
    )
