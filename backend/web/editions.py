"""Pure words of rulebook editions: titles, states, steps, comparisons."""

import difflib
import json
from collections.abc import Mapping
from datetime import datetime

from backend.rulebook.models import Edition
from backend.web.contexts import DiffLine, EditionLine, Step

CONTEXT_LINES = 3


def title_of(edition: Edition, language: str) -> str:
    """Return the title that an edition gives itself, in French when it has no other."""
    title = json.loads(edition.document).get("edition", {}).get("title", {})
    if isinstance(title, dict):
        return str(title.get(language) or title.get("fr") or "")
    return str(title)


def line_of(edition: Edition, people: Mapping[str, str], language: str) -> EditionLine:
    """Return the line of an edition.

    Args:
        people: Account id → name.
    """
    return EditionLine(
        number=edition.number,
        state=edition.state,
        title=title_of(edition, language),
        author=people.get(edition.author_account_id, "—"),
        approver=people.get(edition.approver_account_id or "", ""),
        created_at=edition.created_at,
        effective_from=edition.effective_from,
    )


def steps_of(edition: Edition, now: datetime) -> tuple[Step, ...]:
    """Return the way of an edition from the draft to being in force."""
    if edition.state in ("cancelling", "cancelled"):
        withdrawn = "now" if edition.state == "cancelling" else "failed"
        return (
            Step("edition.step.draft", "done", edition.created_at),
            Step("edition.step.published", "done", edition.published_at),
            Step("edition.step.withdrawn", withdrawn),
        )
    order = ("draft", "approved", "publishing", "published")
    reached = order.index(edition.state) if edition.state in order else 0
    is_in_force = seconds_left(edition, now) == 0 and edition.state == "published"

    def state(done_from: int) -> str:
        if reached >= done_from:
            return "done"
        return "now" if reached == done_from - 1 else "later"

    published = "done" if reached >= 3 else "now" if reached >= 1 else "later"  # noqa: PLR2004 - index
    effective = "done" if is_in_force else "now" if published == "done" else "later"
    return (
        Step("edition.step.draft", "done", edition.created_at),
        Step("edition.step.approved", state(1)),
        Step("edition.step.published", published, edition.published_at),
        Step("edition.step.effective", effective, edition.effective_from),
    )


def seconds_left(edition: Edition, now: datetime) -> int:
    """Return how long until an edition governs, 0 when it does or nothing is set."""
    if edition.effective_from is None:
        return 0
    return max(0, int((edition.effective_from - now).total_seconds()))


def diff(before: str, after: str) -> tuple[DiffLine, ...]:
    """Compare two documents line by line, with a little context."""
    kinds = {"+": "added", "-": "removed", " ": "same"}
    found: list[DiffLine] = []
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), lineterm="", n=CONTEXT_LINES
    )
    for line in lines:
        if line.startswith(("---", "+++")):
            continue
        if line.startswith("@@"):
            if found:
                found.append(DiffLine("same", "…"))
            continue
        found.append(DiffLine(kinds[line[0]], line[1:]))
    return tuple(found)
