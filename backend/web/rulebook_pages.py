"""The rulebook for staff: editions, comparison, writing, approval by a second person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response, UploadFile
from sqlmodel import Session

from backend.accounts import queries as account_queries
from backend.accounts.rules import Actor, Permission
from backend.batches import queries as batch_queries
from backend.http.deps import (
    Config,
    ConfigDep,
    DatabaseDep,
    Now,
    ReadSession,
    WriteSession,
    requires,
)
from backend.kernel.errors import InvalidInputError, NotFoundError
from backend.rulebook import diff, queries, service
from backend.rulebook.models import Edition
from backend.web import editions, forecasts
from backend.web.contexts import DraftProblem, EditionDraftPage, EditionPage, RulesPage
from backend.web.forms import checked_form, see
from backend.web.rendering import language_of, respond

router = APIRouter(include_in_schema=False)

MAX_DOCUMENT_BYTES = 500_000
Reader = Annotated[Actor, requires(Permission.READ_RULES)]
Writer = Annotated[Actor, requires(Permission.DRAFT_RULES)]


@router.get("/admin/regles")
def get_rules(request: Request, session: ReadSession, clock: Now, actor: Reader) -> Response:
    """List the editions."""
    page = rules_page(session, actor, language_of(request, actor), clock.now())
    return respond(request, "rules.html", page, actor=actor, section="admin")


@router.get("/admin/regles/nouvelle")
def get_draft(request: Request, session: ReadSession, actor: Writer) -> Response:
    """Start the next edition from the newest one."""
    newest = queries.newest_first(session)
    page = EditionDraftPage(
        number=_next_number(newest), source_text=newest[0].source_text if newest else ""
    )
    return respond(request, "edition_draft.html", page, actor=actor, section="admin")


@router.post("/admin/regles", dependencies=[checked_form()])
def post_draft(
    request: Request,
    database: DatabaseDep,
    clock: Now,
    actor: Writer,
    document: Annotated[str, Form(max_length=MAX_DOCUMENT_BYTES)] = "",
    file: UploadFile | None = None,
) -> Response:
    """Check a document and store it as a draft; a wrong one comes back with every problem."""
    source_text = _uploaded(file) or document.replace("\r\n", "\n")
    try:
        with database.transaction() as session:
            edition = service.draft(
                session,
                source_text=source_text,
                author_account_id=actor.account_id,
                at=clock.now(),
            )
    except InvalidInputError as error:
        with database.reading() as session:
            number = _next_number(queries.newest_first(session))
        page = EditionDraftPage(number, source_text, _problems(error), error.message)
        return respond(
            request, "edition_draft.html", page, actor=actor, section="admin", status=422
        )
    return see(f"/admin/regles/{edition.number}")


@router.get("/admin/regles/{number}")
def get_edition(
    request: Request,
    number: int,
    session: ReadSession,
    clock: Now,
    config: ConfigDep,
    actor: Reader,
) -> Response:
    """Show one edition, what it changes and what that would cost."""
    edition = queries.get(session, number)
    if edition is None:
        raise NotFoundError("edition", str(number))
    looker = Looker(actor, language_of(request, actor), config, clock.now())
    page = edition_page(session, edition, looker)
    return respond(request, "edition.html", page, actor=actor, section="admin")


@router.post("/admin/regles/{number}/approuver", dependencies=[checked_form()])
def post_approve(
    number: int,
    session: WriteSession,
    actor: Annotated[Actor, requires(Permission.APPROVE_RULES)],
) -> Response:
    """Approve somebody else's draft; a job publishes it."""
    service.approve(session, number, approver_account_id=actor.account_id)
    return see(f"/admin/regles/{number}")


@router.post("/admin/regles/{number}/supprimer", dependencies=[checked_form()])
def post_discard(number: int, session: WriteSession, actor: Writer) -> Response:
    """Throw a draft away."""
    del actor
    service.discard(session, number)
    return see("/admin/regles")


@router.post("/admin/regles/{number}/retirer", dependencies=[checked_form()])
def post_withdraw(
    number: int,
    session: WriteSession,
    clock: Now,
    actor: Annotated[Actor, requires(Permission.APPROVE_RULES)],
) -> Response:
    """Take a published edition back before it takes effect; the guardian withdraws it."""
    del actor
    service.request_cancel(session, number, now=clock.now())
    return see(f"/admin/regles/{number}")


@router.post("/admin/regles/{number}/simuler", dependencies=[checked_form()])
def post_forecast(number: int, session: WriteSession, actor: Writer) -> Response:
    """Compute the cost of a draft anew."""
    del actor
    service.forecast_again(session, number)
    return see(f"/admin/regles/{number}")


def rules_page(session: Session, actor: Actor, language: str, now: datetime) -> RulesPage:
    """Collect the list of editions."""
    found = queries.newest_first(session)
    people = _people(session, found)
    lines = {edition.number: editions.line_of(edition, people, language) for edition in found}
    current = queries.in_force_at(session, now)
    coming = next(
        (e for e in found if e.state == "published" and editions.seconds_left(e, now) > 0), None
    )
    pending = next((e for e in found if e.state not in ("published", "cancelled")), None)
    return RulesPage(
        current=lines[current.number] if current is not None else None,
        coming=lines[coming.number] if coming is not None else None,
        seconds_left=editions.seconds_left(coming, now) if coming is not None else 0,
        pending=lines[pending.number] if pending is not None else None,
        editions=tuple(lines.values()),
        may_draft=actor.may(Permission.DRAFT_RULES),
    )


@dataclass(frozen=True)
class Looker:
    """Who looks at an edition, in which language, when."""

    actor: Actor
    language: str
    config: Config
    now: datetime


def edition_page(session: Session, edition: Edition, looker: Looker) -> EditionPage:
    """Collect one edition and its comparison with the one before."""
    actor, language, now = looker.actor, looker.language, looker.now
    previous = queries.get(session, edition.number - 1)
    forecast = queries.forecast_of(session, edition.number)
    is_costed = forecast is not None and forecast.state == "done"
    batch = batch_queries.get(session, edition.batch_id) if edition.batch_id else None
    is_draft, is_own = edition.state == "draft", edition.author_account_id == actor.account_id
    return EditionPage(
        edition=editions.line_of(edition, _people(session, [edition]), language),
        document_hash=edition.document_hash,
        previous_number=previous.number if previous is not None else None,
        changes=_changes(previous, edition, language) if previous is not None else (),
        forecast=forecasts.view_of(forecast, looker.config, language) if forecast else None,
        diff=editions.diff(previous.source_text, edition.source_text) if previous else (),
        source_text=edition.source_text,
        tx_hash=(batch.tx_hash or "") if batch is not None else "",
        steps=editions.steps_of(edition, now),
        seconds_left=editions.seconds_left(edition, now),
        may_approve=is_draft and is_costed and not is_own and actor.may(Permission.APPROVE_RULES),
        may_discard=is_draft and actor.may(Permission.DRAFT_RULES),
        may_withdraw=edition.state == "published"
        and editions.seconds_left(edition, now) > 0
        and actor.may(Permission.APPROVE_RULES),
        is_own=is_own,
    )


def _changes(previous: Edition, edition: Edition, language: str) -> tuple[str, ...]:
    before, after = queries.rulebook_of(previous), queries.rulebook_of(edition)
    return tuple(diff.describe_changes(before.edition, after.edition, language))


def _people(session: Session, found: Sequence[Edition]) -> dict[str, str]:
    ids = {e.author_account_id for e in found} | {e.approver_account_id or "" for e in found}
    accounts = [account_queries.get(session, account_id) for account_id in ids]
    return {a.id: a.display_name or a.email or "—" for a in accounts if a is not None}


def _next_number(found: Sequence[Edition]) -> int:
    return found[0].number + 1 if found else 1


def _uploaded(file: UploadFile | None) -> str:
    if file is None or not file.filename:
        return ""
    # Bytes that are no UTF-8 are shown as such by the validator, not as a server error.
    return file.file.read(MAX_DOCUMENT_BYTES).decode("utf-8", errors="replace")


def _problems(error: InvalidInputError) -> tuple[DraftProblem, ...]:
    return tuple(
        DraftProblem(e.get("path", ""), e.get("problem", ""), e.get("example", ""))
        for e in error.errors
    )
