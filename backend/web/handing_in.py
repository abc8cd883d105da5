"""One promise from a till: two transactions, because a refusal must outlive what it undoes."""

from datetime import datetime

from backend.db.engine import Database
from backend.promises.errors import PromiseRefusedError
from backend.promises.models import ArrivedPromise
from backend.workflows import hand_in_promise
from backend.workflows.hand_in_promise import HandIn


def hand_in(database: Database, what: HandIn, *, now: datetime) -> ArrivedPromise:
    """Pay a promise or keep that it is refused for good; asked again, say what was said.

    A process that dies between the two has kept nothing, and the till asks again.

    Raises:
        EcoError: It is no promise to this shop, or it has to wait; see hand_in_promise.accept.
    """
    try:
        with database.transaction() as session:
            return hand_in_promise.accept(session, what, now=now)
    except PromiseRefusedError as error:
        with database.transaction() as session:
            return hand_in_promise.refuse(session, what, error.refusal, now=now)
