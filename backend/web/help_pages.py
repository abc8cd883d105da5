"""Help, and the published rules for everybody."""

from fastapi import APIRouter, Request, Response

from backend.http.deps import ConfigDep, MaybeActor, ReadSession, public
from backend.kernel.errors import NotFoundError
from backend.rulebook import queries
from backend.web.contexts import HelpPage, PublicRulesPage
from backend.web.editions import title_of
from backend.web.rendering import language_of, respond
from backend.web.texts import euro_text
from backend.web.worth import point_cents

router = APIRouter(include_in_schema=False)

QUESTIONS = ("earn", "wait", "refused", "spend", "phone", "privacy", "camera")


@router.get("/aide", dependencies=[public()])
def get_help(request: Request, actor: MaybeActor, config: ConfigDep) -> Response:
    """Answer the usual questions."""
    euro = euro_text(point_cents(config), language_of(request, actor))
    page = HelpPage(questions=QUESTIONS, point_cents=euro)
    return respond(request, "help.html", page, actor=actor, section="help")


@router.get("/bareme/{number}", dependencies=[public()])
def get_rules(request: Request, number: int, session: ReadSession, actor: MaybeActor) -> Response:
    """Show a published edition to everybody."""
    edition = queries.get(session, number)
    if edition is None or edition.state != "published":
        raise NotFoundError("edition", str(number))
    page = PublicRulesPage(
        number=number,
        title=title_of(edition, language_of(request, actor)),
        document_hash=edition.document_hash,
        effective_from=edition.effective_from,
        source_text=edition.source_text,
    )
    return respond(request, "public_rules.html", page, actor=actor)
