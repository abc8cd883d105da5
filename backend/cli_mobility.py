"""`calanque mobility …`: judge a trace, and judge the judge on labelled traces."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import httpx2
import typer

from backend.db.engine import Database
from backend.kernel.clock import SystemClock
from backend.kernel.errors import EcoError
from backend.mobility.errors import FeedInvalidError
from backend.mobility.fraud.fingerprint import fingerprint
from backend.mobility.parsing import MAX_BYTES, parse_trace
from backend.mobility.pipeline.cleaning import clean
from backend.mobility.report import verdict_json
from backend.mobility.scorecard import scorecard
from backend.mobility.verify import verify as verify_trace
from backend.settings import Settings
from backend.workflows import admit_validations, timetables, validation_files

EXIT_INVALID = 2
MAX_FEED_BYTES = 400_000_000
"""The largest feeds of whole regions are about 150 MB."""
DOWNLOAD_TIMEOUT_S = 60.0

app = typer.Typer(help="Judge traces of trips.", no_args_is_help=True)

TraceFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False)]


@app.command()
def verify(
    trace: TraceFile,
    earlier: Annotated[
        list[Path] | None,
        typer.Option("--earlier", exists=True, help="Earlier traces, to recognise copies."),
    ] = None,
) -> None:
    """Print verdict, level and legs of a trace (GPX, GeoJSON or JSON) as JSON."""
    now_t = SystemClock().now().timestamp()
    try:
        history = [
            fingerprint(clean(parse_trace(_read(path), now_t=now_t)).trace)
            for path in earlier or []
        ]
        verdict = verify_trace(
            parse_trace(_read(trace), now_t=now_t, name=trace.stem), history=history
        )
    except EcoError as error:
        problem = {
            "code": error.code,
            "message": error.message,
            "errors": error.facts.get("errors", []),
        }
        typer.echo(json.dumps({"error": problem}, indent=2, ensure_ascii=False), err=True)
        raise typer.Exit(EXIT_INVALID) from error
    typer.echo(json.dumps(verdict_json(verdict), indent=2, ensure_ascii=False))


@app.command()
def evaluate(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False)],
) -> None:
    """Print confusion, calibration and distance error on a folder of labelled traces as JSON."""
    try:
        card = scorecard(folder)
    except (EcoError, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_INVALID) from error
    typer.echo(json.dumps(card, indent=2))


@app.command("import-gtfs")
def import_gtfs(
    name: Annotated[str, typer.Argument(help="What to call the timetable, for example rtm.")],
    source: Annotated[
        str | None,
        typer.Argument(help="GTFS zip: a path or an https:// address; by default the setting's."),
    ] = None,
) -> None:
    """Put a timetable in use; the one of the same name goes."""
    settings = Settings()
    chosen = source or settings.gtfs_sources.get(name)
    if chosen is None:
        typer.echo(f"Say where {name} comes from, or add it to CALANQUE_GTFS_SOURCES.", err=True)
        raise typer.Exit(EXIT_INVALID)
    database = Database(settings.database_url)
    try:
        with _feed_file(chosen) as path:
            feed = timetables.read(path, name=name, now=SystemClock().now())
        with database.transaction() as session:
            is_new = timetables.put_in_use(session, feed)
    except (EcoError, OSError, httpx2.HTTPError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_INVALID) from error
    state = "in use" if is_new else "in use already"
    last = f", until {feed.valid_to}" if feed.valid_to else ""
    typer.echo(f"{name}: {feed.stops} stops, {feed.routes} lines, {feed.runs} runs{last}; {state}")


@app.command("import-validations")
def import_validations(
    file: TraceFile,
    operator: Annotated[int, typer.Option(help="Number of the operator among devices.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report, store nothing.")] = False,
) -> None:
    """Store an operator's ticket validations (CSV) and report on each line."""
    database = Database(Settings().database_url)
    try:
        rows = validation_files.read_csv(file.read_bytes())
        with database.transaction() as session:
            lines = admit_validations.admit(
                session, operator, rows, now=SystemClock().now(), is_dry_run=dry_run
            )
    except EcoError as error:
        typer.echo(error.message, err=True)
        raise typer.Exit(EXIT_INVALID) from error
    for line in lines:
        typer.echo("\t".join((str(line.number), line.serial, line.outcome, line.problem)))
    taken = sum(line.outcome == admit_validations.Outcome.TAKEN for line in lines)
    typer.echo(f"{taken} of {len(lines)} lines {'would be ' if dry_run else ''}taken", err=True)


@contextmanager
def _feed_file(source: str) -> Iterator[Path]:
    """Give the path of a feed; one behind an address is fetched into a temporary file first."""
    if not source.startswith(("https://", "http://")):
        yield Path(source)
        return
    with tempfile.NamedTemporaryFile(suffix=".zip") as file:
        stream = httpx2.stream("GET", source, follow_redirects=True, timeout=DOWNLOAD_TIMEOUT_S)
        with stream as answer:
            answer.raise_for_status()
            for part in answer.iter_bytes():
                file.write(part)
                if file.tell() > MAX_FEED_BYTES:
                    raise FeedInvalidError("too_large", "The feed is larger than any feed.")
        file.flush()
        yield Path(file.name)


def _read(path: Path) -> bytes:
    """Read no more than the parser would take, plus one byte so that it can refuse."""
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)
