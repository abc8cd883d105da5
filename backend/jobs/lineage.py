"""One database acts at a time: the one that the chain gave the newest incarnation.

Two restores of one backup, or a forgotten copy, know the same claims and ask the same wallet
service. Ids that each of them makes differ, and the token pays an id once, so nobody is paid
twice; but each would take the other's transactions for foreign ones and fill the other's
nonces. The chain hands incarnations out in order, so there is always exactly one newest.
"""

from backend.actions import queries
from backend.books.errors import SupersededError
from backend.jobs.context import Context


def require_newest(context: Context) -> None:
    """Make sure that no other database has opened an incarnation after ours.

    Raises:
        SupersededError: One has; this database sends nothing any more.
    """
    with context.database.reading() as session:
        ours = queries.current_incarnation(session)
    if ours is None:
        # Just set up or restored: the next thing it asks for makes it the newest.
        return
    answer = context.node.call(
        to_address=context.contracts.address("EcoToken"),
        calldata=context.contracts.incarnation_now(),
    )
    newest = int.from_bytes(answer[:32], "big")
    if newest > ours:
        raise SupersededError(ours=ours, newest=newest)
