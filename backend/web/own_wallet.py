"""Own wallets: take the points there, bring them back, undo, and sign a payment."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from sqlmodel import Session

from backend.accounts import queries as account_queries
from backend.accounts.rules import Actor, Permission
from backend.custody import queries
from backend.custody.models import CustodyMove
from backend.custody.rules import UNDOABLE, Custody, MoveDirection, MoveState, signer_of
from backend.factors import queries as factor_queries
from backend.factors.rules import base64url
from backend.http.deps import DatabaseDep, Now, ReadSession, WriteSession, requires
from backend.kernel.errors import EcoError
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.web import texts
from backend.web.contexts import WalletPage
from backend.web.forms import checked_form, json_object, see
from backend.web.rendering import respond
from backend.workflows import move_custody, pay_own_wallet, prove_departure
from backend.workflows.prove_payment import Proof

router = APIRouter(include_in_schema=False)

Payer = Annotated[Actor, requires(Permission.PAY)]
SignatureField = Annotated[str, Form(max_length=200)]
Save = Callable[[Session, datetime], object]
PATH = "/compte/portefeuille"
_AT_THE_FORM = (
    "address_unusable",
    "signature_unreadable",
    "custody_move_closed",
    "proof_needed",
    "factor_missing",
)
_WORDS = {
    MoveState.CHALLENGED: "challenged",
    MoveState.SIGNED: "checking",
    MoveState.VERIFIED: "cooling",
    MoveState.SCHEDULING: "cooling",
    MoveState.WAITING: "cooling",
    MoveState.CANCELLING: "undoing",
    MoveState.EXECUTING: "moving",
}


@router.get(PATH)
def get_wallet(request: Request, session: ReadSession, clock: Now, actor: Payer) -> Response:
    """Show who keeps the points, and what is under way."""
    page = wallet_page(session, actor, clock.now())
    return respond(request, "wallet.html", page, actor=actor, section="account")


@router.post(PATH, dependencies=[checked_form()])
def post_out(
    request: Request,
    database: DatabaseDep,
    clock: Now,
    actor: Payer,
    address: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Ask a wallet to prove that it is there."""

    def save(session: Session, now: datetime) -> object:
        return move_custody.begin_out(
            session, account_id=actor.account_id, own_address=address, now=now
        )

    return _save(request, database, clock.now(), actor, save, typed_address=address)


@router.post(PATH + "/retour", dependencies=[checked_form()])
def post_back(
    session: WriteSession,
    clock: Now,
    actor: Payer,
    is_key_lost: Annotated[str, Form(max_length=3)] = "",
) -> Response:
    """Begin to bring the points back, with the wallet's signature or without its key."""
    move_custody.begin_back(
        session, account_id=actor.account_id, is_key_lost=is_key_lost == "oui", now=clock.now()
    )
    return see(PATH)


@router.post(PATH + "/{move_id}/preuve", dependencies=[checked_form()])
def post_proof(
    request: Request,
    move_id: str,
    database: DatabaseDep,
    clock: Now,
    actor: Payer,
    *,
    pin: Annotated[str, Form(max_length=12)] = "",
    credential: Annotated[str, Form(max_length=8192)] = "",
) -> Response:
    """Take the citizen's own PIN or passkey for a move to an own wallet."""
    proof = Proof(pin=pin, assertion=json_object(credential))

    def save(session: Session, now: datetime) -> None:
        prove_departure.prove(
            session, move_id=move_id, account_id=actor.account_id, proof=proof, now=now
        )

    return _save(request, database, clock.now(), actor, save)


@router.post(PATH + "/{move_id}/signature", dependencies=[checked_form()])
def post_signature(
    request: Request,
    move_id: str,
    database: DatabaseDep,
    clock: Now,
    actor: Payer,
    signature: SignatureField = "",
) -> Response:
    """Take the wallet's signature of a move."""

    def save(session: Session, now: datetime) -> None:
        move_custody.answer(
            session,
            move_id=move_id,
            account_id=actor.account_id,
            signature=signature,
            now=now,
        )

    return _save(request, database, clock.now(), actor, save)


@router.post(PATH + "/{move_id}/annuler", dependencies=[checked_form()])
def post_undo(move_id: str, session: WriteSession, clock: Now, actor: Payer) -> Response:
    """Undo a move; the points stay where they are."""
    move_custody.undo(session, move_id=move_id, account_id=actor.account_id, now=clock.now())
    return see(PATH)


@router.post("/payer/{payment_id}/signature", dependencies=[checked_form()])
def post_payment_signature(
    payment_id: str,
    session: WriteSession,
    clock: Now,
    actor: Payer,
    signature: SignatureField = "",
) -> Response:
    """Take an own wallet's signature of a payment; sending it twice pays once."""
    pay_own_wallet.submit(
        session,
        payment_id=payment_id,
        account_id=actor.account_id,
        signature=signature,
        now=clock.now(),
    )
    return see(f"/paiements/{payment_id}")


def wallet_page(
    session: Session, actor: Actor, now: datetime, *, problem: str = "", typed_address: str = ""
) -> WalletPage:
    """Collect who keeps the points of an account, and its move."""
    current = account_queries.current_address(session, actor.account_id)
    facts = factor_queries.wallet_facts(session)
    page = WalletPage(
        is_ready=current is not None and facts is not None and bool(facts.token),
        is_own=current is not None and current.custody == Custody.OWN,
        address=current.address if current is not None else "",
        balance_units=ledger_queries.balance(session, names.confirmed(actor.account_id)),
        problem_key=f"wallet.problem.{problem}" if problem else "",
        typed_address=typed_address,
    )
    if current is not None and not page.is_own:
        factors = factor_queries.counting(session, current.address, now=now)
        page = replace(
            page,
            needs_factor=not factors,
            asks_pin=factor_queries.has_pin(factors),
            credentials=",".join(f.credential_id for f in factors if f.credential_id),
        )
    move = queries.newest(session, actor.account_id)
    return page if move is None else _with_move(session, page, move, now)


def _with_move(session: Session, page: WalletPage, move: CustodyMove, now: datetime) -> WalletPage:
    state, direction = MoveState(move.state), MoveDirection(move.direction)
    is_lapsed = state == MoveState.CHALLENGED and move.expires_at <= now
    word = "" if is_lapsed else _WORDS.get(state, "")
    is_asked = word == "challenged"
    is_unproved = is_asked and direction == MoveDirection.OUT and move.proof is None
    signer = signer_of(direction, source=move.source_address, target=move.target_address)
    return WalletPage(
        **{
            **vars(page),
            "move_state": word,
            "move_id": move.id,
            "direction": direction,
            "signer": signer,
            "target": move.target_address,
            "typed": json.dumps(move_custody.typed(session, move)) if is_asked else "",
            "challenge": (
                base64url(prove_departure.challenge(session, move)) if is_unproved else ""
            ),
            "until": move.expires_at if is_asked else move.executable_at,
            "can_undo": state in UNDOABLE and move.undo_asked_at is None,
            "last_key": "" if word else _last_key(move, is_lapsed=is_lapsed),
        }
    )


def _last_key(move: CustodyMove, *, is_lapsed: bool) -> str:
    if is_lapsed:
        return "wallet.last.lapsed"
    if move.state == MoveState.DONE:
        return f"wallet.last.done_{'out' if move.direction == MoveDirection.OUT else 'back'}"
    key = f"wallet.last.{move.refusal_code}"
    return key if texts.has("fr", key) else "wallet.last.undone"


def _save(
    request: Request,
    database: DatabaseDep,
    now: datetime,
    actor: Actor,
    save: Save,
    *,
    typed_address: str = "",
) -> Response:
    try:
        with database.transaction() as session:
            save(session, now)
    except EcoError as error:
        if error.code not in _AT_THE_FORM:
            raise
        with database.reading() as session:
            page = wallet_page(session, actor, now, problem=error.code, typed_address=typed_address)
        return respond(request, "wallet.html", page, actor=actor, section="account", status=422)
    return see(PATH)
