"""What every format says about one transfer."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What the bank says."""

    PAID = "paid"
    """The money left."""
    RETURNED = "returned"
    """Refused before it left, or sent back."""
    WAITING = "waiting"
    """Received, not done yet; nothing changes."""


@dataclass(frozen=True)
class BankLine:
    """One answer.

    Attributes:
        end_to_end_id: Of the transfer; "" when the answer is about a whole file.
        message_id: MsgId of the file; "" when the answer does not say.
        euro_cents: Amount as the bank states it; `None` when it does not.
        reason_code: ISO 20022 code, for example "AC04"; "" when there is none.
    """

    end_to_end_id: str
    verdict: Verdict
    message_id: str = ""
    euro_cents: int | None = None
    reason_code: str = ""
