"""`calanque mobility …`: judge a trace, and judge the judge on labelled traces."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from backend.kernel.clock import SystemClock
from backend.kernel.errors import EcoError
from backend.mobility.fraud.fingerprint import fingerprint
from backend.mobility.parsing import MAX_BYTES, parse_trace
from backend.mobility.pipeline.cleaning import clean
from backend.mobility.scorecard import scorecard
from backend.mobility.verify import TripVerdict
from backend.mobility.verify import verify as verify_trace

EXIT_INVALID = 2

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
        problem = {"code": error.code, "message": error.message, "errors": error.facts["errors"]}
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


def verdict_json(verdict: TripVerdict) -> dict[str, Any]:
    """Return a verdict as JSON-safe values; times are ISO 8601 in UTC."""
    return {
        "verdict": verdict.verdict,
        "proof_level": verdict.proof_level,
        "distance_m": verdict.distance_m,
        "proved_distance_m": verdict.proved_distance_m,
        "co2_avoided_g": verdict.co2_avoided_g,
        "factor_ids": list(verdict.factor_ids),
        "model": verdict.model,
        "legs": [
            {
                "mode": leg.mode,
                "probability": leg.probability,
                "distance_m": leg.distance_m,
                "started_at": leg.started_at.isoformat(),
                "ended_at": leg.ended_at.isoformat(),
                "start_t": leg.started_at.timestamp(),
                "end_t": leg.ended_at.timestamp(),
                "proof_level": leg.proof_level,
            }
            for leg in verdict.legs
        ],
        "reasons": [
            {
                "code": reason.code,
                "fr": reason.text("fr"),
                "en": reason.text("en"),
                "facts": dict(reason.facts),
            }
            for reason in verdict.reasons
        ],
    }


def _read(path: Path) -> bytes:
    """Read no more than the parser would take, plus one byte so that it can refuse."""
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)
