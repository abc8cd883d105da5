"""`calanque rules …`: validate, import, replay, explain and simulate rulebooks from a shell."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from backend.kernel.clock import SystemClock
from backend.kernel.errors import EcoError, InvalidInputError
from backend.kernel.units import points_text
from backend.rulebook import engine, lab
from backend.rulebook.act_facts import act_from_facts
from backend.rulebook.adapters.carpool import CAMPAIGN_SCHEMA, import_with_remarks, read_json
from backend.rulebook.adapters.carpool_cases import CaseResult
from backend.rulebook.adapters.carpool_cases import replay as replay_cases
from backend.rulebook.adapters.carpool_conditions import name_of
from backend.rulebook.council.figures import DISTRICT_LEVEL, Places, comparison_figures
from backend.rulebook.council.paper import Paper, csv_bytes, pdf_bytes
from backend.rulebook.diff import describe_changes
from backend.rulebook.document import to_yaml
from backend.rulebook.errors import CampaignUnsupportedError
from backend.rulebook.schema.examples import json_schema
from backend.rulebook.simulation.files import read_acts
from backend.rulebook.simulation.table import ActTable, place_codes

EXIT_DIFFERENT = 1
EXIT_INVALID = 2

EXPLAINED_ACTS = 300_000
"""Explaining an act needs every act before it, one by one: about 10 s for this many."""

EXPLAINED_EXAMPLES = 5
"""Acts that a report explains under both rulebooks."""

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
def import_carpool_campaign(
    campaign: File,
    output: Output = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse a field that the format does not document.")
    ] = False,
) -> None:
    """Translate a campaign of the French carpool register into a rulebook that replays it."""
    with _problems_shown():
        edition, unknown = import_with_remarks(campaign.read_bytes())
        for path in unknown:
            typer.echo(f"left out: {path} is no field of {CAMPAIGN_SCHEMA}", err=True)
        if unknown and strict:
            raise CampaignUnsupportedError(unknown[0], "no field of the documented format")
        _write(to_yaml(edition).encode(), output)


@app.command()
def replay(rulebook: File, cases: File) -> None:
    """Replay recorded cases; exit 1 on any difference."""
    with _problems_shown():
        book = engine.load(rulebook.read_bytes())
        results = replay_cases(book, cases.read_bytes())
    campaign = results[0].campaign if results else ""
    if campaign and name_of(campaign) != book.id:
        typer.echo(f"these are cases of {campaign}, the rulebook is {book.id}", err=True)
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
def simulate(
    rulebook: File,
    acts: File,
    *,
    against: Annotated[
        Path | None, typer.Option(help="A second rulebook: who gains and who loses under it.")
    ] = None,
    level: Annotated[str, typer.Option(help="Level of places for gains and losses.")] = "commune",
    explain_top: Annotated[
        int, typer.Option(min=0, max=20, help="Largest differences to explain in words.")
    ] = 3,
    lang: Annotated[str, typer.Option(help="fr or en.")] = "fr",
    pdf: Annotated[
        Path | None, typer.Option(help="Write the report for a council vote; needs --against.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(help="Write every figure as CSV; needs --against.")
    ] = None,
) -> None:
    """Cost of acts (Parquet or JSON lines) under a rulebook, alone or beside another."""
    if (pdf or csv) and against is None:
        raise typer.BadParameter("--pdf and --csv compare two rulebooks: name the other --against")
    with _problems_shown():
        first = engine.load(rulebook.read_bytes())
        table = read_acts(acts)
        if against is None:
            _show_summary(lab.run(first, table)[1], lang)
            return
        second = engine.load(against.read_bytes())
        found = lab.compare(first, second, table, levels=(level,))
        _show_comparison(found, level, lang)
        for row, units in found.top_rows:
            typer.echo(f"act {row + 1}: {points_text(units, lang=lang)} points")
        if pdf or csv:
            _write_papers(first, second, table, (level, lang), (pdf, csv))
        near = [row for row, _ in found.top_rows if row < EXPLAINED_ACTS]
        rows = near[:explain_top]
        for book in (first, second):
            for row, result in lab.explain_rows(book, table, rows).items():
                typer.echo(f"\nact {row + 1} under {book.id}")
                for sentence in engine.explain(result.lines, lang):
                    typer.echo(f"  {sentence}")


@app.command()
def diff(
    before: File,
    after: File,
    lang: Annotated[str, typer.Option(help="fr or en.")] = "fr",
) -> None:
    """Say in words what changes from one rulebook to another."""
    with _problems_shown():
        first, second = engine.load(before.read_bytes()), engine.load(after.read_bytes())
    for sentence in describe_changes(first.edition, second.edition, lang):
        typer.echo(sentence)


@app.command()
def schema() -> None:
    """Print the JSON Schema of the language."""
    typer.echo(json.dumps(json_schema(), indent=1, ensure_ascii=False))


def _write_papers(
    first: engine.Rulebook,
    second: engine.Rulebook,
    table: ActTable,
    said: tuple[str, str],
    files: tuple[Path | None, Path | None],
) -> None:
    level, lang = said
    top = EXPLAINED_EXAMPLES if len(table) <= EXPLAINED_ACTS else 0
    districts = place_codes(table, DISTRICT_LEVEL)
    places = Places(level, district_names={code: code for code in districts})
    paper = Paper(
        comparison_figures(first, second, table, places=places, top=top),
        describe_changes(first.edition, second.edition, lang),
        basis="file",
        made_at=SystemClock().now(),
        lang=lang,
    )
    pdf, csv = files
    if pdf is not None:
        _write(pdf_bytes(paper), pdf)
    if csv is not None:
        _write(csv_bytes(paper), csv)


def _show_case(result: CaseResult) -> None:
    verdict = "different" if result.differences else "ok"
    typer.echo(f"case {result.n} ({result.topic}): {verdict}")
    typer.echo(f"  expected {list(result.expected)}")
    typer.echo(f"  got      {list(result.got)}")
    if result.note:
        typer.echo(f"  note: {result.note}")
    for difference in result.differences:
        typer.echo(f"  {difference}")


def _show_summary(summary: lab.Summary, lang: str) -> None:
    typer.echo(f"{summary.edition}: {_cost(summary.total, lang)}")
    for title, groups in (
        ("month", summary.by_month),
        ("subject", summary.by_subject),
        ("rule", summary.by_rule),
    ):
        typer.echo(f"by {title}")
        for name, cost in groups.items():
            typer.echo(f"  {name}: {_cost(cost, lang)}")
    for budget in summary.budgets:
        end = budget.exhausted_at.isoformat() if budget.exhausted_at else "not exhausted"
        spent = points_text(budget.spent_units, lang=lang)
        typer.echo(
            f"budget {budget.budget}: {spent} of "
            f"{points_text(budget.max_units, lang=lang)} points, {end}"
        )


def _cost(cost: lab.Cost, lang: str) -> str:
    points = points_text(cost.units, lang=lang)
    return f"{points} points, {cost.paid_acts} of {cost.acts} acts paid"


def _show_comparison(found: lab.Comparison, level: str, lang: str) -> None:
    _show_summary(found.before, lang)
    typer.echo("")
    _show_summary(found.after, lang)
    typer.echo(
        f"\npeople: {found.people_gaining} gain, {found.people_losing} lose, "
        f"{found.people_same} unchanged"
    )
    for title, groups in (
        ("month", found.by_month),
        (level, found.by_level[level]),
        ("subject", found.by_subject),
    ):
        typer.echo(f"by {title}")
        for name, change in groups.items():
            typer.echo(
                f"  {name}: {points_text(change.before_units, lang=lang)} → "
                f"{points_text(change.after_units, lang=lang)} points, "
                f"{change.gaining} gain, {change.losing} lose"
            )


def _write(content: bytes, output: Path | None) -> None:
    if output is None:
        typer.echo(content, nl=False)
        return
    try:
        output.write_bytes(content)
    except OSError as problem:
        raise InvalidInputError(
            "output_unwritable", f"{output} cannot be written: {problem.strerror}."
        ) from problem


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
