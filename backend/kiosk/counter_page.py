"""The page of an agent's counter: PIN, then card, material, quantity; signed and sent, or kept."""

from collections import deque
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel, Field

from backend.cards.rules import grouped, secret_in, url_of
from backend.devices import codes
from backend.kernel.errors import UnavailableError
from backend.kiosk import desk_page
from backend.kiosk.agents import Agents
from backend.kiosk.errors import ServerRefusedError
from backend.kiosk.terminal import Seen, Terminal
from backend.paper.cards import Print, card_data, card_pdf
from backend.paper.typesetting import MEDIA_TYPE

COOKIE = "agent"
_LISTED = 8
_TAKEN = frozenset({"pending", "accepted", "review"})
_FRENCH = {
    "card_blocked": "cette carte est bloquée. Les points du titulaire sont intacts ; "
    "faites-lui une nouvelle carte.",
    "card_unknown": "carte inconnue, ou code trop ancien. Faites-la montrer de nouveau.",
    "code_expired": "envoyé plus de 72 heures après le dépôt ; le titulaire peut contester.",
    "code_early": "l’horloge de ce poste avance. Réglez-la.",
    "device_revoked": "ce poste a été retiré du service.",
}
"""What an agent can do about the server's refusals; others are shown in its own words."""


@dataclass(frozen=True, slots=True)
class Line:
    """A deposit of this process, as the agent reads it.

    Attributes:
        words: What was brought.
        card: Last characters of the card.
        state: waiting, or what the server said.
        is_taken: It counts for the card.
        detail: Why not.
    """

    words: str
    card: str
    state: str
    is_taken: bool
    detail: str


class AttendedForm(BaseModel):
    """A deposit that the agent sees; the card was scanned into its field."""

    card: str = Field(max_length=200)
    material: str
    count: int = Field(ge=0, le=1000)
    mass_g: int = Field(ge=0, le=1_000_000)


class Counter:
    """One counter at work: its agents, and the deposits of this process.

    Args:
        terminal: The counter's.
        agents: Who may sign.
        templates: Of the terminal's pages.
    """

    def __init__(self, terminal: Terminal, agents: Agents, templates: Jinja2Templates) -> None:
        self.terminal = terminal
        self.agents = agents
        self._templates = templates
        self._signed: deque[tuple[str, str, str]] = deque(maxlen=_LISTED)

    def agent(self, request: Request) -> int | None:
        """Return the agent on duty in this browser."""
        return self.agents.on_duty(request.cookies.get(COOKIE), now=self.terminal.now())

    def render(self, request: Request, *, problem: str = "", status: int = 200) -> Response:
        """Show the form for the PIN, or for a deposit with the last ones beside it."""
        agent = self.agent(request)
        context = {
            "identity": self.terminal.identity,
            "agent": agent,
            "agents": self.agents.numbers(),
            "is_locked": self.agents.is_locked(self.terminal.now()),
            "problem": problem,
            "problem_words": _FRENCH.get(problem, ""),
            "choices": desk_page.choices(self.terminal),
            "deposits": [_line(self.terminal, *one) for one in self._signed] if agent else (),
            "waiting": len(self.terminal.outbox.waiting()),
            "is_online": self.terminal.is_online(),
        }
        return self._templates.TemplateResponse(
            request, "counter.html", context, status_code=status
        )

    def sign(self, secret: str, form: AttendedForm, agent: int) -> None:
        """Sign a deposit for the holder of a card; the line sends it."""
        token = self.terminal.attend(secret, Seen(form.material, form.count, form.mass_g, agent))
        self._signed.appendleft((token, _words(form), f"…{secret[-4:]}"))


def routes(terminal: Terminal, agents: Agents, templates: Jinja2Templates) -> APIRouter:
    """Make the routes of a counter."""
    router, counter = APIRouter(), Counter(terminal, agents, templates)
    _add_turns(router, counter)
    _add_cards(router, counter)

    @router.get("/", response_class=HTMLResponse)
    def page(request: Request) -> Response:
        """Ask for the PIN, or show the form and the last deposits."""
        return counter.render(request)

    @router.post("/depot")
    def deposit(request: Request, form: Annotated[AttendedForm, Form()]) -> Response:
        """Sign a deposit for the holder of the card; sent at once, or when the line is back."""
        desk_page.refuse_foreign_form(request)
        agent = counter.agent(request)
        if agent is None:
            return counter.render(request, problem="signed_out", status=403)
        if form.material not in codes.MATERIALS:
            raise HTTPException(422)
        secret = secret_in(form.card)
        if secret is None:
            return counter.render(request, problem="card", status=422)
        if form.count < 1 and form.mass_g < 1:
            return counter.render(request, problem="empty", status=422)
        counter.sign(secret, form, agent)
        return RedirectResponse("/", status_code=303)

    return router


def _add_turns(router: APIRouter, counter: Counter) -> None:
    @router.post("/agent")
    def sign_in(
        request: Request,
        number: Annotated[int, Form(ge=1, le=9999)],
        pin: Annotated[str, Form(max_length=8)],
    ) -> Response:
        """Begin an agent's turn."""
        desk_page.refuse_foreign_form(request)
        word = counter.agents.sign_in(number, pin, now=counter.terminal.now())
        if word is None:
            return counter.render(request, problem="pin", status=403)
        response = RedirectResponse("/", status_code=303)
        response.set_cookie(COOKIE, word, httponly=True, samesite="strict")
        return response

    @router.post("/agent/fin")
    def sign_out(request: Request) -> Response:
        """End the turn."""
        desk_page.refuse_foreign_form(request)
        counter.agents.sign_out()
        return RedirectResponse("/", status_code=303)


def _add_cards(router: APIRouter, counter: Counter) -> None:
    @router.post("/carte")
    def new_card(request: Request, spare: Annotated[str, Form(max_length=200)] = "") -> Response:
        """Print a card and its spare for somebody without a phone, or replace a lost one."""
        desk_page.refuse_foreign_form(request)
        if counter.agent(request) is None:
            return counter.render(request, problem="signed_out", status=403)
        try:
            secrets = counter.terminal.new_cards(spare or None)
        except UnavailableError:
            return counter.render(request, problem="offline", status=503)
        except ServerRefusedError as error:
            problem = error.code if error.code in _FRENCH else "card"
            return counter.render(request, problem=problem, status=422)
        at, base_url = counter.terminal.now(), counter.terminal.identity.public_url
        prints = [Print(url_of(secret, base_url), grouped(secret)) for secret in secrets]
        content = card_pdf(card_data(prints, language="fr", at=at), at=at)
        headers = {"Content-Disposition": 'attachment; filename="carte-calanque.pdf"'}
        return Response(content, media_type=MEDIA_TYPE, headers=headers)


def _line(terminal: Terminal, token: str, words: str, card: str) -> Line:
    sent = terminal.outbox.answer(token)
    if sent is None:
        return Line(words, card, "waiting", is_taken=False, detail="")
    return Line(
        words,
        card,
        sent.state,
        is_taken=sent.state in _TAKEN,
        detail=_FRENCH.get(sent.state, sent.detail),
    )


def _words(form: AttendedForm) -> str:
    name = desk_page.MATERIAL_NAMES[form.material][0]
    mass = f", {form.mass_g} g" if form.mass_g else ""
    return f"{name} × {form.count}{mass}"
