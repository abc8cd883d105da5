"""Pages of PINs and passkeys."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class ProofLine:
    """A PIN or passkey of one's own.

    Attributes:
        kind: pin or passkey.
        state: requested, active, later or refused.
        at: When it counts from, or was asked for.
    """

    kind: str
    state: str
    at: datetime
    reason_key: str = ""


@dataclass(frozen=True)
class ProofsPage:
    """What proves one's large payments.

    Attributes:
        needs_pin: A PIN counts already; changing anything at once asks for it.
        challenge: For the browser that makes a passkey, base64url.
        user_id: The account for the browser's list, base64url.
    """

    above_units: int
    factors: tuple[ProofLine, ...]
    needs_pin: bool
    is_ready: bool
    challenge: str
    user_id: str
    user_name: str
    problem_key: str = ""
    next_path: str = ""
