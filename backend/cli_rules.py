"""`calanque rules …`: validate, import, replay, explain and simulate rulebooks from a shell."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from backend.kernel.errors import EcoError
from backend.rulebook import engine
from backend.rulebook.act_facts import act_from_facts
from backend.rulebook.adapters.carpool import import_campaign, read_json
from backend.rulebook.adapters.carpool_cases import CaseResult
from backend.rulebook.adapters.carpool_cases import replay as replay_cases
from backend.rulebook.document import to_yaml
from backend.rulebook.schema.examples import json_schema

EXIT_DIFFERENT = 1
EXIT_INVALID = 2

app = typer.Typer(help="Work with rulebooks.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False)]
Output = Annotated[
    Path | None, typer.Option("-o", "--output", help="Where to write; standard output if absent.")
]


@app.command()
def validate(file: File) -> None:
    """Check a rulebook; every problem with its path and a valid example."""
    with _problems_shown():
        rulebook = engine.load(file.read_bytes())
        typer.echo(f"valid: {rulebook.id}, {len(rulebook.edition.rules)} rules")
        typer.echo(f"hash: {engine.document_hash(rulebook)}")
        for problem in rulebook.publication_problems():
            typer.echo(f"cannot be published: {problem.problem}")


@app.command("import-campaign")
def import_carpool_campaign(campaign: File, output: Output = None) -> None:
    """Translate a campaign of the French carpool register into a rulebook that replays it."""
    with _problems_shown():
        text = to_yaml(import_campaign(campaign.read_bytes()))
        if output is None:
            typer.echo(text, nl=False)
        else:
            output.write_text(text, encoding="utf-8")


@app.command()
def replay(rulebook: File, cases: File) -> None:
    """Replay recorded cases; exit 1 on any difference."""
    with _problems_shown():
        results = replay_cases(engine.load(rulebook.read_bytes()), cases.read_bytes())
    for result in results:
        _show_case(result)
    different = sum(1 for result in results if result.differences)
    trips = sum(len(result.got) for result in results)
    typer.echo(f"{len(results)} cases, {trips} trips, {different} cases with differences")
    if different:
        raise typer.Exit(EXIT_DIFFERENT)


@app.command()
def explain(
    rulebook: File,
    act: File,
    counters: Annotated[
        Path | None, typer.Option(help="JSON object: counter key to value before the act.")
    ] = None,
    lang: Annotated[str, typer.Option(help="fr or en.")] = "fr",
) -> None:
    """Say in words what an act (one JSON object) earns and why."""
    with _problems_shown():
        book = engine.load(rulebook.read_bytes())
        one = act_from_facts(_object(act))
        values = {} if counters is None else _object(counters)
        result = engine.evaluate(one, book, values)
    for sentence in engine.explain(result.lines, lang):
        typer.echo(sentence)


@app.command()
def schema() -> None:
    """Print the JSON Schema of the language."""
    typer.echo(json.dumps(json_schema(), indent=1, ensure_ascii=False))


def _show_case(result: CaseResult) -> None:
    verdict = "different" if result.differences else "ok"
    typer.echo(f"case {result.n} ({result.topic}): {verdict}")
    typer.echo(f"  expected {list(result.expected)}")
    typer.echo(f"  got      {list(result.got)}")
    if result.note:
        typer.echo(f"  note: {result.note}")
    for difference in result.differences:
        typer.echo(f"  {difference}")


def _object(path: Path) -> Mapping[str, Any]:
    value = read_json(path.read_bytes())
    if not isinstance(value, Mapping):
        raise typer.BadParameter(f"{path} holds no JSON object")
    return value


@contextmanager
def _problems_shown() -> Iterator[None]:
    try:
        yield
    except EcoError as error:
        typer.echo(error.message, err=True)
        for item in getattr(error, "errors", ()):
            typer.echo(f"  {item['path']}: {item['problem']}", err=True)
            typer.echo(f"    for example {item['example']}", err=True)
        raise typer.Exit(EXIT_INVALID) from error
