"""A till hands in what a phone signed without network: paid like any payment, or refused for good.

The two sides promised each other something that we did not see. So nothing is believed but the
signature: times and limits are judged here, points move by the ordinary path, and the same
promise gives the same answer for ever, however often and in whatever order it arrives.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from backend.accounts import queries as account_queries
from backend.accounts.rules import AccountKind, AccountState, Actor
from backend.custody.rules import Custody
from backend.kernel.errors import EcoError
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.market import service as market
from backend.market.models import Payment
from backend.market.rules import Origin, PaymentWay
from backend.promises import codes, queries, rules
from backend.promises import service as promises
from backend.promises.codes import Promise
from backend.promises.errors import (
    PassRefusedError,
    PromiseForgedError,
    PromiseNeedsOwnerError,
    PromiseOtherShopError,
    PromiseRefusedError,
    PromisesOffError,
)
from backend.promises.models import ArrivedPromise, PromisePass
from backend.promises.rules import PassFacts, Refusal
from backend.promises.service import Arrival
from backend.workflows import at_the_till, both_sides, pay_merchant


@dataclass(frozen=True)
class HandIn:
    """What a till hands in.

    Attributes:
        merchant_id: Shop of the till, which the actor runs.
    """

    promise: Promise
    merchant_id: str
    actor: Actor


def enrol(
    session: Session, actor: Actor, *, public_key: str, user_agent: str, now: datetime
) -> PromisePass:
    """Let a citizen's phone promise payments.

    Raises:
        PassRefusedError: The points are in an own wallet, or on their way to an address, or see
            promises.service.give_pass.
        PassKeyInvalidError: See promises.service.give_pass.
    """
    held = account_queries.current_address(session, actor.account_id)
    if held is None or held.custody == Custody.OWN:
        raise PassRefusedError("own_wallet" if held else "not_ready")
    return promises.give_pass(
        session,
        account_id=actor.account_id,
        public_key=public_key,
        balance_units=ledger_queries.balance(session, names.confirmed(actor.account_id)),
        user_agent=user_agent,
        at=now,
    )


def accept(session: Session, hand_in: HandIn, *, now: datetime) -> ArrivedPromise:
    """Pay what a phone promised; asked again, say what was said.

    Raises:
        PromiseForgedError, PromiseOtherShopError, PromiseReusedError: It is no promise to this
            shop; nothing is kept.
        PromisesOffError, PromiseNeedsOwnerError: The till keeps it and asks again.
        PromiseRefusedError: It never will be paid.
        EcoError: Paying waits: see pay_merchant.pay; the till keeps it and asks again.
    Effects: as pay_merchant.pay; the pass counts it; arrived_promise.
    """
    promise = hand_in.promise
    held = _genuine(session, hand_in)
    limits = promises.queue_up(session, hand_in.merchant_id)
    known = promises.known(session, promise)
    if known is not None:
        return known
    if limits is None:
        raise PromisesOffError
    _check_clerk(session, hand_in, limits.clerk_units)
    _check(session, held, promise, now)
    payment = _pay(session, held, hand_in, now)
    return _note(session, held, hand_in, payment, None, now)


def refuse(session: Session, hand_in: HandIn, refusal: Refusal, *, now: datetime) -> ArrivedPromise:
    """Keep that a promise pays nothing, for both sides to see.

    Raises:
        PromiseForgedError, PromiseOtherShopError, PromiseReusedError: See `accept`.
    Effects: a payment FAILED without any move of points, one event for each side.
    """
    held = _genuine(session, hand_in)
    promises.queue_up(session, hand_in.merchant_id)
    known = promises.known(session, hand_in.promise)
    if known is not None:
        return known
    payment = market.request_payment(
        session,
        merchant_id=hand_in.merchant_id,
        units=hand_in.promise.units,
        label="",
        origin=_origin(hand_in),
        at=now,
    )
    market.refuse(
        session,
        payment.id,
        payer_account_id=held.account_id,
        payer_address=account_queries.spending_address(session, held.account_id),
        refusal_code=refusal,
    )
    session.refresh(payment)
    both_sides.tell(session, payment, "payment_failed", at=now)
    return _note(session, held, hand_in, payment, refusal, now)


def left_units(session: Session, actor: Actor, merchant_id: str, *, now: datetime) -> int | None:
    """Return what a clerk may still take today; `None` for an owner, who has no such limit."""
    if actor.kind != AccountKind.CLERK:
        return None
    limits = queries.shop(session, merchant_id)
    return _left(session, merchant_id, actor.account_id, limits.clerk_units if limits else 0, now)


def _genuine(session: Session, hand_in: HandIn) -> PromisePass:
    held = queries.held(session, hand_in.promise.pass_id)
    if held is None:
        raise PromiseForgedError
    codes.verify(held.public_key, hand_in.promise)
    if hand_in.promise.merchant_id != hand_in.merchant_id:
        raise PromiseOtherShopError
    return held


def _check_clerk(session: Session, hand_in: HandIn, limit_units: int) -> None:
    if hand_in.actor.kind != AccountKind.CLERK:
        return
    promise, who = hand_in.promise, hand_in.actor.account_id
    left = _left(session, hand_in.merchant_id, who, limit_units, promise.signed_at)
    if promise.units > left:
        raise PromiseNeedsOwnerError(max(left, 0))


def _left(session: Session, merchant_id: str, who: str, limit_units: int, at: datetime) -> int:
    # By the day of the signature, so that a Saturday's sales do not fill up Monday.
    day = at_the_till.midnight(at)
    next_day = at_the_till.midnight(day + timedelta(hours=30))
    taken = queries.taken_units(session, merchant_id, who, since=day, until=next_day)
    return limit_units - taken


def _check(session: Session, held: PromisePass, promise: Promise, now: datetime) -> None:
    facts = PassFacts(held.state, held.each_units, held.issued_at, held.expires_at)
    refusal = rules.refusal(facts, units=promise.units, signed_at=promise.signed_at, now=now)
    account = account_queries.get(session, held.account_id)
    if refusal is None and (account is None or account.state != AccountState.ACTIVE):
        refusal = Refusal.ACCOUNT_STOPPED
    if refusal is None and not promises.spend(session, held.id, promise.units):
        refusal = Refusal.USED_UP
    if refusal is not None:
        raise PromiseRefusedError(refusal)


def _pay(session: Session, held: PromisePass, hand_in: HandIn, now: datetime) -> Payment:
    asked = pay_merchant.request(
        session,
        merchant_id=hand_in.merchant_id,
        units=hand_in.promise.units,
        label="",
        origin=_origin(hand_in),
        at=now,
    )
    try:
        return pay_merchant.pay(session, payment_id=asked.id, account_id=held.account_id, now=now)
    except EcoError as error:
        refusal = rules.REFUSED_BY.get(error.code)
        if refusal is None:
            raise
        raise PromiseRefusedError(refusal) from error


def _origin(hand_in: HandIn) -> Origin:
    key = f"promise/{hand_in.promise.id}/{hand_in.merchant_id}"
    return Origin(PaymentWay.PROMISE, key, hand_in.actor.account_id)


def _note(
    session: Session,
    held: PromisePass,
    hand_in: HandIn,
    payment: Payment,
    refusal: Refusal | None,
    now: datetime,
) -> ArrivedPromise:
    arrival = Arrival(
        hand_in.promise, held.account_id, payment.id, hand_in.actor.account_id, refusal
    )
    promises.note(session, arrival, at=now)
    # One number, two shops at once: whoever is second finds the other's row, and all is undone.
    found = promises.known(session, hand_in.promise)
    if found is None:  # Its primary key forbids it.
        raise PromiseForgedError
    return found
