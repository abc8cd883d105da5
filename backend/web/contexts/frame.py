"""The frame around every page, steps, problems and help."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Site:
    """What the frame around every page shows.

    Attributes:
        language: "fr" or "en".
        path: Address of this page, for the language switch and the way back.
        section: Entry of the navigation that is current.
        form_token: What every form carries; empty without a session.
        is_known: Somebody has a session, anonymous included.
        is_signed_in: Somebody has an account with an e-mail address.
        name: What to call the person; may be empty.
        has_till: Runs a till.
        is_clerk: Does nothing else here.
        is_staff: Works for the metropolis.
        is_demo: Shows the way to the local mailbox.
    """

    language: str
    path: str
    section: str
    form_token: str = ""
    is_known: bool = False
    is_signed_in: bool = False
    name: str = ""
    has_till: bool = False
    is_clerk: bool = False
    is_staff: bool = False
    is_demo: bool = False


@dataclass(frozen=True)
class Step:
    """One step of a way: done, now or later."""

    text_key: str
    state: str
    at: datetime | None = None


@dataclass(frozen=True)
class ProblemPage:
    """An error, for people: what happened, what was kept, what to do, what to quote."""

    status: int
    title: str
    happened: str
    kept: str
    to_do: str
    action_href: str
    action_key: str
    code: str
    correlation_id: str


@dataclass(frozen=True)
class HelpPage:
    """Questions and answers."""

    questions: tuple[str, ...]
    point_cents: str


@dataclass(frozen=True)
class PublicRulesPage:
    """A published edition of the rulebook, for everybody."""

    number: int
    title: str
    document_hash: str
    effective_from: datetime | None
    source_text: str
