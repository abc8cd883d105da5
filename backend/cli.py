"""The console script `calanque`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from backend import cli_device, cli_mobility, cli_rules
from backend.db.migrate import migrate
from backend.demo.run import run
from backend.jobs.doctor import examine
from backend.jobs.reconcile import reconcile
from backend.jobs.runner import connect
from backend.kernel.errors import EcoError
from backend.settings import Settings

app = typer.Typer(
    help="Calanque: eco-citizen rewards of Aix-Marseille-Provence.", no_args_is_help=True
)
app.add_typer(cli_device.app, name="device")
app.add_typer(cli_rules.app, name="rules")
app.add_typer(cli_mobility.app, name="mobility")


@app.command()
def demo(
    once: Annotated[bool, typer.Option(help="End after the journey.")] = False,
    port: Annotated[int, typer.Option(help="Port of the web server on 127.0.0.1.")] = 8000,
    folder: Annotated[Path, typer.Option(help="Emptied at start; holds everything.")] = Path(
        "var/demo"
    ),
) -> None:
    """Start the whole system, play one journey through it, and stay up."""
    database_url = os.environ.get("DATABASE_URL")
    raise typer.Exit(
        run(folder=folder.resolve(), web_port=port, database_url=database_url, is_once=once)
    )


EnvFile = Annotated[
    Path | None, typer.Option(help="Settings file; the demo writes var/demo/calanque.env.")
]


@app.command()
def doctor(env_file: EnvFile = None) -> None:
    """Check tools, database, node, wallet services, deployment and clock; say what is wrong."""
    is_well = True
    for finding in examine(_settings(env_file)):
        is_well = is_well and finding.is_well
        mark = typer.style("✓", fg="green") if finding.is_well else typer.style("✗", fg="red")
        typer.echo(f"{mark} {finding.what:<15} {finding.detail}")
    raise typer.Exit(0 if is_well else 1)


@app.command("migrate")
def migrate_database(env_file: EnvFile = None) -> None:
    """Bring the database to the newest schema."""
    settings = _settings(env_file)
    migrate(settings.database_url)
    typer.echo("The database has the newest schema.")


@app.command("reconcile")
def reconcile_books(env_file: EnvFile = None) -> None:
    """Compare ledger, running balances and chain; exit 1 when they differ."""
    try:
        context = connect(_settings(env_file))
        report = reconcile(context)
    except EcoError as error:
        typer.echo(error.message, err=True)
        raise typer.Exit(1) from error
    for row in report.differences:
        typer.echo(f"{row.what}: ledger {row.ledger_units}, chain {row.chain_units}")
    typer.echo(f"{report.checked} comparisons, {len(report.differences)} differences")
    raise typer.Exit(1 if report.differences else 0)


def _settings(env_file: Path | None) -> Settings:
    if env_file is None:
        return Settings()
    return Settings(_env_file=env_file)


def main() -> None:
    """Run the command line."""
    app()
