"""Page of an own wallet."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class WalletPage:
    """Who keeps one's points, and the move that is under way.

    Attributes:
        is_own: The points are in the citizen's own wallet.
        address: Where they are; empty before the first one is made.
        move_state: "" when nothing is under way, else challenged, checking, cooling, undoing,
            moving; or the end of the last move: done, cancelled, refused.
        direction: out, back or lost.
        signer: Address whose signature is asked for.
        typed: Typed data to be signed, JSON; empty when none is.
        until: End of the challenge or of the cool-down.
        needs_factor: Neither PIN nor passkey counts, so nothing can leave.
        asks_pin: A PIN counts.
        credentials: Passkeys that count, separated by commas.
        challenge: What the citizen's own proof covers, base64url; empty once it was given.
        last_key: Words about how the last move ended.
    """

    is_ready: bool
    is_own: bool
    address: str
    balance_units: int
    move_state: str = ""
    move_id: str = ""
    direction: str = "out"
    signer: str = ""
    target: str = ""
    typed: str = ""
    until: datetime | None = None
    needs_factor: bool = False
    asks_pin: bool = False
    credentials: str = ""
    challenge: str = ""
    can_undo: bool = False
    last_key: str = ""
    problem_key: str = ""
    typed_address: str = ""
