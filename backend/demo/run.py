"""`calanque demo`: start, play, stay."""

import signal
import threading
from pathlib import Path

from backend.demo import journey, merchant_day, opening, seed, stack
from backend.demo.console import Story
from backend.demo.processes import DemoError, port_or_fail
from backend.kernel.errors import EcoError


def run(*, folder: Path, web_port: int, database_url: str | None, is_once: bool) -> int:
    """Run the demo.

    Args:
        is_once: End after the journey instead of staying up.
    Returns:
        0 when every step was verified, 1 otherwise.
    """
    story = Story()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: _interrupt(stop))
    running: stack.Stack | None = None
    try:
        story.chapter("Calanque: the whole system on this machine")
        port_or_fail(web_port, "the web server")
        running = stack.start(folder, web_port=web_port, database_url=database_url, story=story)
        journey.play(running, story)
        story.plain("\n[bold green]Every step was verified in database and chain.[/]")
        if not is_once:
            _stay(running, story, stop)
    except (DemoError, EcoError) as error:
        story.failure(str(error))
        return 1
    except KeyboardInterrupt:
        story.plain("\nStopping …")
        return 0 if not is_once else 130
    finally:
        if running is not None:
            running.children.stop()
    return 0


def _interrupt(stop: threading.Event) -> None:
    stop.set()
    raise KeyboardInterrupt


def _stay(running: stack.Stack, story: Story, stop: threading.Event) -> None:
    url = running.settings.public_url
    story.chapter("It stays up; Ctrl-C stops it")
    story.plain(f"  Citizens            {url}/")
    story.plain(f"  The kiosk's screen  {running.kiosk_url}")
    story.plain(f"  Till                {url}/caisse")
    story.plain(f"  Administration      {url}/admin")
    story.plain(f"  Mailbox             {url}/boite-mail   (one-time codes arrive here)")
    story.plain("\n  Sign in with one of these addresses:")
    for email, name, role in seed.STAFF:
        story.plain(f"    {email:<40} {name}, {role}")
    for name, _, email in seed.SHOPS:
        story.plain(f"    {email:<40} {name}, merchant")
    name, _, email = seed.ASSOCIATION
    story.plain(f"    {email:<40} {name}, association")
    for name, email in ((opening.SHOP, opening.OWNER), ("Yanis", merchant_day.CITIZEN)):
        story.plain(f"    {email:<40} {name}")
    story.plain(f"    {'nadia@demo.calanque.example':<40} Nadia, citizen")
    while not stop.wait(0.5):
        running.children.check()
