"""Cards from an agent's counter: an account for somebody without phone or address."""

from datetime import datetime

from sqlmodel import Session

from backend.accounts import service as accounts
from backend.accounts.rules import AccountKind
from backend.cards import queries as card_queries
from backend.cards import service as cards
from backend.cards.models import Card
from backend.cards.rules import BlockReason

Printed = tuple[Card, str]
"""A card and its secret, which goes on paper and nowhere else."""


def open_account(session: Session, *, counter: int, now: datetime) -> list[Printed]:
    """Open an account without an address and make its card, and a spare one to keep at home.

    The spare is how a lost card is replaced: no name or birthday is asked for or kept.

    Args:
        counter: Device number of the counter.
    Returns:
        The card, then the spare.
    """
    account = accounts.create_account(
        session, kind=AccountKind.CITIZEN, email=None, display_name="", now=now
    )
    issued_by = str(counter)
    return [cards.issue(session, account.id, at=now, issued_by=issued_by) for _ in range(2)]


def replace_lost(session: Session, spare: str, *, counter: int, now: datetime) -> list[Printed]:
    """Block all cards of an account but the one that is shown, and make the next one.

    Raises:
        CardUnreadableError: What was scanned is no card.
        CardUnknownError: Nobody has it.
        CardBlockedError: It is blocked itself.
    """
    shown = card_queries.by_code(session, spare, now=now)
    for card in card_queries.of_account(session, shown.account_id):
        if card.id != shown.id:
            cards.block(session, card.id, reason=BlockReason.LOST, at=now)
    return [cards.issue(session, shown.account_id, at=now, issued_by=str(counter))]
