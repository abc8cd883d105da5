"""Incidents: what stops the pipeline until a person decides."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from backend.accounts import queries as account_queries
from backend.accounts.rules import Actor, Permission
from backend.books import queries as book_queries
from backend.books import service as books
from backend.books.models import Orphan
from backend.http.deps import ConfigDep, Now, ReadSession, WriteSession, requires
from backend.kernel.errors import NotFoundError
from backend.rewards import queries as reward_queries
from backend.rewards import service as rewards
from backend.web.contexts import IncidentsPage, OrphanLine, QuarantineLine
from backend.web.forms import checked_form, see
from backend.web.rendering import respond
from backend.workflows import adopt_orphan

router = APIRouter(include_in_schema=False)

PATH = "/admin/incidents"
Operator = Annotated[Actor, requires(Permission.RUN_OPERATIONS)]


@router.get(PATH)
def get_incidents(
    request: Request,
    session: ReadSession,
    actor: Annotated[Actor, requires(Permission.READ_OPERATIONS)],
) -> Response:
    """List what needs a person."""
    page = incidents_page(session, actor)
    return respond(request, "incidents.html", page, actor=actor, section="admin")


@router.post(PATH + "/{tx_hash}/proposer", dependencies=[checked_form()])
def post_proposal(tx_hash: str, session: WriteSession, actor: Operator) -> Response:
    """Vouch for an orphan as the first person."""
    books.propose_adoption(session, tx_hash, by=actor.account_id)
    return see(PATH)


@router.post(PATH + "/{tx_hash}/adopter", dependencies=[checked_form()])
def post_adoption(
    tx_hash: str, session: WriteSession, clock: Now, config: ConfigDep, actor: Operator
) -> Response:
    """Vouch for it as the second person and book it."""
    adopt_orphan.adopt(
        session,
        tx_hash=tx_hash,
        by=actor.account_id,
        rate_micro_cents_per_unit=config.rate_micro_cents_per_unit,
        now=clock.now(),
    )
    return see(PATH)


@router.post("/admin/quarantaine/{reward_id}/liberer", dependencies=[checked_form()])
def post_release(reward_id: int, session: WriteSession, actor: Operator) -> Response:
    """Put a reward back in the queue."""
    del actor
    if not rewards.release_from_quarantine(session, reward_id):
        raise NotFoundError("quarantined_reward", str(reward_id))
    return see(PATH)


def incidents_page(session: Session, actor: Actor) -> IncidentsPage:
    """Collect what nothing of ours explains, rewards set aside, and a restore under way."""
    may_act = actor.may(Permission.RUN_OPERATIONS)
    return IncidentsPage(
        orphans=tuple(
            _orphan(session, orphan, actor, may_act=may_act)
            for orphan in book_queries.open_orphans(session)
        ),
        quarantined=tuple(
            QuarantineLine(f"0x{number:012x}", number)
            for number in reward_queries.quarantined(session)
        ),
        is_recovering=book_queries.open_restoration(session) is not None,
        may_act=may_act,
    )


def _orphan(session: Session, orphan: Orphan, actor: Actor, *, may_act: bool) -> OrphanLine:
    proposer = account_queries.get(session, orphan.proposed_by) if orphan.proposed_by else None
    is_proposed = orphan.proposed_by is not None
    return OrphanLine(
        tx_hash=orphan.tx_hash,
        kind=orphan.kind,
        block_number=orphan.block_number,
        units=orphan.units,
        items=len(orphan.items),
        found_at=orphan.found_at,
        proposer=(proposer.display_name or proposer.email or "") if proposer is not None else "",
        may_propose=may_act and not is_proposed,
        may_adopt=may_act and is_proposed and orphan.proposed_by != actor.account_id,
    )
