"""The console script `calanque`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from backend import cli_device, cli_mobility, cli_rules
from backend.demo.run import run

app = typer.Typer(
    help="Calanque: eco-citizen rewards of Aix-Marseille-Provence.", no_args_is_help=True
)
app.add_typer(cli_device.app, name="device")
app.add_typer(cli_rules.app, name="rules")
app.add_typer(cli_mobility.app, name="mobility")


@app.command()
def demo(
    once: Annotated[bool, typer.Option(help="End after the journey.")] = False,  # noqa: FBT002
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


def main() -> None:
    """Run the command line."""
    app()
