"""Becoming a merchant: the application, and the queue of the metropolis."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from backend.accounts.rules import Actor, Permission
from backend.http.deps import (
    DatabaseDep,
    MaybeActor,
    Now,
    ReadSession,
    WriteSession,
    public,
    requires,
)
from backend.merchants import queries
from backend.merchants.applications import NewApplication
from backend.merchants.errors import ApplicationInvalidError
from backend.merchants.hours import DAYS, day_text
from backend.merchants.models import MerchantApplication
from backend.merchants.rules import CONTRACT_VERSION
from backend.payouts.rules import masked_iban
from backend.territory import queries as territory_queries
from backend.territory.geo import position_of
from backend.web import area_map, places
from backend.web.contexts import ApplicationLine, ApplicationsPage, ApplyPage
from backend.web.forms import checked_form, see
from backend.web.rendering import respond
from backend.workflows import admit_merchant

router = APIRouter(include_in_schema=False)

Admitter = Annotated[Actor, requires(Permission.MANAGE_MERCHANTS)]


class ApplicationForm(BaseModel):
    """What an applicant types."""

    form_token: str = ""
    name: str = Field(default="", max_length=200)
    kind: str = Field(default="", max_length=20)
    siret: str = Field(default="", max_length=40)
    address: str = Field(default="", max_length=300)
    commune_code: str = Field(default="", max_length=5)
    latitude: str = Field(default="", max_length=20)
    longitude: str = Field(default="", max_length=20)
    hours: list[str] = Field(default=[], max_length=DAYS)
    holder: str = Field(default="", max_length=140)
    iban: str = Field(default="", max_length=60)
    contract: str = ""


@router.get("/devenir-commercant", dependencies=[public()])
def get_apply(request: Request, session: ReadSession, actor: MaybeActor) -> Response:
    """Show the contract in short, the form, and how far one's applications are."""
    page = _page(session, actor)
    return respond(request, "apply.html", page, actor=actor, section="account")


@router.post("/devenir-commercant", dependencies=[checked_form()])
def post_apply(
    request: Request,
    database: DatabaseDep,
    clock: Now,
    actor: Annotated[Actor, requires(Permission.PAY)],
    form: Annotated[ApplicationForm, Form()],
) -> Response:
    """Send an application; a wrong field comes back with what was typed."""
    try:
        with database.transaction() as session:
            is_known = territory_queries.commune(session, form.commune_code) is not None
            new = NewApplication(
                name=form.name,
                kind=form.kind,
                siret=form.siret,
                address=form.address,
                commune_code=form.commune_code if is_known else "",
                has_accepted=bool(form.contract),
                hours=form.hours,
                bank_holder=form.holder,
                iban=form.iban,
                place=_place(form),
            )
            admit_merchant.apply(session, new, account_id=actor.account_id, now=clock.now())
    except ApplicationInvalidError as error:
        with database.reading() as session:
            page = _page(session, actor, form=form, problem=error.field)
        return respond(request, "apply.html", page, actor=actor, section="account", status=422)
    return see("/devenir-commercant")


@router.get("/admin/commercants")
def get_queue(request: Request, session: ReadSession, actor: Admitter) -> Response:
    """Show the applications that wait."""
    lines = tuple(_line(session, row) for row in queries.open_applications(session))
    page = ApplicationsPage(lines)
    return respond(request, "applications.html", page, actor=actor, section="admin")


@router.post("/admin/commercants/{application_id}/accepter", dependencies=[checked_form()])
def post_approve(
    application_id: str, session: WriteSession, clock: Now, actor: Admitter
) -> Response:
    """Admit a merchant; a job registers it on chain."""
    admit_merchant.approve(session, application_id, decided_by=actor.account_id, now=clock.now())
    return see("/admin/commercants")


@router.post("/admin/commercants/{application_id}/refuser", dependencies=[checked_form()])
def post_refuse(
    application_id: str,
    session: WriteSession,
    clock: Now,
    actor: Admitter,
    reason: Annotated[str, Form(max_length=500)],
) -> Response:
    """Refuse an application with a reason that the applicant reads."""
    admit_merchant.refuse(
        session, application_id, decided_by=actor.account_id, reason=reason, now=clock.now()
    )
    return see("/admin/commercants")


def _page(
    session: Session,
    actor: Actor | None,
    *,
    form: ApplicationForm | None = None,
    problem: str = "",
) -> ApplyPage:
    me = actor.account_id if actor is not None and not actor.is_anonymous else ""
    communes = territory_queries.communes(session)
    typed = form or ApplicationForm(kind="shop")
    return ApplyPage(
        communes=tuple(sorted(((c.insee_code, c.name) for c in communes), key=lambda c: c[1])),
        applications=tuple(
            _line(session, row) for row in (queries.applications_of(session, me) if me else ())
        ),
        contract_version=CONTRACT_VERSION,
        can_apply=bool(me),
        name=typed.name,
        kind=typed.kind,
        siret=typed.siret,
        address=typed.address,
        commune_code=typed.commune_code,
        latitude=typed.latitude,
        longitude=typed.longitude,
        hours=tuple(typed.hours) if len(typed.hours) == DAYS else ("",) * DAYS,
        holder=typed.holder,
        iban=typed.iban,
        problem_key=f"apply.problem.{problem}" if problem else "",
    )


def _line(session: Session, row: MerchantApplication) -> ApplicationLine:
    return ApplicationLine(
        application_id=row.id,
        name=row.name,
        kind=row.kind,
        siret=row.siret,
        where=f"{row.address}, {places.of_commune(session, row.commune_code)}",
        state=row.state,
        at=row.created_at,
        reason=row.reason,
        hours=tuple(day_text(day) for day in row.hours),
        holder=row.bank_holder,
        account=masked_iban(row.iban) if row.iban else "",
        pins=area_map.pins([(row.name, "", row.latitude_e6, row.longitude_e6)]),
        place=area_map.place_text(row.latitude_e6, row.longitude_e6),
    )


def _place(form: ApplicationForm) -> tuple[int, int] | None:
    if not form.latitude.strip() and not form.longitude.strip():
        return None
    try:
        # A French keyboard has a comma.
        found = position_of(form.latitude.replace(",", "."), form.longitude.replace(",", "."))
    except ValueError as error:
        raise ApplicationInvalidError("place") from error
    return found.latitude_e6, found.longitude_e6
