"""Start page of staff: the state of the service in plain words."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from backend.accounts.rules import Actor, Permission
from backend.actions import queries as action_queries
from backend.actions.rules import ClaimState
from backend.books import queries as book_queries
from backend.books.rules import OrphanKind
from backend.devices import queries as device_queries
from backend.http.deps import Config, ConfigDep, Now, ReadSession, requires
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.merchants import queries as merchant_queries
from backend.rewards import queries as reward_queries
from backend.rulebook import queries as rulebook_queries
from backend.territory import queries as territory_queries
from backend.web import texts
from backend.web.contexts import AdminPage, Health
from backend.web.rendering import language_of, respond
from backend.web.worth import worth_cents

router = APIRouter(include_in_schema=False)

LATE = timedelta(minutes=30)
"""Twice the default wait of a batch: longer than that, something does not answer."""
SILENT = timedelta(minutes=15)


@router.get("/admin")
def get_admin(
    request: Request,
    session: ReadSession,
    clock: Now,
    config: ConfigDep,
    actor: Annotated[Actor, requires(Permission.READ_OPERATIONS)],
) -> Response:
    """Show how the service is doing."""
    page = admin_page(session, actor, config, language_of(request, actor), clock.now())
    return respond(request, "admin.html", page, actor=actor, section="admin")


def admin_page(
    session: Session, actor: Actor, config: Config, language: str, now: datetime
) -> AdminPage:
    """Collect health and totals."""
    claims = action_queries.count_by_state(session)
    silent = len(device_queries.silent_since(session, now - SILENT))
    issued = -ledger_queries.balance(session, names.ISSUANCE)
    edition = rulebook_queries.in_force_at(session, now)
    burned = ledger_queries.balance(session, names.BURNED)
    return AdminPage(
        health=_health(session, claims, silent, language, now),
        claims_by_state=tuple((s.value, claims[s]) for s in ClaimState if s in claims),
        issued_units=issued - burned,
        pending_units=ledger_queries.sum_of(session, "citizen/%/pending"),
        confirmed_units=ledger_queries.sum_of(session, "citizen/%/confirmed"),
        takings_units=ledger_queries.sum_of(session, "merchant/%"),
        burned_units=burned,
        liability_cents=worth_cents(issued - burned, config),
        merchants=len(merchant_queries.merchants(session)),
        stations=territory_queries.count_stations(session),
        devices_silent=silent,
        edition_number=edition.number if edition is not None else None,
        may_review=actor.may(Permission.REVIEW_CLAIMS),
        may_read_treasury=actor.may(Permission.READ_TREASURY),
        may_admit_merchants=actor.may(Permission.MANAGE_MERCHANTS),
        may_print_stickers=actor.may(Permission.MANAGE_STATIONS),
    )


def _health(
    session: Session, claims: dict[str, int], silent: int, language: str, now: datetime
) -> tuple[Health, ...]:
    lines = [_issuance(session), _books(session), *_incidents(session)]
    lines.append(_rewards(session, language, now))
    pending, review = claims.get(ClaimState.PENDING, 0), claims.get(ClaimState.REVIEW, 0)
    lines.append(
        Health("wait", "health.claims_wait", {"n": pending})
        if pending
        else Health("ok", "health.claims_ok")
    )
    if review:
        lines.append(Health("wait", "health.review", {"n": review}))
    lines.append(
        Health("bad", "health.devices_silent", {"n": silent})
        if silent
        else Health("ok", "health.devices_ok")
    )
    return tuple(lines)


def _issuance(session: Session) -> Health:
    if action_queries.current_incarnation(session) is None:
        return Health("bad", "health.issuance_bad")
    return Health("ok", "health.issuance_ok")


def _incidents(session: Session) -> list[Health]:
    lines = []
    if book_queries.open_restoration(session) is not None:
        lines.append(Health("wait", "health.recovering"))
    orphans = Counter(orphan.kind for orphan in book_queries.open_orphans(session))
    if mints := orphans.pop(OrphanKind.MINT, 0):
        lines.append(Health("bad", "health.orphans", {"n": mints}))
    if orphans:
        lines.append(Health("wait", "health.movements", {"n": orphans.total()}))
    if quarantined := len(reward_queries.quarantined(session)):
        lines.append(Health("bad", "health.quarantined", {"n": quarantined}))
    return lines


def _books(session: Session) -> Health:
    sums = [ledger_queries.total(session, currency) for currency in names.Currency]
    if any(sums):
        return Health("bad", "health.books_bad", {"units": sum(map(abs, sums))})
    return Health("ok", "health.books_ok")


def _rewards(session: Session, language: str, now: datetime) -> Health:
    count, oldest = reward_queries.waiting(session)
    if count == 0 or oldest is None:
        return Health("ok", "health.rewards_ok")
    age = max(timedelta(0), now - oldest)
    is_late = age > LATE
    return Health(
        "bad" if is_late else "wait",
        "health.rewards_late" if is_late else "health.rewards_wait",
        {"n": count, "age": age_text(age, language)},
    )


def age_text(age: timedelta, language: str) -> str:
    """Write a duration in its largest whole unit."""
    seconds = int(age.total_seconds())
    if seconds < 60:  # noqa: PLR2004 - a minute
        return texts.translate(language, "age.seconds", n=seconds)
    if seconds < 3600:  # noqa: PLR2004 - an hour
        return texts.translate(language, "age.minutes", n=seconds // 60)
    return texts.translate(language, "age.hours", n=seconds // 3600)
