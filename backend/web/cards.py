"""Cards: print, show on the phone, block, replace; what a stranger sees who scans one."""

import base64
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from sqlmodel import Session

from backend.accounts.rules import Actor, Permission
from backend.cards import queries, rules, service
from backend.cards.errors import CardNotFoundError
from backend.cards.models import Card
from backend.cards.rules import BlockReason
from backend.households import queries as household_queries
from backend.http.deps import (
    Config,
    ConfigDep,
    Now,
    ReadSession,
    SignInNeededError,
    WriteSession,
    public,
    requires,
)
from backend.paper.cards import Print, card_data, card_pdf
from backend.paper.typesetting import MEDIA_TYPE, qr_svg
from backend.web.contexts import CardFoundPage, CardLine, CardsPage, ShownCardPage
from backend.web.forms import checked_form, see
from backend.web.rendering import language_of, respond

router = APIRouter(include_in_schema=False)

Citizen = Annotated[Actor, requires(Permission.READ_OWN)]
Reason = Annotated[str, Form(pattern="^(lost|stolen|replaced)$")]


@router.get("/carte")
def get_cards(request: Request, session: ReadSession, actor: Citizen) -> Response:
    """Show one's own cards, and those that the household shares."""
    return respond(
        request, "cards.html", cards_page(session, actor), actor=actor, section="account"
    )


@router.post("/carte/montrer", dependencies=[checked_form()])
def post_show(
    request: Request, session: WriteSession, clock: Now, config: ConfigDep, actor: Citizen
) -> Response:
    """Show a code on the phone in place of a card; each one lives three minutes."""
    _refuse_anonymous(actor)
    shown, secret = service.show(session, actor.account_id, at=clock.now())
    picture = qr_svg(rules.url_of(secret, config.public_url)).encode()
    page = ShownCardPage(
        picture="data:image/svg+xml;base64," + base64.b64encode(picture).decode(),
        code=rules.grouped(secret),
        seconds=int(rules.PASS_SHOWN.total_seconds()),
        expires_at=shown.expires_at,
    )
    return respond(request, "card_shown.html", page, actor=actor, section="account")


@router.post("/carte/imprimer", dependencies=[checked_form()])
def post_print(
    request: Request,
    session: WriteSession,
    clock: Now,
    config: ConfigDep,
    actor: Citizen,
    shared: Annotated[str, Form(pattern="^(yes|)$")] = "",
) -> Response:
    """Make a card and answer with its page; the code in it is kept nowhere else."""
    _refuse_anonymous(actor)
    household = household_queries.of_account(session, actor.account_id) if shared else None
    card, secret = service.issue(
        session,
        actor.account_id,
        at=clock.now(),
        household_id=household.id if household is not None else None,
    )
    return _paper(session, card, secret, config, language_of(request, actor))


@router.post("/carte/{card_id}/bloquer", dependencies=[checked_form()])
def post_block(
    card_id: str, session: WriteSession, clock: Now, actor: Citizen, reason: Reason
) -> Response:
    """Block a card that is lost, stolen or of no more use; the points stay."""
    card = _card_to_block(session, card_id, actor)
    service.block(session, card.id, reason=BlockReason(reason), at=clock.now())
    return see("/carte")


@router.post("/carte/{card_id}/remplacer", dependencies=[checked_form()])
def post_replace(
    request: Request,
    card_id: str,
    session: WriteSession,
    clock: Now,
    config: ConfigDep,
    actor: Citizen,
) -> Response:
    """Block a card and print the next one for the same account."""
    card = queries.get(session, card_id)
    if card is None or card.account_id != actor.account_id:
        raise CardNotFoundError(card_id)
    new, secret = service.replace(session, card, reason=BlockReason.LOST, at=clock.now())
    return _paper(session, new, secret, config, language_of(request, actor))


@router.get("/c/{code}", dependencies=[public()])
@router.get("/C/{code}", dependencies=[public()])
def get_found(request: Request, code: str) -> Response:
    """Say what a card is to whoever scans one; nothing about its holder."""
    page = CardFoundPage(is_card=rules.secret_in(code) is not None)
    return respond(request, "card_found.html", page, actor=None)


def cards_page(session: Session, actor: Actor) -> CardsPage:
    """Collect one's cards and those of the household."""
    cards = queries.of_account(session, actor.account_id)
    household = household_queries.of_account(session, actor.account_id)
    shared = queries.of_households(session, [household.id]) if household is not None else []
    active = sum(card.state == "active" for card in cards)
    return CardsPage(
        cards=tuple(_line(card) for card in cards),
        may_print=not actor.is_anonymous and active < rules.CARDS_MAX,
        is_anonymous=actor.is_anonymous,
        household=household.name if household is not None else "",
        household_cards=tuple(_line(c) for c in shared if c.account_id != actor.account_id),
    )


def _line(card: Card) -> CardLine:
    return CardLine(
        card_id=card.id,
        tail=card.tail,
        issued_at=card.issued_at,
        is_active=card.state == "active",
        is_shared=card.household_id is not None,
        reason_key=f"cards.reason.{card.blocked_reason}" if card.blocked_reason else "",
    )


def _card_to_block(session: Session, card_id: str, actor: Actor) -> Card:
    """Return a card of one's own or of one's household: whoever misses it first may block it."""
    card = queries.get(session, card_id)
    household = household_queries.of_account(session, actor.account_id)
    is_shared = card is not None and household is not None and card.household_id == household.id
    if card is None or not (card.account_id == actor.account_id or is_shared):
        raise CardNotFoundError(card_id)
    return card


def _paper(session: Session, card: Card, secret: str, config: Config, language: str) -> Response:
    household = household_queries.get(session, card.household_id) if card.household_id else None
    data = card_data(
        [Print(rules.url_of(secret, config.public_url), rules.grouped(secret))],
        language=language,
        household=household.name if household is not None else "",
        at=card.issued_at,
    )
    headers = {
        "Content-Disposition": f'attachment; filename="carte-calanque-{card.tail}.pdf"',
        "Cache-Control": "no-store",
    }
    return Response(card_pdf(data, at=card.issued_at), media_type=MEDIA_TYPE, headers=headers)


def _refuse_anonymous(actor: Actor) -> None:
    if actor.is_anonymous:
        raise SignInNeededError
