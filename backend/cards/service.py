"""Writes of cards: print, block, share, show on a phone; flush, never commit."""

from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlmodel import Session, col

from backend.cards import rules
from backend.cards.errors import CardsTooManyError
from backend.cards.models import Card, CardPass
from backend.cards.rules import BlockReason
from backend.kernel.cards import card_ref


def issue(
    session: Session,
    account_id: str,
    *,
    at: datetime,
    issued_by: str = "",
    household_id: str | None = None,
) -> tuple[Card, str]:
    """Make a card.

    Args:
        account_id: Whose acts and points it stands for.
        issued_by: Counter that prints it; empty for the holder.
        household_id: Share it with a household from the start.
    Returns:
        The card, and its secret, which is printed and kept nowhere.
    Raises:
        CardsTooManyError: The account has `CARDS_MAX` active ones.
    """
    active = session.execute(
        select(func.count())
        .select_from(Card)
        .where(col(Card.account_id) == account_id, col(Card.state) == "active")
    ).scalar_one()
    if active >= rules.CARDS_MAX:
        raise CardsTooManyError(rules.CARDS_MAX)
    secret = rules.new_secret()
    card = Card(
        ref=card_ref(secret),
        tail=secret[-4:],
        account_id=account_id,
        household_id=household_id,
        issued_at=at,
        issued_by=issued_by,
    )
    session.add(card)
    session.flush()
    return card, secret


def block(session: Session, card_id: str, *, reason: BlockReason, at: datetime) -> bool:
    """Block a card for ever; the account keeps every point.

    Returns:
        False when it was blocked before.
    """
    blocked = session.execute(
        update(Card)
        .where(col(Card.id) == card_id, col(Card.state) == "active")
        .values(state="blocked", blocked_at=at, blocked_reason=reason)
        .returning(col(Card.id))
    ).scalar_one_or_none()
    return blocked is not None


def replace(
    session: Session, card: Card, *, reason: BlockReason, at: datetime, issued_by: str = ""
) -> tuple[Card, str]:
    """Block a lost or stolen card and make the next one for the same account.

    Returns:
        The new card and its secret.
    """
    block(session, card.id, reason=reason, at=at)
    return issue(
        session, card.account_id, at=at, issued_by=issued_by, household_id=card.household_id
    )


def leave_household(session: Session, account_id: str) -> None:
    """Stop sharing the cards of somebody who leaves a household."""
    session.execute(
        update(Card).where(col(Card.account_id) == account_id).values(household_id=None)
    )


def show(session: Session, account_id: str, *, at: datetime) -> tuple[CardPass, str]:
    """Make the code that a phone shows in place of a card.

    Returns:
        The pass and its secret.
    """
    secret = rules.new_secret()
    shown = CardPass(
        ref=card_ref(secret),
        account_id=account_id,
        issued_at=at,
        expires_at=at + rules.PASS_LIVES,
    )
    session.add(shown)
    session.flush()
    return shown, secret


def purge(session: Session, now: datetime) -> int:
    """Delete passes that no counter can name any more; return how many went."""
    gone = session.execute(
        delete(CardPass)
        .where(col(CardPass.expires_at) < now - rules.PASS_KEPT)
        .returning(col(CardPass.ref))
    )
    return len(gone.all())
