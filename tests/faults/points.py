"""The named points at which a process can die, and how the harness recognises each.

The names and their order are those of a claim's way through the pipeline: CP1 is the
request at the door, CP18 the notification that leaves. `docs/faults.md` explains them.
"""

from dataclasses import dataclass

RESERVING = frozenset({"mints", "spends", "cash-outs", "registrations"})


@dataclass(frozen=True)
class Point:
    """One place in the code.

    Attributes:
        name: As reports print it.
        what: The state of the world when the process dies here.
        steps: Steps of the runner (or doors of the harness) that pass it.
        call: Method of node, wallet or mail, or "begin" and "commit" of a transaction.
        is_after: Whether the call has had its effect.
    """

    name: str
    what: str
    steps: frozenset[str]
    call: str
    is_after: bool

    @property
    def is_inside_transaction(self) -> bool:
        """Whether the database's write lock is held here."""
        return self.call == "commit" and not self.is_after


def _point(name: str, what: str, steps: str | frozenset[str], call: str, *, after: bool) -> Point:
    return Point(name, what, frozenset({steps}) if isinstance(steps, str) else steps, call, after)


POINTS = (
    _point("CP1", "request parsed", "claim", "begin", after=False),
    _point("CP2", "inside the claim's transaction", "claim", "commit", after=False),
    _point("CP3", "claim stored, no reply", "claim", "commit", after=True),
    _point("CP4", "during verification", "decide", "commit", after=False),
    _point("CP5", "verdict, reward and entries stored", "decide", "commit", after=True),
    _point("CP6", "batch chosen, not reserved", RESERVING, "commit", after=False),
    _point("CP7", "nonce and payload reserved", RESERVING, "commit", after=True),
    _point("CP8", "signer called, reply lost", "sign", "sign_transaction", after=True),
    _point("CP9", "signature got, not stored", "sign", "commit", after=False),
    _point("CP10", "bytes stored, not sent", "sign", "commit", after=True),
    _point("CP11", "sent, reply lost", "send", "send", after=True),
    _point("CP12", "reply got, not stored", "send", "commit", after=False),
    _point("CP13", "mined, not noted", "watch", "commit", after=False),
    _point("CP14", "block read, index not written", "index", "commit", after=False),
    _point("CP15", "index written, state not", "index", "commit", after=True),
    _point("CP16", "mined noted, not final", "watch", "commit", after=True),
    _point("CP17", "final decided, entries not written", "confirm", "commit", after=False),
    _point("CP18", "notification delivered, not noted", "mail", "deliver", after=True),
    _point("PAY", "payment signed, not stored", "authorise", "sign_authorisation", after=True),
    _point("FINAL", "final and its entries written", "confirm", "commit", after=True),
)
