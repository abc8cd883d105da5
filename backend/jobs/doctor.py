"""`calanque doctor`: looks at everything the system needs and says what is wrong, one line each."""

import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from backend.actions import queries as action_queries
from backend.chain import deployment
from backend.chain.node import HTTPNode
from backend.db.engine import Database
from backend.db.migrate import current_revision, newest_revision
from backend.jobs.wallet_client import WalletClient
from backend.kernel.clock import SystemClock
from backend.kernel.errors import EcoError
from backend.settings import Settings

PYTHON_MIN = (3, 11)
CLOCK_TOLERANCE_S = 120
"""Slot codes live 30 s; a clock that is off by minutes refuses every scan."""


@dataclass(frozen=True)
class Finding:
    """What one look found."""

    what: str
    is_well: bool
    detail: str


class ProblemError(Exception):
    """A look found something wrong; the message says what to do."""


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything, one after the other; a failing look does not stop the next."""
    looks: dict[str, Callable[[Settings], str]] = {
        "tools": _tools,
        "database": _database,
        "deployment": _deployment,
        "chain node": _node,
        "wallet service": lambda s: _wallet(s.wallet_socket),
        "guardian": lambda s: _wallet(s.guardian_socket),
        "incarnation": _incarnation,
        "clock": _clock,
    }
    for what, look in looks.items():
        try:
            yield Finding(what, is_well=True, detail=look(settings))
        except (ProblemError, EcoError) as error:
            yield Finding(what, is_well=False, detail=str(error))


def _tools(_settings: Settings) -> str:
    if sys.version_info < PYTHON_MIN:
        raise ProblemError(f"Python {platform.python_version()} is too old; install 3.11 or newer.")
    missing = [name for name in ("node", "git") if shutil.which(name) is None]
    if missing:
        raise ProblemError(f"Not installed: {', '.join(missing)}.")
    return f"Python {platform.python_version()}, node and git are there"


def _database(settings: Settings) -> str:
    path = make_url(settings.database_url).database or ""
    if settings.database_url.startswith("sqlite") and not Path(path).exists():
        raise ProblemError(f"There is no database at {path} yet; run `calanque migrate`.")
    database = Database(settings.database_url)
    try:
        with database.engine.connect() as connection:
            found = current_revision(connection)
    except SQLAlchemyError as error:
        raise ProblemError(
            f"{_safe(settings)} cannot be opened ({type(error).__name__}); check DATABASE_URL."
        ) from error
    finally:
        database.dispose()
    newest = newest_revision()
    if found != newest:
        raise ProblemError(f"The schema is at {found}, not {newest}; run `calanque migrate`.")
    return f"{_safe(settings)} answers, schema {found}"


def _deployment(settings: Settings) -> str:
    found = deployment.load(settings.deployment_file)
    return (
        f"chain {found.chain_id}, {len(found.contracts)} contracts from block {found.block_number}"
    )


def _node(settings: Settings) -> str:
    node = HTTPNode(settings.node_url)
    found = deployment.load(settings.deployment_file)
    node.check(chain_id=found.chain_id, genesis_hash=found.genesis_hash)
    head = node.head()
    return f"{settings.node_url} serves the deployment's chain, block {head.number}"


def _wallet(socket: Path) -> str:
    if not socket.exists():
        raise ProblemError(f"No socket at {socket}; start `python -m wallet_service`.")
    client = WalletClient(socket)
    try:
        keys = client.keys()
    finally:
        client.close()
    return f"answers on {socket} with {len(keys)} service keys"


def _incarnation(settings: Settings) -> str:
    database = Database(settings.database_url)
    try:
        with database.reading() as session:
            number = action_queries.current_incarnation(session)
    except SQLAlchemyError as error:
        raise ProblemError("The database has no readable tables yet.") from error
    finally:
        database.dispose()
    if number is None:
        raise ProblemError("The chain has not handed one out yet; the jobs runner asks for it.")
    return f"claims carry incarnation {number}"


def _clock(settings: Settings) -> str:
    block_at = datetime.fromtimestamp(HTTPNode(settings.node_url).head().timestamp_s, UTC)
    off_s = abs((SystemClock().now() - block_at).total_seconds())
    if off_s > CLOCK_TOLERANCE_S:
        raise ProblemError(
            f"This clock and the newest block are {off_s:.0f} s apart: one of them is wrong, "
            "or the chain stands still."
        )
    return f"within {off_s:.0f} s of the newest block"


def _safe(settings: Settings) -> str:
    """Return the database's address without its password."""
    scheme, _, rest = settings.database_url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
