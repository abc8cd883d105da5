"""Pages that also work without network: the citizen's phone, the shop's till."""

from dataclasses import dataclass
from datetime import datetime

from backend.web.contexts.citizen import HistoryLine


@dataclass(frozen=True)
class PassLine:
    """A phone that may promise payments.

    Attributes:
        name: Browser and system; may be empty.
        state: active, revoked or over.
        spent_units: What arrived of its promises.
    """

    pass_id: str
    name: str
    state: str
    issued_at: datetime
    expires_at: datetime
    limit_units: int
    spent_units: int


@dataclass(frozen=True)
class ArrivedLine:
    """A promise that a till handed in.

    Attributes:
        promise_id: Pass and nonce, by which phone and till know it.
        state: accepted or refused.
        reason_key: Why it was refused; empty otherwise.
        taker: Clerk who handed it in; empty for the owner, and on the citizen's page.
    """

    promise_id: str
    payment_id: str
    href: str
    at: datetime
    units: int
    state: str
    reason_key: str = ""
    taker: str = ""


@dataclass(frozen=True)
class PromisesPage:
    """A citizen's points and payments without network.

    Attributes:
        owner: Tells one account from another on a shared phone, and nothing else.
        now_s: The server's clock, Unix seconds.
        issuer: Public key that vouches for shops; empty when payments without network are off.
        obstacle_key: Why this account gets no pass now; empty when it may.
        each_units: Dearest promise.
        arrives_within_s: After that a promise that did not arrive never will.
        lines: The newest of the history.
    """

    owner: str
    now_s: int
    as_of: datetime
    balance_units: int
    worth_cents: int
    issuer: str
    obstacle_key: str
    each_units: int
    total_units: int
    days: int
    barred_days: int
    arrives_within_s: int
    passes: tuple[PassLine, ...]
    arrived: tuple[ArrivedLine, ...]
    lines: tuple[HistoryLine, ...]


@dataclass(frozen=True)
class TillPromisesPage:
    """The till of a shop without network.

    Attributes:
        now_s: The server's clock, Unix seconds.
        until_s: How long the till may take promises without having seen us, Unix seconds.
        issuer: Public key that vouches for phones.
        shop: The shop's name and number, signed by us; empty when nothing may be taken.
        link: What stands in front of a sale's code.
        limit_units: What this till may keep unsent.
        clerk_left_units: What a clerk may still take today; `None` for the owner.
        arrived: Handed in within a week, newest first; for a clerk those of today.
    """

    merchant_id: str
    merchant: str
    now_s: int
    until_s: int
    issuer: str
    shop: str
    link: str
    each_units: int
    count: int
    hours: int
    limit_units: int
    clerk_units: int
    clerk_left_units: int | None
    is_owner: bool
    arrived: tuple[ArrivedLine, ...]
    problem_key: str = ""
    typed_limit: str = ""
    typed_clerk: str = ""
