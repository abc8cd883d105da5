"""Errors in words: what happened, what was kept, what to do, what to quote."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from backend.http.deps import public
from backend.http.problems import Problem
from backend.http.security import till_token
from backend.web import texts
from backend.web.contexts import ProblemPage
from backend.web.rendering import language_of, respond

router = APIRouter(include_in_schema=False)

_ACTIONS = {
    "/scanner": ("/scanner", "problem.action.scan"),
    "/s/": ("/scanner", "problem.action.scan"),
    "/caisse": ("/caisse", "problem.action.till"),
    "/admin/regles": ("/admin/regles", "problem.action.rules"),
}


def page_of(language: str, problem: Problem, *, path: str, is_till: bool = False) -> ProblemPage:
    """Put a problem into the words of a language.

    Texts of the code win over texts of the status, which win over the general ones.
    """

    def word(part: str) -> str:
        keys = (problem.code, str(problem.status), "default")
        return texts.first_of(language, *(f"problem.{key}.{part}" for key in keys))

    href, action_key = _action(problem, path, is_till=is_till)
    return ProblemPage(
        status=problem.status,
        title=word("title"),
        happened=word("happened"),
        kept=word("kept"),
        to_do=word("to_do"),
        action_href=href,
        action_key=action_key,
        code=problem.code,
        correlation_id=problem.correlation_id,
    )


def render_problem_page(request: Request, problem: Problem) -> Response:
    """Answer a person with a problem as a page."""
    is_till = bool(till_token(request))
    page = page_of(language_of(request, None), problem, path=request.url.path, is_till=is_till)
    # No database here: the page must also appear when the database is what is broken.
    return respond(request, "problem.html", page, actor=None, status=problem.status)


@router.get("/problemes/{code}", dependencies=[public()])
def get_words(request: Request, code: str) -> Response:
    """Return title and advice of a problem in the visitor's language, for the scan page."""
    language = language_of(request, None)
    words = {
        part: texts.first_of(language, f"problem.{code}.{part}", f"problem.default.{part}")
        for part in ("title", "happened", "kept", "to_do")
    }
    return JSONResponse(words)


def _action(problem: Problem, path: str, *, is_till: bool) -> tuple[str, str]:
    is_door = path.startswith("/caisse") and (problem.status == 401 or problem.code == "no_shop")  # noqa: PLR2004 - the HTTP number says it best
    if is_till and is_door:
        return "/caisse/entrer", "problem.action.door"
    if problem.status == 401:  # noqa: PLR2004 - the HTTP number says it best
        return f"/connexion?next_path={path}", "problem.action.sign_in"
    for prefix, action in _ACTIONS.items():
        if path.lower().startswith(prefix) and path != action[0]:
            return action
    return "/", "problem.action.home"
