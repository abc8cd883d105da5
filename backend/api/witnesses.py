"""Witnesses without a citizen's phone: counters and sensors send what they signed, even late."""

from datetime import datetime
from typing import Annotated

from anyio import from_thread
from fastapi import APIRouter, Request, status
from pydantic import BaseModel, Field
from sqlmodel import Session

from backend.accounts.rules import Actor, Permission
from backend.actions.models import Claim
from backend.api.devices import CallerDep
from backend.api.intake import Intake
from backend.db.engine import Database
from backend.devices import codes, queries, witnesses
from backend.devices.errors import (
    CodeForgedError,
    CodeMalformedError,
    DeviceRequestRefusedError,
)
from backend.devices.rules import DeviceKind
from backend.http.deps import DatabaseDep, Now, WriteSession, public, requires
from backend.kernel.clock import Clock
from backend.kernel.errors import EcoError
from backend.territory import queries as territory
from backend.territory.errors import MaterialNotTakenError
from backend.workflows import counter_cards
from backend.workflows.admit_claims import Answer, ClaimRequest

router = APIRouter(tags=["devices"])

Token = Annotated[str, Field(min_length=8, max_length=700)]


class MessagesCreate(BaseModel):
    """What a counter or a sensor signed, oldest first; each is read on its own."""

    tokens: list[Token] = Field(min_length=1, max_length=100)


class MessagePublic(BaseModel):
    """What became of one of them."""

    state: str = Field(
        description="stored, repeated, or for a counter pending; otherwise why not, as a code."
    )
    detail: str = Field(default="", description="Why not, in words.")
    claim_id: str | None = Field(default=None, description="Claim of the card's holder.")


class CardsCreate(BaseModel):
    """Cards that an agent prints, in a request signed by the counter."""

    spare: str | None = Field(
        default=None,
        max_length=200,
        description="Spare card that is shown to replace a lost one; none opens an account.",
    )


class CardPublic(BaseModel):
    """A card; its code is told this once."""

    code: str
    issued_at: datetime


class StickerCreate(BaseModel):
    """A sticker to print."""

    material: str | None = Field(
        default=None, description="Material of its container; none for the station's main one."
    )


class StickerPublic(BaseModel):
    """A sticker; its code is told this once."""

    number: int = Field(description="Device number, printed on it and used to revoke it.")
    code: str


@router.post(
    "/devices/messages",
    dependencies=[public()],
    summary="Send deposits of cards and messages of sensors, at once or later",
)
def post_messages(
    body: MessagesCreate, request: Request, database: DatabaseDep, clock: Now
) -> list[MessagePublic]:
    """Take what a counter or a sensor signed; each carries its signature, so any gateway may send.

    Sending one again is harmless. A counter's may be 72 h old, a sensor's 24 h.
    """
    intake: Intake = request.app.state.intake
    return [_take(token, intake, database, clock) for token in body.tokens]


@router.post(
    "/devices/cards",
    dependencies=[public()],
    status_code=status.HTTP_201_CREATED,
    summary="Make cards at a counter",
)
def post_cards(
    body: CardsCreate, caller: CallerDep, session: WriteSession, clock: Now
) -> list[CardPublic]:
    """Open an account for somebody without a phone, or replace a lost card by its spare."""
    if queries.need(session, caller.number).kind != DeviceKind.COUNTER:
        raise DeviceRequestRefusedError("only a counter makes cards")
    now = clock.now()
    if body.spare is None:
        made = counter_cards.open_account(session, counter=caller.number, now=now)
    else:
        made = counter_cards.replace_lost(session, body.spare, counter=caller.number, now=now)
    return [CardPublic(code=secret, issued_at=card.issued_at) for card, secret in made]


@router.post("/stations/{station_id}/stickers", summary="Make a sticker for a container")
def post_sticker(
    station_id: str,
    body: StickerCreate,
    session: WriteSession,
    clock: Now,
    actor: Annotated[Actor, requires(Permission.MANAGE_STATIONS)],
) -> StickerPublic:
    """Make the code of a sticker; it is told this once and then known to nobody but the paper."""
    del actor
    view = territory.station(session, station_id)
    if body.material not in (None, *view.materials):
        raise MaterialNotTakenError(str(body.material))
    device, code = witnesses.print_sticker(
        session,
        station_id=view.station.id,
        name=view.station.name,
        material=body.material,
        now=clock.now(),
    )
    return StickerPublic(number=device.number, code=code)


def _take(token: str, intake: Intake, database: Database, clock: Clock) -> MessagePublic:
    try:
        unverified = codes.read(token)
        if isinstance(unverified.content, codes.SensorCode):
            with database.transaction() as session:
                return MessagePublic(state=_keep(session, unverified, clock))
    except EcoError as error:
        return MessagePublic(state=error.code, detail=error.message)
    key = f"m-{codes.code_key(unverified.content)}"[:64]
    # The intake belongs to the event loop; this handler runs in a thread.
    try:
        answer: Answer = from_thread.run(intake.submit, ClaimRequest(None, key, token))
    except EcoError as error:
        answer = error
    if isinstance(answer, Claim):
        return MessagePublic(state=answer.state, claim_id=answer.public_id)
    claim_id = answer.facts.get("claim_id")
    return MessagePublic(
        state=answer.code,
        detail=answer.message,
        claim_id=claim_id if isinstance(claim_id, str) else None,
    )


def _keep(session: Session, unverified: codes.UnverifiedCode, clock: Clock) -> str:
    device = queries.by_number(session, unverified.device)
    if device is None or device.kind != "sensor":
        raise CodeForgedError(unverified.device)
    content = queries.verified(unverified, device)
    if not isinstance(content, codes.SensorCode):
        raise CodeMalformedError("it is no message of a sensor")
    return witnesses.keep_message(session, content, device, now=clock.now()).value
