"""The evidence of one act for reviewers: facts, signals, trail, the person's other acts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from sqlmodel import Session

from backend.actions import queries as action_queries
from backend.actions.models import Claim, Verdict
from backend.freezes.rules import FreezeReason
from backend.http.deps import Now, ReadSession, WriteSession
from backend.kernel.errors import NotFoundError
from backend.review import queries, rules
from backend.review.models import ReviewCase
from backend.rewards import queries as reward_queries
from backend.rewards.rules import STILL_HERE
from backend.trips import queries as trip_queries
from backend.web import history, maps, places
from backend.web.contexts import EvidencePage, PastAct, TrailLine
from backend.web.forms import checked_form, see
from backend.web.rendering import language_of, respond
from backend.web.reviews import ACCEPT_REASONS, REFUSE_REASONS, Reviewer, case_line, doubts_of
from backend.web.trips import leg_line
from backend.workflows import freeze_account, notices, surroundings
from backend.workflows.take_back import take_back

router = APIRouter(include_in_schema=False)

TAKE_BACK_REASONS = (*REFUSE_REASONS, "mass_missing")
PAST_ACTS = 30


@router.get("/admin/examens/{claim_id}")
def get_evidence(
    request: Request, claim_id: str, session: ReadSession, clock: Now, actor: Reviewer
) -> Response:
    """Show what is known of an act."""
    language = language_of(request, actor)
    page = evidence_page(session, claim_id, actor.account_id, language, clock.now())
    return respond(request, "evidence.html", page, actor=actor, section="admin")


@router.post("/admin/examens/{claim_id}/reprendre", dependencies=[checked_form()])
def post_take_back(
    claim_id: str,
    session: WriteSession,
    clock: Now,
    actor: Reviewer,
    reason: Annotated[
        str, Form(pattern="^(not_plausible|not_by_this_person|code_not_valid|mass_missing)$")
    ],
) -> Response:
    """Take back what is pending of the reward."""
    take_back(session, claim_id, reviewer_id=actor.account_id, reason_code=reason, now=clock.now())
    return see(f"/admin/examens/{claim_id}")


@router.post("/admin/examens/{claim_id}/suspendre", dependencies=[checked_form()])
def post_freeze(
    claim_id: str,
    session: WriteSession,
    clock: Now,
    actor: Reviewer,
    reason: Annotated[FreezeReason, Form()],
    note: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Ask to freeze the account behind the act; a second person decides."""
    freeze_account.request(
        session, claim_id, reason=reason, note=note, by=actor.account_id, now=clock.now()
    )
    return see("/admin/comptes")


def evidence_page(
    session: Session, claim_id: str, reader_id: str, language: str, now: datetime
) -> EvidencePage:
    """Collect the evidence of an act.

    Raises:
        NotFoundError: No such claim.
    """
    claim = action_queries.by_public_id(session, claim_id)
    if claim is None:
        raise NotFoundError("claim", claim_id)
    cases = queries.cases_of(session, claim.id or 0)
    verdict = action_queries.verdict_of(session, claim.id or 0)
    tranches = reward_queries.of_claim(session, claim.id or 0)
    changes = reward_queries.adjustments_of(session, [claim.id or 0]).get(claim.id or 0, [])
    return EvidencePage(
        case=case_line(session, _latest(cases, claim), claim, reader_id, now),
        state=claim.state,
        level=verdict.level if verdict is not None else "",
        received_at=claim.received_at,
        device=claim.device_number,
        reasons=_reasons(claim, verdict, language),
        trail=tuple(_trail(case) for case in cases),
        past=_past(session, claim),
        companions=surroundings.companions(session, claim),
        accounts_on_phone=queries.accounts_on_phones_of(
            session, claim.account_id, since=now - rules.HISTORY
        ),
        pending_units=sum(row.units for row in tranches if row.state in STILL_HERE),
        is_open=any(case.state == "open" for case in cases),
        accept_reasons=ACCEPT_REASONS,
        refuse_reasons=REFUSE_REASONS,
        take_back_reasons=TAKE_BACK_REASONS,
        freeze_reasons=tuple(FreezeReason),
        changes=tuple(notices.adjustment(row, language) for row in changes),
        **_recording(session, claim),
    )


def _recording(session: Session, claim: Claim) -> dict[str, Any]:
    """Return the map and the legs of a recorded trip: what a reviewer sees a sign of fraud on.

    The map has both ends cut off and is gone after a month, or earlier if its owner wishes.
    """
    trip = trip_queries.get(session, claim.public_id) if claim.kind == "trip" else None
    if trip is None:
        return {}
    return {
        "map": maps.trip_map(session, trip.path),
        "legs": tuple(leg_line(leg) for leg in trip.finding.get("legs", [])),
    }


def _latest(cases: Sequence[ReviewCase], claim: Claim) -> ReviewCase:
    if cases:
        return cases[-1]
    # An act that nobody doubted yet: a reviewer found it through a weighing or another act.
    return ReviewCase(
        claim_id=claim.id or 0,
        claim_public_id=claim.public_id,
        account_id=claim.account_id,
        cause="doubt",
        reasons=[],
        opened_at=claim.received_at,
        due_at=claim.received_at,
    )


def _reasons(claim: Claim, verdict: Verdict | None, language: str) -> tuple[str, ...]:
    if verdict is None and claim.refusal_code:
        return (history.reason_text(language, claim.refusal_code, {}),)
    # Signals are told by the trail, in the words that only reviewers read.
    return tuple(
        history.reason_text(language, reason["code"], reason["facts"])
        for reason in (verdict.reasons if verdict is not None else ())
        if history.reason_key(reason["code"]) not in ("reason.doubt", "reason.other")
    )


def _trail(case: ReviewCase) -> TrailLine:
    return TrailLine(
        cause=case.cause,
        state=case.state,
        opened_at=case.opened_at,
        decided_at=case.decided_at,
        doubts=doubts_of(case),
        statement=case.statement,
        reason_key=f"review.reason.{case.reason_code}" if case.reason_code else "",
    )


def _past(session: Session, claim: Claim) -> tuple[PastAct, ...]:
    claims = [
        other
        for other in action_queries.of_account(session, claim.account_id, limit=PAST_ACTS + 1)
        if other.id != claim.id
    ][:PAST_ACTS]
    ids = [other.id or 0 for other in claims]
    verdicts = action_queries.verdicts_of(session, ids)
    receipts = reward_queries.receipts_of(session, ids)
    where = places.of_devices(session, {other.device_number for other in claims})
    return tuple(
        _past_act(
            other,
            verdicts.get(other.id or 0),
            receipts[other.id or 0].units if other.id in receipts else 0,
            where.get(other.device_number, ""),
        )
        for other in claims
    )


def _past_act(claim: Claim, verdict: Verdict | None, units: int, place: str) -> PastAct:
    title_key, _ = history.act_title(claim.kind, history.act_facts(claim, verdict))
    level = verdict.level if verdict is not None else ""
    return PastAct(claim.public_id, title_key, claim.occurred_at, place, claim.state, level, units)
