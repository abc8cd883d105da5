"""The papers of a draft for a council: the same figures as PDF and as CSV."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from backend.accounts.rules import Actor, Permission
from backend.http.deps import ConfigDep, ReadSession, requires
from backend.kernel.errors import NotFoundError
from backend.rulebook import queries
from backend.rulebook.council.paper import Paper, csv_bytes, pdf_bytes
from backend.rulebook.diff import describe_changes
from backend.web import texts
from backend.web.forecasts import subject_key
from backend.web.rendering import language_of
from backend.web.worth import worth_cents

router = APIRouter(include_in_schema=False)

Reader = Annotated[Actor, requires(Permission.READ_RULES)]


@router.get("/admin/regles/{number}/simulation.pdf")
def get_pdf(
    request: Request,
    number: int,
    session: ReadSession,
    config: ConfigDep,
    actor: Reader,
) -> Response:
    """Return the comparison as accessible PDF."""
    language = language_of(request, actor)
    paper = _paper(session, number, language)
    gap = paper.figures["after"]["units"] - paper.figures["before"]["units"]
    worth = texts.formats(language)["euro"](worth_cents(gap, config))
    return _file(pdf_bytes(replace(paper, worth=worth)), f"edition-{number}.pdf", "application/pdf")


@router.get("/admin/regles/{number}/simulation.csv")
def get_csv(request: Request, number: int, session: ReadSession, actor: Reader) -> Response:
    """Return every figure of the comparison as CSV."""
    paper = _paper(session, number, language_of(request, actor))
    return _file(csv_bytes(paper), f"edition-{number}.csv", "text/csv; charset=utf-8")


def _paper(session: Session, number: int, language: str) -> Paper:
    edition, forecast = queries.get(session, number), queries.forecast_of(session, number)
    if edition is None or forecast is None or forecast.result is None:
        raise NotFoundError("forecast", str(number))
    compared = queries.of_hash(session, forecast.result["before"].get("hash", "")) or edition
    before, after = queries.rulebook_of(compared), queries.rulebook_of(edition)
    names = {
        name: texts.translate(language, subject_key(name)) for name in forecast.result["by_subject"]
    }
    return Paper(
        figures=forecast.result,
        changes=describe_changes(before.edition, after.edition, language),
        basis=forecast.basis,
        made_at=forecast.finished_at or edition.created_at,
        lang=language,
        subject_names=names,
    )


def _file(content: bytes, name: str, media_type: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=media_type, headers=headers)
