"""People of a schedule: they claim, pay and cash out, and repeat what was not answered."""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from backend.accounts.models import Account
from backend.merchants.models import Merchant
from backend.merchants.rules import MerchantState
from tests.faults.processes.stack import Stack
from tests.support import builders
from tests.support.clock import FrozenClock

PEOPLE = 4
TIMEOUT_S = 3
PAUSE_S = 0.05
UNITS = 30


class LiveClock(FrozenClock):
    """The clock of a stack, for builders that take one that stands still."""

    def __init__(self, stack: Stack) -> None:
        super().__init__()
        self._stack = stack

    def now(self) -> datetime:
        """Return the current instant."""
        return datetime.now(UTC) + timedelta(seconds=self._stack.shift_s)


@dataclass
class Citizen:
    """Somebody signed in."""

    account: Account
    token: str


@dataclass
class Answers:
    """What the servers acknowledged.

    Attributes:
        claims: Public ids of claims that were answered with 2xx.
        payments: Ids of payments that were accepted.
        refused: Problem codes of answers that said no.
    """

    claims: set[str] = field(default_factory=set)
    payments: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)


class Town:
    """Everybody of one stack; citizens come anew with each schedule."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.clock = LiveClock(stack)
        builders.make_edition(stack.database, self.clock)
        self.shop: Merchant = builders.make_merchant(
            stack.database, self.clock, state=MerchantState.DRAFT
        )
        owner = Account(id=self.shop.owner_account_id)
        self._owner = builders.sign_in(stack.database, self.clock, owner)
        self._bin = builders.make_bin(stack.database, self.clock)
        self._numbers = 0
        self._hold = threading.Lock()
        self.rich: list[Citizen] = []

    def arrive(self) -> list[Citizen]:
        """Sign up new citizens without an address on chain."""
        database = self._stack.database
        accounts = [
            builders.make_citizen(database, self.clock, has_address=False) for _ in range(PEOPLE)
        ]
        return [Citizen(a, builders.sign_in(database, self.clock, a)) for a in accounts]

    def claim(self, citizen: Citizen, answers: Answers, stop: threading.Event) -> bool:
        """Claim one deposit, and again under the same key until there is an answer."""
        key, code = self.draw_code()
        while not stop.is_set():
            found = self.present(citizen, key, code)
            if found is not None:
                answers.claims.add(found["id"])
                return True
            stop.wait(PAUSE_S)
        return False

    def draw_code(self) -> tuple[str, str]:
        """Return a key and the code of a fresh deposit."""
        with self._hold:
            self._numbers += 1
            return f"claim-{self._numbers:08d}", self._bin.deposit_code()

    def present(self, citizen: Citizen, key: str, code: str) -> dict[str, Any] | None:
        """Claim a deposit once; `None` when nobody answered."""
        headers = {"Idempotency-Key": key}
        return self.post("/api/v1/claims", {"code": code}, citizen.token, headers)

    def pay(self, citizen: Citizen, answers: Answers) -> None:
        """Buy something, if the servers are up; a repeated acceptance pays once."""
        asked = self.ask_for_payment()
        if asked:
            self.accept(asked, citizen, answers)

    def ask_for_payment(self) -> str:
        """Open a request at the till; return its id, "" when nobody answered."""
        body = {"merchant_id": self.shop.id, "units": UNITS, "label": "pain"}
        asked = self.post("/api/v1/payments", body, self._owner)
        return str(asked["id"]) if asked is not None else ""

    def accept(self, payment_id: str, citizen: Citizen, answers: Answers) -> None:
        """Confirm a request, if the servers are up."""
        for _ in range(3):
            path = f"/api/v1/payments/{payment_id}/accept"
            if self.post(path, {}, citizen.token, answers=answers) is not None:
                answers.payments.add(payment_id)
                return

    def cash_out(self, answers: Answers) -> None:
        """Turn the takings into euro, if there are any."""
        path = f"/api/v1/merchants/{self.shop.id}/cash-outs"
        self.post(path, {}, self._owner, answers=answers)

    def post(
        self,
        path: str,
        body: Mapping[str, Any],
        token: str,
        headers: Mapping[str, str] | None = None,
        answers: Answers | None = None,
    ) -> dict[str, Any] | None:
        request = urllib.request.Request(
            self._stack.url + path,
            data=json.dumps(body).encode(),
            headers={
                "Cookie": f"calanque={token}",
                "Content-Type": "application/json",
                **(headers or {}),
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            with error:
                said = f"{path}: {error.code} {error.read()[:200]!r}"
            if answers is not None:
                answers.refused.append(said)
            elif error.code < HTTPStatus.INTERNAL_SERVER_ERROR:
                raise AssertionError(said) from error
            return None
        except (OSError, ValueError):
            return None
