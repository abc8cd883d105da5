"""Pure words of freezes: states, reasons, deadlines, who may do what."""

from collections.abc import Collection
from datetime import timedelta
from enum import StrEnum

APPEAL_WITHIN = timedelta(days=60)
"""Two months, as for every decision (code de justice administrative, R. 421-1)."""
DECIDED_WITHIN = timedelta(days=30)
"""An appeal that nobody decides by then lifts the freeze: silence never bans."""
MAX_TEXT_CHARS = 2000


class FreezeState(StrEnum):
    """Life of a freeze."""

    REQUESTED = "requested"
    """One person asks for it; the account works as before."""
    FROZEN = "frozen"
    """A second person agreed."""
    DECLINED = "declined"
    """A second person did not agree."""
    LIFTED = "lifted"
    """The account works again."""


class FreezeReason(StrEnum):
    """Public reason codes."""

    MANY_ACCOUNTS = "many_accounts"
    FORGED_CODES = "forged_codes"
    EMPTY_DEPOSITS = "empty_deposits"
    POINTS_SOLD = "points_sold"
    CARD_STOLEN = "card_stolen"


def may_decide(person_id: str, *, others: Collection[str | None], subject_id: str) -> bool:
    """Tell whether a person may take the next step: nobody acts twice, nor about themselves."""
    return person_id != subject_id and person_id not in others
