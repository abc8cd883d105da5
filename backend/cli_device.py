"""`calanque device …`: terminals as processes of their own, for the street, the demo and load."""

import socket
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from backend.kernel.clock import SystemClock
from backend.kernel.errors import EcoError
from backend.kiosk.app import create_app
from backend.kiosk.link import HTTPLink
from backend.kiosk.screen import DropGate
from backend.kiosk.store import Store
from backend.kiosk.terminal import Terminal, Trip, open_terminal

SOFTWARE = "calanque-terminal 0.1.0"

app = typer.Typer(
    help="Play a kiosk, a bin, a counter or a transport operator.", no_args_is_help=True
)

Server = Annotated[str, typer.Option(help="Base URL of the API.")]
Folder = Annotated[Path, typer.Option(help="Where the terminal keeps its key and counter.")]
Code = Annotated[
    str | None, typer.Option(help="One-time enrolment code; needed the first time only.")
]
Port = Annotated[int, typer.Option(help="Port of its screen on 127.0.0.1; 0 takes a free one.")]

_SERVER = "http://127.0.0.1:8000"


@app.command()
def kiosk(
    folder: Folder,
    server: Server = _SERVER,
    code: Code = None,
    port: Port = 0,
    drop_gate: Annotated[
        bool,
        typer.Option(help="Show a code only after an object fell (POST /chute on its own page)."),
    ] = False,
) -> None:
    """Show a kiosk's rotating QR code on this machine."""
    gate = DropGate() if drop_gate else None
    _serve(_open(folder, server, code, kinds=("kiosk",), gate=gate), port)


@app.command("bin")
def connected_bin(
    folder: Folder,
    server: Server = _SERVER,
    code: Code = None,
    port: Port = 0,
    material: Annotated[
        str | None, typer.Option(help="Sign one deposit of it, print its link and end.")
    ] = None,
    count: Annotated[int, typer.Option(min=0, max=1000, help="Items.")] = 1,
    mass_g: Annotated[int, typer.Option(min=0, max=1_000_000, help="Mass in grams.")] = 300,
) -> None:
    """Sign deposits as a connected bin or a counter's post."""
    terminal = _open(folder, server, code, kinds=("bin", "counter"))
    if material is None:
        _serve(terminal, port)
        return
    try:
        typer.echo(terminal.deposit(material=material, count=count, mass_g=mass_g))
    except KeyError as error:
        raise typer.BadParameter(f"{material} is no known material") from error


@app.command()
def operator(
    folder: Folder,
    server: Server = _SERVER,
    code: Code = None,
    port: Port = 0,
    mode: Annotated[
        str | None, typer.Option(help="Sign one ticket of this mode, print its link and end.")
    ] = None,
    distance_m: Annotated[int, typer.Option(min=1, max=1_000_000, help="Metres.")] = 4200,
    duration_min: Annotated[int, typer.Option(min=1, max=1440, help="Minutes.")] = 18,
) -> None:
    """Sign tickets as a transport operator."""
    terminal = _open(folder, server, code, kinds=("operator",))
    if mode is None:
        _serve(terminal, port)
        return
    try:
        typer.echo(terminal.ticket(Trip(mode, distance_m, duration_min * 60)))
    except KeyError as error:
        raise typer.BadParameter(f"{mode} is no known mode") from error


def _open(
    folder: Path,
    server: str,
    code: str | None,
    *,
    kinds: tuple[str, ...],
    gate: DropGate | None = None,
) -> Terminal:
    try:
        store = Store(folder)
        key = store.key()
        link = HTTPLink(server, key, clock=SystemClock(), software=SOFTWARE)
        terminal = open_terminal(store, link, key=key, enrolment_code=code, gate=gate)
    except EcoError as error:
        typer.echo(error.message, err=True)
        raise typer.Exit(1) from error
    if terminal.identity.kind not in kinds:
        typer.echo(f"{folder} belongs to a {terminal.identity.kind}.", err=True)
        raise typer.Exit(1)
    return terminal


def _serve(terminal: Terminal, port: int) -> None:
    """Serve the screen on loopback; the first line of output tells its address."""
    with socket.socket() as listener:
        # A restart must not wait for the former socket to fade.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as error:
            typer.echo(f"Port {port} is in use; choose another one with --port.", err=True)
            raise typer.Exit(1) from error
        typer.echo(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        config = uvicorn.Config(create_app(terminal), log_level="warning", server_header=False)
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    app()
