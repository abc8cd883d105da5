"""What the chain holds and the books do not, as lines for a terminal."""

from sqlmodel import Session

from backend.books import queries as book_queries
from backend.books.models import Orphan
from backend.books.rules import OrphanKind
from backend.kernel.ids import unpack_reward_id
from backend.kernel.units import UNITS_PER_POINT
from backend.rewards import queries as reward_queries


def lines(session: Session) -> list[str]:
    """Return a line per transaction in the order of the chain, and what was lost with them."""
    orphans = book_queries.open_orphans(session)
    if not orphans:
        return ["Everything on chain has its row here."]
    acts = _unknown_acts(session, [o for o in orphans if o.kind == OrphanKind.MINT])
    head = (
        f"{len(orphans)} transactions on chain have no row here; two people adopt each, "
        "from the first to the last:"
    )
    return [
        head,
        *(_line(orphan) for orphan in orphans),
        f"They pay {acts} acts whose claims this database does not know.",
    ]


def _line(orphan: Orphan) -> str:
    waits = "waits for the second person" if orphan.proposed_by else "waits for two people"
    whole, rest = divmod(orphan.units, UNITS_PER_POINT)
    return (
        f"  block {orphan.block_number}  {orphan.kind:<8}  {len(orphan.items):>3} × of "
        f"{whole}.{rest:02} points  {orphan.tx_hash}  {waits}"
    )


def _unknown_acts(session: Session, mints: list[Orphan]) -> int:
    """Count the claims behind credits that no reward here explains; tranches count once."""
    acts = set()
    for orphan in mints:
        ids = [item["reward_id"] for item in orphan.items if item["reward_id"] is not None]
        known = reward_queries.by_reward_ids(session, ids)
        acts |= {unpack_reward_id(reward_id)[1:] for reward_id in ids if reward_id not in known}
    return len(acts)
