"""Templates to responses: one environment per language, strict about unknown names."""

import hashlib
from functools import lru_cache, partial
from pathlib import Path

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from backend.accounts.rules import AccountKind, Actor, Permission
from backend.http.deps import Config
from backend.http.security import session_token
from backend.web import texts
from backend.web.contexts import Site

FOLDER = Path(__file__).parent
LANGUAGE_COOKIE = "langue"


@lru_cache
def environment(language: str) -> Environment:
    """Return the environment that renders a language."""
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(texts.formats(language))
    made.globals["t"] = partial(texts.translate, language)
    made.globals["asset"] = asset
    return made


@lru_cache
def asset(name: str) -> str:
    """Return the address of a static file; it changes with the content, so it can be cached.

    Raises:
        FileNotFoundError: There is no such file.
    """
    digest = hashlib.sha256((FOLDER / "static" / name).read_bytes()).hexdigest()
    return f"/static/{name}?v={digest[:12]}"


def render(site: Site, template: str, page: object) -> str:
    """Render a page; `page` is its dataclass of `contexts`."""
    return environment(site.language).get_template(template).render(site=site, page=page)


def respond(
    request: Request,
    template: str,
    page: object,
    *,
    actor: Actor | None,
    section: str = "",
    status: int = 200,
) -> Response:
    """Answer with a page in the visitor's language."""
    site = site_of(request, actor, section=section)
    response = HTMLResponse(render(site, template, page), status_code=status)
    # Pages show somebody's points: no shared or old copy may be shown to the next person.
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Language"] = site.language
    return response


def language_of(request: Request, actor: Actor | None) -> str:
    """Return the language for a visitor: the choice in the cookie, the account, the browser."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen is None and actor is not None:
        chosen = actor.language
    return texts.choose_language(chosen, request.headers.get("accept-language", ""))


def site_of(request: Request, actor: Actor | None, *, section: str) -> Site:
    """Collect what the frame of a page shows."""
    language = language_of(request, actor)
    path = request.url.path
    config: Config = request.app.state.config
    is_demo = config.mailbox_path is not None
    if actor is None:
        # On the page of a problem nobody was looked up; the cookie says enough for the menu.
        has_cookie = session_token(request) is not None
        return Site(
            language=language,
            path=path,
            section=section,
            is_demo=is_demo,
            is_signed_in=has_cookie,
        )
    return Site(
        language=language,
        path=path,
        section=section,
        form_token=actor.form_token,
        is_known=True,
        is_signed_in=not actor.is_anonymous,
        name=actor.display_name,
        has_till=actor.may(Permission.RUN_TILL),
        is_clerk=actor.kind == AccountKind.CLERK,
        is_staff=actor.kind == AccountKind.STAFF and actor.may(Permission.READ_OPERATIONS),
        is_demo=is_demo,
    )
