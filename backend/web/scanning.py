"""Scanning: the camera page, the page a phone's own camera opens, and the claim by form."""

import secrets
from typing import Annotated, Protocol

from anyio import from_thread
from fastapi import APIRouter, Depends, Form, Request, Response

from backend.accounts import sessions
from backend.accounts.rules import Actor
from backend.actions.models import Claim
from backend.actions.verifiers.protocol import whole
from backend.db.engine import Database
from backend.devices import codes
from backend.devices import queries as device_queries
from backend.http.deps import (
    DatabaseDep,
    MaybeActor,
    Now,
    ReadSession,
    public,
)
from backend.http.problems import STATUS
from backend.http.security import phone_token, set_session_cookie
from backend.kernel.clock import Clock
from backend.kernel.errors import EcoError
from backend.review import service as review
from backend.territory.geo import Position
from backend.web import history, places, texts
from backend.web.contexts import CodePage, ScanPage
from backend.web.forms import see
from backend.web.rendering import language_of, respond
from backend.workflows.admit_claims import Answer, ClaimRequest, Whereabouts
from backend.workflows.code_evidence import kind_and_facts

router = APIRouter(include_in_schema=False)

STICKER = "sticker"
MICRO = r"^(-?\d{1,9})?$"
"""Micro-degrees or metres from a hidden field; empty without the script that fills it."""


def _whereabouts(
    latitude_e6: Annotated[str, Form(pattern=MICRO)] = "",
    longitude_e6: Annotated[str, Form(pattern=MICRO)] = "",
    accuracy_m: Annotated[str, Form(pattern=MICRO)] = "",
) -> Whereabouts | None:
    if not (latitude_e6 and longitude_e6 and accuracy_m):
        return None
    position = Position(int(latitude_e6), int(longitude_e6))
    return Whereabouts(position, max(0, int(accuracy_m)))


class ClaimIntake(Protocol):
    """The door for claims that API and pages share."""

    async def submit(self, request: ClaimRequest) -> Answer:
        """Store a claim and return its durable answer."""


@router.get("/scanner", dependencies=[public()])
def get_scanner(request: Request, actor: MaybeActor) -> Response:
    """Show the camera page."""
    page = ScanPage(idempotency_key=_new_key())
    return respond(request, "scan.html", page, actor=actor, section="scan")


@router.post("/scanner", dependencies=[public()])
def post_scanner(
    request: Request,
    actor: MaybeActor,
    database: DatabaseDep,
    clock: Now,
    code: Annotated[str, Form(max_length=700)],
    idempotency_key: Annotated[str, Form(min_length=8, max_length=64)],
) -> Response:
    """Claim with a code that somebody typed."""
    answer, token = _claim(request, actor, database, clock, ClaimForm(code, idempotency_key))
    if isinstance(answer, EcoError) and "claim_id" not in answer.facts:
        page = ScanPage(
            idempotency_key=_new_key(), problem_key=_problem_key(answer), typed=code[:80]
        )
        response = respond(
            request, "scan.html", page, actor=actor, section="scan", status=STATUS[answer.kind]
        )
    else:
        response = see(_receipt_path(answer))
    return _with_session(request, response, token)


@router.get("/s/{code}", dependencies=[public()])
@router.get("/S/{code}", dependencies=[public()])
def get_code(request: Request, code: str, session: ReadSession, actor: MaybeActor) -> Response:
    """Show what a code is about; looking at it never uses it up."""
    unverified = codes.read(code)
    content = unverified.content
    kind, facts = kind_and_facts(content)
    device = device_queries.by_number(session, unverified.device) if kind == STICKER else None
    if device is not None:
        facts["material"] = device.material
    title_key, icon = history.act_title(kind, facts)
    where = places.of_devices(session, [unverified.device])
    page = CodePage(
        code=codes.token_in(code),
        kind=kind,
        # Made from the code: pressing the button twice, or reloading, is one claim. A sticker
        # never changes; its own key per person and day does the same.
        idempotency_key=(_new_key() if kind == STICKER else f"s-{codes.code_key(content)}"[:64]),
        title_key=title_key,
        icon=icon,
        place=where.get(unverified.device, ""),
        count=whole(facts.get("count")),
        mass_g=whole(facts.get("mass_g")),
        distance_m=whole(facts.get("distance_m")),
    )
    return respond(request, "code.html", page, actor=actor, section="scan")


@router.post("/s/{code}", dependencies=[public()])
@router.post("/S/{code}", dependencies=[public()])
def post_code(
    request: Request,
    code: str,
    actor: MaybeActor,
    database: DatabaseDep,
    clock: Now,
    idempotency_key: Annotated[str, Form(min_length=8, max_length=64)],
    whereabouts: Annotated[Whereabouts | None, Depends(_whereabouts)],
) -> Response:
    """Claim with the code that the phone's own camera read; a sticker's form has a position."""
    form = ClaimForm(code, idempotency_key, whereabouts)
    answer, token = _claim(request, actor, database, clock, form)
    if isinstance(answer, EcoError) and "claim_id" not in answer.facts:
        raise answer
    return _with_session(request, see(_receipt_path(answer)), token)


class ClaimForm:
    """A code, the key that makes sending it twice count once, and where the phone is."""

    def __init__(
        self, code: str, idempotency_key: str, whereabouts: Whereabouts | None = None
    ) -> None:
        self.code = code
        self.idempotency_key = idempotency_key
        self.whereabouts = whereabouts


def _claim(
    request: Request, actor: Actor | None, database: Database, clock: Clock, form: ClaimForm
) -> tuple[Answer, str | None]:
    account_id, token = actor.account_id if actor is not None else None, None
    if account_id is None:
        with database.transaction() as session:
            signed_in = sessions.start_anonymous(
                session,
                now=clock.now(),
                language=language_of(request, None),
                user_agent=request.headers.get("user-agent", ""),
            )
            phone = phone_token(request)
            review.note_phone(session, phone, signed_in.account.id, at=clock.now())
        account_id, token = signed_in.account.id, signed_in.token
    intake: ClaimIntake = request.app.state.intake
    claim = ClaimRequest(account_id, form.idempotency_key, form.code, form.whereabouts)
    # The intake belongs to the event loop; this handler runs in a thread.
    return from_thread.run(intake.submit, claim), token


def _receipt_path(answer: Answer) -> str:
    if isinstance(answer, Claim):
        return f"/recus/{answer.public_id}"
    # A stored refusal has a receipt too, which says why and can be contested.
    return f"/recus/{answer.facts['claim_id']}"


def _with_session(request: Request, response: Response, token: str | None) -> Response:
    if token is not None:
        set_session_cookie(request, response, token)
    return response


def _problem_key(error: EcoError) -> str:
    key = f"problem.{error.code}.title"
    return key if texts.has("fr", key) else "problem.default.title"


def _new_key() -> str:
    return secrets.token_urlsafe(18)
