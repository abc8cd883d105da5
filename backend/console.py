"""The console script `calanque`: imports only the part that the first word asks for.

The whole command line pulls in web server, chain client and jobs, which takes seconds; checking
a rulebook or a trace needs none of them.
"""

import sys
from importlib import import_module

PARTS = {
    "device": "backend.cli_device",
    "mobility": "backend.cli_mobility",
    "rules": "backend.cli_rules",
    "territory": "backend.cli_territory",
}
"""Groups of commands that live in a module of their own; `backend.cli` lists the same ones."""


def main() -> None:
    """Run the command line."""
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    if word in PARTS:
        import_module(PARTS[word]).app(args=sys.argv[2:], prog_name=f"calanque {word}")
    else:
        import_module("backend.cli").main()
