"""What the demo prints."""

import time

from rich.console import Console

from backend.kernel.units import points_text


class Story:
    """Prints steps in words, with their time.

    Args:
        console: Where to print.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, soft_wrap=True)
        self._started_s = time.monotonic()

    def chapter(self, title: str) -> None:
        """Announce a part."""
        self._console.print(f"\n[bold cyan]{title}[/]")

    def step(self, text: str) -> None:
        """Say that something was done."""
        elapsed_s = time.monotonic() - self._started_s
        self._console.print(f"  [green]✓[/] {text} [dim]({elapsed_s:.1f} s)[/]")

    def working(self, text: str) -> None:
        """Say that something begins that takes a moment."""
        self._console.print(f"  [dim]… {text}[/]")

    def detail(self, text: str) -> None:
        """Add a line below a step."""
        self._console.print(f"      [dim]{text}[/]")

    def balance(self, who: str, before_units: int, after_units: int) -> None:
        """Show a balance before and after."""
        self.detail(
            f"{who}: {points_text(before_units, lang='en')} → "
            f"{points_text(after_units, lang='en')} points"
        )

    def failure(self, text: str) -> None:
        """Say what went wrong."""
        self._console.print(f"  [bold red]✗[/] {text}")

    def plain(self, text: str = "") -> None:
        """Print a line as it is."""
        self._console.print(text)
