"""Reads of cards: who a card stands for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from backend.cards import rules
from backend.cards.errors import CardBlockedError, CardUnknownError, CardUnreadableError
from backend.cards.models import Card, CardPass
from backend.kernel.cards import card_ref
from backend.kernel.errors import EcoError

SKEW = timedelta(seconds=20)
"""By which a counter's clock may be slow (devices.rules.Windows.skew_s is the other side)."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A card that was shown; a counter may tell it days later.

    Attributes:
        ref: Name of the card, `kernel.cards.card_ref` of its secret.
        at: When.
    """

    ref: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Holder:
    """Who a card stands for.

    Attributes:
        account_id: Whose acts and points.
        is_paper: True for a printed card, False for the code on a phone. Both name somebody
            and prove nothing: a payment still needs the PIN above the wallet's threshold.
    """

    account_id: str
    is_paper: bool


def account_of(session: Session, code: str, *, now: datetime) -> Holder:
    """Return who a scanned or typed card stands for now.

    Raises:
        CardUnreadableError: The text is no card of ours.
        CardUnknownError: Nobody has it, or the code of a phone is over.
        CardBlockedError: It was reported lost or stolen, or replaced.
    """
    secret = rules.secret_in(code)
    if secret is None:
        raise CardUnreadableError
    shown = Shown(card_ref(secret), now)
    found = holders(session, [shown])[shown]
    if isinstance(found, EcoError):
        raise found
    return found


def by_code(session: Session, code: str, *, now: datetime) -> Card:
    """Return the printed card that was scanned or typed; a phone's code is none.

    Raises:
        CardUnreadableError: The text is no card of ours.
        CardUnknownError: Nobody has it.
        CardBlockedError: It is blocked.
    """
    if not account_of(session, code, now=now).is_paper:
        raise CardUnknownError
    ref = card_ref(rules.secret_in(code) or "")
    return session.exec(select(Card).where(col(Card.ref) == ref)).one()


def holders(session: Session, shown: Iterable[Shown]) -> dict[Shown, Holder | EcoError]:
    """Return who cards stood for when they were shown, in two queries.

    Returns:
        For each showing its holder, or the error to answer with.
    """
    found: dict[Shown, Holder | EcoError] = {one: CardUnknownError() for one in shown}
    refs = {one.ref for one in found}
    cards = {c.ref: c for c in session.exec(select(Card).where(col(Card.ref).in_(refs)))}
    passes = {p.ref: p for p in session.exec(select(CardPass).where(col(CardPass.ref).in_(refs)))}
    for one in found:
        card, a_pass = cards.get(one.ref), passes.get(one.ref)
        if card is not None:
            is_blocked = card.blocked_at is not None and card.blocked_at <= one.at
            found[one] = (
                CardBlockedError() if is_blocked else Holder(card.account_id, is_paper=True)
            )
        elif (
            a_pass is not None and a_pass.issued_at <= one.at + SKEW and one.at <= a_pass.expires_at
        ):
            found[one] = Holder(a_pass.account_id, is_paper=False)
    return found


def of_account(session: Session, account_id: str) -> Sequence[Card]:
    """Return the cards of an account, newest first."""
    statement = select(Card).where(col(Card.account_id) == account_id)
    return session.exec(statement.order_by(col(Card.issued_at).desc(), col(Card.id).desc())).all()


def of_households(session: Session, household_ids: Iterable[str]) -> Sequence[Card]:
    """Return the active cards that were shared with households, oldest first."""
    statement = select(Card).where(
        col(Card.household_id).in_(list(household_ids)), col(Card.state) == "active"
    )
    return session.exec(statement.order_by(col(Card.issued_at))).all()


def get(session: Session, card_id: str) -> Card | None:
    """Return a card by its id."""
    return session.get(Card, card_id)
