"""The journal under random requests, restarts and lost answers, against a model in a dict."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from eth_account import Account
from hexbytes import HexBytes
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from tests.support.wallets import (
    GENESIS,
    GWEI,
    OTHER_GENESIS,
    InProcessWallet,
    issue_calldata,
    reward_word,
    transaction,
)

OK, CONFLICT = 200, 409
SLOT = tuple[str, int]


class JournalMachine(RuleBasedStateMachine):
    """Any sequence of requests leaves at most one payload per nonce and genesis."""

    requests = Bundle("requests")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.wallet = InProcessWallet(self.folder)
        self.wallet.pin()
        self.wallet.pin(genesis_hash=OTHER_GENESIS)
        self.minter = self.wallet.client.get("/v1/keys").json()["keys"][0]["address"]
        self.answers: dict[str, str] = {}
        self.payload: dict[SLOT, str] = {}
        self.highest_fee: dict[SLOT, int] = {}
        self.signed = 0

    @rule(
        target=requests,
        genesis=st.sampled_from([GENESIS, OTHER_GENESIS]),
        nonce=st.integers(0, 2),
        units=st.sampled_from([0, 10, 20]),
        fee_gwei=st.integers(1, 60),
    )
    def ask(self, genesis: str, nonce: int, units: int, fee_gwei: int) -> dict[str, Any]:
        fees = {
            "max_fee_per_gas_wei": fee_gwei * GWEI,
            "max_priority_fee_per_gas_wei": fee_gwei * GWEI // 2,
        }
        effect = {"data": issue_calldata(reward_word(units=units))}
        if units == 0:
            effect = {"data": "0x", "to": self.minter, "gas": 21_000}  # type: ignore[dict-item]
        body = transaction(genesis_hash=genesis, nonce=nonce, **fees, **effect)
        response = self.wallet.client.post("/v1/transactions", json=body)
        slot = (genesis, nonce)
        assert (response.status_code == OK) == self._is_allowed(slot, body, fee_gwei)
        if response.status_code == OK:
            self._remember(slot, body, fee_gwei, response.text)
            raw = HexBytes(response.json()["raw"])
            assert Account.recover_transaction(raw) == self.minter
        return body

    @rule(body=requests)
    def repeat(self, body: dict[str, Any]) -> None:
        response = self.wallet.client.post("/v1/transactions", json=body)
        if body["request_id"] in self.answers:
            assert response.text == self.answers[body["request_id"]]
        else:
            # What was refused once may be allowed only if the model allows it now.
            slot = (body["genesis_hash"], body["nonce"])
            fee_gwei = body["max_fee_per_gas_wei"] // GWEI
            assert (response.status_code == OK) == self._is_allowed(slot, body, fee_gwei)
            if response.status_code == OK:
                self._remember(slot, body, fee_gwei, response.text)

    @rule(body=requests)
    def change_under_the_same_id(self, body: dict[str, Any]) -> None:
        if body["request_id"] not in self.answers:
            return

        changed = body | {"gas": body["gas"] + 1, "nonce": 77}
        response = self.wallet.client.post("/v1/transactions", json=changed)

        assert response.status_code == CONFLICT

    @rule()
    def restart(self) -> None:
        self.wallet.close()
        self.wallet = InProcessWallet(self.folder)

    @invariant()
    def counts_every_signature(self) -> None:
        assert self.wallet.client.get("/v1/health").json()["journal_rows"] == self.signed

    def teardown(self) -> None:
        self.wallet.close()
        shutil.rmtree(self.folder)

    def _is_allowed(self, slot: SLOT, body: dict[str, Any], fee_gwei: int) -> bool:
        if body["data"] == "0x" or slot not in self.highest_fee:
            return True
        is_same = self.payload.get(slot) == body["data"]
        return is_same and fee_gwei * 10 >= self.highest_fee[slot] * 11

    def _remember(self, slot: SLOT, body: dict[str, Any], fee_gwei: int, text: str) -> None:
        self.answers[body["request_id"]] = text
        self.highest_fee[slot] = max(fee_gwei, self.highest_fee.get(slot, 0))
        if body["data"] != "0x":
            assert self.payload.setdefault(slot, body["data"]) == body["data"]
        self.signed += 1


JournalMachine.TestCase.settings = settings(max_examples=10, stateful_step_count=15, deadline=None)
TestJournal = JournalMachine.TestCase
