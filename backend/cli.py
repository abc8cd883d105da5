"""The console script `calanque`."""

import os
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import Session

from backend import cli_device, cli_mobility, cli_rules, cli_statements, cli_territory
from backend.db import backup
from backend.db.engine import Database
from backend.db.migrate import migrate
from backend.demo.run import run
from backend.jobs.doctor import examine
from backend.jobs.reconcile import reconcile
from backend.jobs.return_salts import return_salts
from backend.jobs.runner import connect
from backend.kernel.clock import SystemClock
from backend.kernel.errors import EcoError
from backend.settings import Settings
from backend.workflows import list_orphans, restore

app = typer.Typer(
    help="Calanque: eco-citizen rewards of Aix-Marseille-Provence.", no_args_is_help=True
)
app.add_typer(cli_device.app, name="device")
app.add_typer(cli_rules.app, name="rules")
app.add_typer(cli_mobility.app, name="mobility")
app.add_typer(cli_territory.app, name="territory")
app.command("statements")(cli_statements.write_statements)


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


@app.command("backup")
def backup_database(
    path: Annotated[Path, typer.Argument(help="File to write, for example backup.zip.")],
    env_file: EnvFile = None,
) -> None:
    """Write the whole database into one file, in one snapshot, while the service runs."""
    database = Database(_settings(env_file).database_url)
    manifest = backup.write(database, path, taken_at=SystemClock().now())
    typer.echo(f"{sum(manifest.rows.values())} rows of {len(manifest.rows)} tables are in {path}.")


@app.command("restore")
def restore_database(
    path: Annotated[Path, typer.Argument(help="File that `calanque backup` wrote.")],
    env_file: EnvFile = None,
) -> None:
    """Load a backup into an empty database; the jobs scan the chain before they send again."""
    settings = _settings(env_file)
    migrate(settings.database_url)
    database = Database(settings.database_url)
    try:
        manifest = backup.read(path, database, before_commit=_mark)
    except EcoError as error:
        typer.echo(error.message, err=True)
        raise typer.Exit(1) from error
    typer.echo(
        f"{sum(manifest.rows.values())} rows of {manifest.taken_at:%Y-%m-%d %H:%M} UTC are back. "
        "Claims acknowledged after that are lost. Start the jobs: they scan the chain first."
    )


@app.command("orphans")
def print_orphans(env_file: EnvFile = None) -> None:
    """List what the chain holds and this database does not know, after a restore above all."""
    with Database(_settings(env_file).database_url).reading() as session:
        found = list_orphans.lines(session)
    typer.echo("\n".join(found))
    raise typer.Exit(1 if len(found) > 1 else 0)


@app.command("return-salts")
def return_account_salts(env_file: EnvFile = None) -> None:
    """After restoring an older wallet store: bring back the keys of accounts made since."""
    try:
        found = return_salts(connect(_settings(env_file)))
    except EcoError as error:
        typer.echo(error.message, err=True)
        raise typer.Exit(1) from error
    for address, reason in found.refused.items():
        typer.echo(f"{address}: {reason}", err=True)
    typer.echo(f"The wallet service has the keys of {found.count} addresses.")
    raise typer.Exit(1 if found.refused else 0)


def _mark(session: Session, manifest: backup.Manifest) -> None:
    restore.mark(session, backup_taken_at=manifest.taken_at, now=SystemClock().now())


def _settings(env_file: Path | None) -> Settings:
    if env_file is None:
        return Settings()
    return Settings(_env_file=env_file)


def main() -> None:
    """Run the command line."""
    app()
