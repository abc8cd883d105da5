"""The queue of doubtful acts and appeals; reviewers see no names."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from sqlmodel import Session

from backend.accounts.rules import Actor, Permission
from backend.actions import queries as action_queries
from backend.actions.models import Claim, Verdict
from backend.http.deps import Now, ReadSession, WriteSession, requires
from backend.review import queries
from backend.review.models import ReviewCase
from backend.review.service import DECIDED_WITHIN
from backend.web import history, places, texts
from backend.web.contexts import CaseLine, Doubt, ReviewsPage
from backend.web.forms import checked_form, see
from backend.web.rendering import respond
from backend.workflows import review_claim

router = APIRouter(include_in_schema=False)

ACCEPT_REASONS = ("plausible", "evidence_added")
REFUSE_REASONS = ("not_plausible", "not_by_this_person", "code_not_valid")
Reviewer = Annotated[Actor, requires(Permission.REVIEW_CLAIMS)]


@router.get("/admin/examens")
def get_reviews(request: Request, session: ReadSession, clock: Now, actor: Reviewer) -> Response:
    """Show the open cases."""
    page = reviews_page(session, actor, clock.now())
    return respond(request, "reviews.html", page, actor=actor, section="admin")


@router.post("/admin/examens/{claim_id}/accepter", dependencies=[checked_form()])
def post_accept(
    claim_id: str,
    session: WriteSession,
    clock: Now,
    actor: Reviewer,
    reason: Annotated[str, Form(pattern="^(plausible|evidence_added)$")],
) -> Response:
    """Accept an act: the rules in force on its day pay it."""
    review_claim.decide_case(
        session,
        claim_id,
        is_accepted=True,
        reviewer_id=actor.account_id,
        reason_code=reason,
        now=clock.now(),
    )
    return see("/admin/examens")


@router.post("/admin/examens/{claim_id}/refuser", dependencies=[checked_form()])
def post_refuse(
    claim_id: str,
    session: WriteSession,
    clock: Now,
    actor: Reviewer,
    reason: Annotated[str, Form(pattern="^(not_plausible|not_by_this_person|code_not_valid)$")],
) -> Response:
    """Refuse an act; the citizen reads the reason on the receipt."""
    review_claim.decide_case(
        session,
        claim_id,
        is_accepted=False,
        reviewer_id=actor.account_id,
        reason_code=reason,
        now=clock.now(),
    )
    return see("/admin/examens")


def reviews_page(session: Session, actor: Actor, now: datetime) -> ReviewsPage:
    """Collect the open cases, the most urgent first."""
    lines = []
    for case in queries.open_cases(session, due_before=now + DECIDED_WITHIN):
        claim = action_queries.by_public_id(session, case.claim_public_id)
        if claim is not None:
            lines.append(case_line(session, case, claim, actor.account_id, now))
    return ReviewsPage(tuple(lines), ACCEPT_REASONS, REFUSE_REASONS)


def case_line(
    session: Session, case: ReviewCase, claim: Claim, reader_id: str, now: datetime
) -> CaseLine:
    """Collect what a case shows of its act."""
    verdict = action_queries.verdict_of(session, claim.id or 0)
    facts = history.act_facts(claim, verdict)
    title_key, icon = history.act_title(claim.kind, facts)
    place = places.of_devices(session, [claim.device_number])
    return CaseLine(
        claim_id=case.claim_public_id,
        cause=case.cause,
        title_key=title_key,
        icon=icon,
        place=place.get(claim.device_number, ""),
        occurred_at=claim.occurred_at,
        due_at=case.due_at,
        is_late=case.due_at < now,
        doubts=doubts_of(case) or _refusal(claim, verdict),
        statement=case.statement,
        is_own=case.account_id == reader_id,
        count=_whole(facts.get("count")),
        mass_g=_whole(facts.get("mass_g")),
        distance_m=_whole(facts.get("distance_m")),
    )


def doubts_of(case: ReviewCase) -> tuple[Doubt, ...]:
    """Return a case's reasons as texts with their facts."""
    return tuple(_doubt(reason) for reason in case.reasons)


def _refusal(claim: Claim, verdict: Verdict | None) -> tuple[Doubt, ...]:
    """Return why an appealed act was refused: an appeal has no signals of its own."""
    if verdict is not None:
        return tuple(_doubt(reason) for reason in verdict.reasons)
    return (_doubt({"code": claim.refusal_code, "facts": {}}),) if claim.refusal_code else ()


def _doubt(reason: dict[str, Any]) -> Doubt:
    key = f"signal.{reason['code']}"
    if texts.has("fr", key):
        return Doubt(key, reason["facts"])
    return Doubt(history.reason_key(reason["code"]), reason["facts"])


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
