"""`calanque device …`: terminals as processes of their own, for the street, the demo and load."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backend.cards.rules import secret_in
from backend.devices.contents import SENSOR_EVENTS
from backend.kernel.clock import SystemClock
from backend.kernel.errors import EcoError, UnavailableError
from backend.kiosk import load
from backend.kiosk.agents import Agents
from backend.kiosk.app import create_app
from backend.kiosk.errors import NotEnrolledError, ServerRefusedError
from backend.kiosk.link import HTTPLink
from backend.kiosk.screen import DropGate
from backend.kiosk.store import Store
from backend.kiosk.terminal import Seen, Terminal, Trip, open_terminal

SOFTWARE = "calanque-terminal 0.1.0"

app = typer.Typer(
    help="Play a kiosk, a bin, a counter, a sensor or a transport operator.", no_args_is_help=True
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
    """Sign deposits as a connected bin, or at a counter for people with a phone."""
    terminal = _open(folder, server, code, kinds=("bin", "counter"))
    if material is None:
        _serve(terminal, port)
        return
    with _known(f"{material} is no known material"):
        typer.echo(terminal.deposit(material=material, count=count, mass_g=mass_g))


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
    with _known(f"{mode} is no known mode"):
        typer.echo(terminal.ticket(Trip(mode, distance_m, duration_min * 60)))


@app.command()
def counter(
    folder: Folder,
    server: Server = _SERVER,
    code: Code = None,
    port: Port = 0,
    card: Annotated[
        str | None, typer.Option(help="Sign one deposit for this card, send it and end.")
    ] = None,
    material: Annotated[str, typer.Option(help="What was brought.")] = "glass",
    count: Annotated[int, typer.Option(min=0, max=1000, help="Items.")] = 1,
    mass_g: Annotated[int, typer.Option(min=0, max=1_000_000, help="Mass in grams.")] = 0,
    agent: Annotated[int, typer.Option(min=1, max=9999, help="Who saw it.")] = 1,
) -> None:
    """Serve an agent's counter: PIN, card, deposit. Works offline and sends later."""
    terminal = _open(folder, server, code, kinds=("counter",))
    if card is None:
        _serve(terminal, port, agents=Agents(folder))
        return
    secret = secret_in(card)
    if secret is None:
        raise typer.BadParameter("this is no Calanque card", param_hint="--card")
    _deliver(terminal, terminal.attend(secret, Seen(material, count, mass_g, agent)))


@app.command("agent")
def manage_agent(
    folder: Folder,
    number: Annotated[int, typer.Option(min=1, max=9999, help="Number of the agent.")],
    remove: Annotated[bool, typer.Option("--remove", help="Take the agent off.")] = False,
    pin: Annotated[
        str | None, typer.Option(help="4 to 8 digits; asked for when it is left out.")
    ] = None,
) -> None:
    """Add an agent to a counter, change a PIN, or take an agent off."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    agents = Agents(folder)
    with _said():
        if remove:
            agents.remove(number)
        else:
            agents.put(number, pin or typer.prompt("PIN", hide_input=True))
    typer.echo(f"Agents of this counter: {', '.join(map(str, agents.numbers())) or 'none'}")


@app.command()
def sensor(
    folder: Folder,
    server: Server = _SERVER,
    code: Code = None,
    event: Annotated[str, typer.Option(help="lid, fill or weight.")] = "lid",
    value: Annotated[int, typer.Option(min=1, max=1_000_000, help="Times, litres or grams.")] = 1,
) -> None:
    """Sign what a container's sensor felt and send it; unsent messages go along."""
    terminal = _open(folder, server, code, kinds=("sensor",))
    if event not in SENSOR_EVENTS:
        raise typer.BadParameter(f"{event} is none of {', '.join(SENSOR_EVENTS)}")
    _deliver(terminal, terminal.feel(event=event, value=value))


@app.command("item")
def take_back(
    folder: Folder,
    serial: Annotated[str, typer.Option(help="Serial number of the object.")],
    server: Server = _SERVER,
    code: Code = None,
    material: Annotated[str, typer.Option(help="Its material.")] = "glass",
) -> None:
    """Sign that a bin or counter took back an object with a serial number; print the link."""
    terminal = _open(folder, server, code, kinds=("bin", "counter"))
    with _said(), _known(f"{material} is no known material"):
        typer.echo(terminal.take_back(material=material, serial=serial))


@app.command("load")
def put_under_load(
    folder: Folder,
    server: Server = _SERVER,
    codes: Annotated[
        Path | None, typer.Option(help="One-time codes of bins, one a line; the first time only.")
    ] = None,
    rate: Annotated[int, typer.Option(min=1, max=10_000, help="Deposits a second, all bins.")] = 10,
    seconds: Annotated[int, typer.Option(min=1, max=86_400, help="How long.")] = 30,
) -> None:
    """Let many bins and phones deposit at once; print answers and waits. Bins: FOLDER/1, 2, …."""
    written = codes.read_text().split() if codes is not None else []
    places: dict[Path, str | None] = dict.fromkeys(sorted(folder.glob("[0-9]*")))
    places |= {folder / str(number): code for number, code in enumerate(written, start=1)}
    if not places:
        raise typer.BadParameter("no bin is enrolled there; give --codes", param_hint="--folder")
    bins = [_open(place, server, code, kinds=("bin",)) for place, code in places.items()]
    with _said():
        scans = load.play(bins, server, rate_per_s=rate, duration_s=seconds)
    for line in load.figures(scans, duration_s=seconds):
        typer.echo(line)


@app.command()
def rotate(folder: Folder, server: Server = _SERVER) -> None:
    """Give the device a new key; codes made before stay good inside their window."""
    with _said():
        store = Store(folder)
        identity = store.identity()
        if identity is None:
            raise NotEnrolledError
        _show_next_key(store, server, identity.number)
    typer.echo(f"Device {identity.number} has a new key.")


def _show_next_key(store: Store, server: str, number: int) -> None:
    """Let the next key follow, also where a crash came between the server and the disk."""
    former, following = store.key(), store.next_key()
    try:
        _link(server, former).rotate(number, _public(following))
    except ServerRefusedError:
        # Then the server knows the next key already, and only that one can say so.
        _link(server, following).rotate(number, _public(following))
    store.take_next_key()


def _link(server: str, key: Ed25519PrivateKey) -> HTTPLink:
    return HTTPLink(server, key, clock=SystemClock(), software=SOFTWARE)


def _public(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes_raw().hex()


@contextmanager
def _said() -> Iterator[None]:
    """Say an error in its one sentence and end with 1."""
    try:
        yield
    except EcoError as error:
        typer.echo(error.message, err=True)
        raise typer.Exit(1) from error


@contextmanager
def _known(otherwise: str) -> Iterator[None]:
    """Blame the option when a word is on none of the lists of codes."""
    try:
        yield
    except KeyError as error:
        raise typer.BadParameter(otherwise) from error


def _deliver(terminal: Terminal, token: str) -> None:
    """Send what waits and say what became of a message; it stays on disk without the server."""
    try:
        terminal.deliver()
    except UnavailableError:
        typer.echo("The server does not answer: kept, it goes along with the next one.")
        raise typer.Exit(0) from None
    except EcoError as error:
        typer.echo(error.message, err=True)
        raise typer.Exit(1) from error
    sent = terminal.outbox.answer(token)
    state = sent.state if sent is not None else "waiting"
    typer.echo(f"{state}{': ' + sent.detail if sent is not None and sent.detail else ''}")


def _open(
    folder: Path,
    server: str,
    code: str | None,
    *,
    kinds: tuple[str, ...],
    gate: DropGate | None = None,
) -> Terminal:
    with _said():
        store = Store(folder)
        key = store.key()
        terminal = open_terminal(store, _link(server, key), key=key, enrolment_code=code, gate=gate)
    if terminal.identity.kind not in kinds:
        typer.echo(f"{folder} belongs to a {terminal.identity.kind}.", err=True)
        raise typer.Exit(1)
    return terminal


def _serve(terminal: Terminal, port: int, *, agents: Agents | None = None) -> None:
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
        config = uvicorn.Config(
            create_app(terminal, agents), log_level="warning", server_header=False
        )
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    app()
