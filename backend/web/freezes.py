"""Freezes of accounts: the list for reviewers, and the citizen's appeal."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from backend.accounts.rules import Actor, Permission
from backend.freezes import queries, rules
from backend.freezes.models import Freeze
from backend.freezes.rules import FreezeState
from backend.http.deps import Now, ReadSession, WriteSession, requires
from backend.web.contexts import FreezeLine, FreezesPage
from backend.web.forms import checked_form, see
from backend.web.rendering import language_of, respond
from backend.web.reviews import Reviewer
from backend.workflows import freeze_account, notices

router = APIRouter(include_in_schema=False)

PAGE = "/admin/comptes"


@router.get(PAGE)
def get_freezes(request: Request, session: ReadSession, actor: Reviewer) -> Response:
    """Show freezes and what the reader can do about each."""
    language = language_of(request, actor)
    rows = queries.newest(session)
    page = FreezesPage(tuple(_line(row, actor.account_id, language) for row in rows))
    return respond(request, "freezes.html", page, actor=actor, section="admin")


@router.post(PAGE + "/{freeze_id}/repondre", dependencies=[checked_form()])
def post_answer(
    freeze_id: int,
    session: WriteSession,
    clock: Now,
    actor: Reviewer,
    answer: Annotated[str, Form(pattern="^(yes|no)$")],
) -> Response:
    """Be the second person."""
    freeze_account.answer(
        session, freeze_id, agrees=answer == "yes", by=actor.account_id, now=clock.now()
    )
    return see(PAGE)


@router.post(PAGE + "/{freeze_id}/maintenir", dependencies=[checked_form()])
def post_uphold(freeze_id: int, session: WriteSession, clock: Now, actor: Reviewer) -> Response:
    """Decide an appeal as a third person: the freeze stands."""
    freeze_account.uphold(session, freeze_id, by=actor.account_id, now=clock.now())
    return see(PAGE)


@router.post(PAGE + "/{freeze_id}/lever", dependencies=[checked_form()])
def post_lift(freeze_id: int, session: WriteSession, clock: Now, actor: Reviewer) -> Response:
    """Give an account back."""
    freeze_account.lift(session, freeze_id, by=actor.account_id, now=clock.now())
    return see(PAGE)


@router.post("/compte/contester", dependencies=[checked_form()])
def post_appeal(
    session: WriteSession,
    clock: Now,
    actor: Annotated[Actor, requires(Permission.READ_OWN)],
    statement: Annotated[str, Form(min_length=1, max_length=2000)],
) -> Response:
    """Appeal against the freeze of one's own account."""
    freeze_account.appeal(session, actor.account_id, statement=statement, now=clock.now())
    return see("/compte")


def _line(row: Freeze, reader_id: str, language: str) -> FreezeLine:
    is_frozen = row.state == FreezeState.FROZEN
    is_appealed = row.appealed_at is not None and row.appeal_decided_at is None

    def may(*others: str | None) -> bool:
        return rules.may_decide(reader_id, others=others, subject_id=row.account_id)

    return FreezeLine(
        id=row.id or 0,
        state=row.state,
        reason=notices.reason(row.reason_code, language),
        claim_id=row.claim_public_id,
        note=row.note,
        requested_at=row.requested_at,
        confirmed_at=row.confirmed_at,
        statement=row.statement,
        appealed_at=row.appealed_at,
        appeal_due_at=row.appeal_due_at,
        appeal_decided_at=row.appeal_decided_at,
        closed_at=row.closed_at,
        may_answer=row.state == FreezeState.REQUESTED and may(row.requested_by),
        may_uphold=is_frozen and is_appealed and may(row.requested_by, row.confirmed_by),
        may_lift=is_frozen and may(),
    )
