"""`calanque territory …`: import drop-off points and priority districts, with a report per line."""

from collections import Counter
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import Session

from backend.db.engine import Database
from backend.devices.codes import MATERIALS
from backend.kernel.clock import SystemClock
from backend.kernel.errors import EcoError
from backend.settings import Settings
from backend.territory import queries, service
from backend.territory.geo import position_of
from backend.territory.models import PRIORITY_DISTRICT
from backend.territory.service import LineReport
from backend.territory.sources import points, zones

app = typer.Typer(
    help="Import drop-off points and priority districts; nothing changes without --apply.",
    no_args_is_help=True,
)

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="UTF-8 text.")]
Apply = Annotated[bool, typer.Option("--apply", help="Store it; without it nothing changes.")]
EnvFile = Annotated[
    Path | None, typer.Option(help="Settings file; the demo writes var/demo/calanque.env.")
]


class PointFormat(StrEnum):
    """How a list of drop-off points is written."""

    CSV = "csv"
    OPENDATASOFT = "opendatasoft"


@app.command("import-points")
def import_points(
    file: File,
    format: Annotated[  # noqa: A002 - the name of the option
        PointFormat, typer.Option(help="csv (ours) or opendatasoft (the metropolis' export).")
    ] = PointFormat.OPENDATASOFT,
    apply: Apply = False,
    env_file: EnvFile = None,
) -> None:
    """Import drop-off points; prints what becomes of each line."""

    def run(session: Session) -> Sequence[LineReport]:
        text = file.read_text(encoding="utf-8")
        if format == PointFormat.CSV:
            lines = points.read_csv(text, known_materials=MATERIALS)
        else:
            lines = points.read_opendatasoft(text)
        return service.import_points(
            session, lines, source=format.value, is_dry_run=not apply, at=SystemClock().now()
        )

    _report(env_file, run, is_applied=apply)


@app.command("import-districts")
def import_districts(
    file: File,
    source: Annotated[
        str, typer.Option(help="Publisher, edition and licence, kept with each district.")
    ] = "ANCT, quartiers prioritaires 2024, Licence Ouverte 2.0",
    apply: Apply = False,
    env_file: EnvFile = None,
) -> None:
    """Import priority districts (GeoJSON, WGS 84); prints what becomes of each feature."""

    def run(session: Session) -> Sequence[LineReport]:
        lines = zones.read(file.read_text(encoding="utf-8"))
        return service.import_zones(
            session, lines, kind=PRIORITY_DISTRICT, source=source, is_dry_run=not apply
        )

    _report(env_file, run, is_applied=apply)


@app.command("district")
def district(
    latitude: Annotated[str, typer.Argument(help="Decimal degrees, for example 43.3301.")],
    longitude: Annotated[str, typer.Argument(help="Decimal degrees.")],
    env_file: EnvFile = None,
) -> None:
    """Say which commune and which priority district hold a position."""
    try:
        position = position_of(latitude, longitude)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    with _database(env_file).reading() as session:
        area = queries.commune_index(session).code_near(position)
        commune = queries.commune(session, area) if area else None
        code = queries.district_at(session, position)
        zone = queries.zone(session, code) if code else None
        typer.echo(f"commune: {commune.name} ({area})" if commune else "outside of the territory")
        typer.echo(f"district: {zone.name} ({code})" if zone else "in no priority district")


def _report(
    env_file: Path | None, run: Callable[[Session], Sequence[LineReport]], *, is_applied: bool
) -> None:
    try:
        with _database(env_file).transaction() as session:
            reports = run(session)
    except (EcoError, UnicodeDecodeError) as error:
        typer.echo(error.message if isinstance(error, EcoError) else "It is not UTF-8.", err=True)
        raise typer.Exit(1) from error
    for report in reports:
        numbers = ",".join(str(number) for number in report.numbers)
        words = "; ".join(report.problems) or report.commune_code or ""
        typer.echo(f"{numbers:>7}  {report.action:<9}  {report.name}  {words}".rstrip())
    counts = Counter(report.action for report in reports)
    told = ", ".join(f"{count} {action}" for action, count in sorted(counts.items()))
    ending = "Stored." if is_applied else "Dry run: nothing was changed; add --apply to store it."
    typer.echo(f"{told}. {ending}")


def _database(env_file: Path | None) -> Database:
    settings = Settings() if env_file is None else Settings(_env_file=env_file)
    return Database(settings.database_url)
