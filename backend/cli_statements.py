"""`calanque statements`: a month's statements of every merchant, as files."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from backend.jobs import statement_files
from backend.kernel.clock import SystemClock
from backend.settings import Settings
from backend.workflows import make_statement


def write_statements(
    month: Annotated[
        datetime, typer.Argument(formats=["%Y-%m"], help="For example 2026-11; over already.")
    ],
    folder: Annotated[Path, typer.Option(help="Where the files go; made when missing.")] = Path(
        "var/statements"
    ),
    language: Annotated[str, typer.Option(help="fr or en.")] = "fr",
    processes: Annotated[int, typer.Option(min=1, help="Side by side; one per core.")] = 2,
    env_file: Annotated[
        Path | None, typer.Option(help="Settings file; the demo writes var/demo/calanque.env.")
    ] = None,
) -> None:
    """Write PDF and CSV of every merchant for a month; what is there already is not made again."""
    settings = Settings(_env_file=env_file) if env_file is not None else Settings()
    first = month.date().replace(day=1)
    if language not in ("fr", "en") or not _is_over(first):
        typer.echo("The month must be over, and the language fr or en.", err=True)
        raise typer.Exit(2)
    folder.mkdir(parents=True, exist_ok=True)
    job = statement_files.Job(
        settings.database_url, folder, first, settings.rate_micro_cents_per_unit, language
    )
    count = sum(statement_files.write_all(job, processes=processes))
    typer.echo(f"{count} statements of {first:%Y-%m} were written to {folder}.")


def _is_over(first: date) -> bool:
    end = make_statement.bounds(*make_statement.month_of(first))[1]
    return end <= SystemClock().now()
