"""A wallet service that signs, and then answers something else."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from backend.jobs.wallet_client import SignedTransaction
from tests.support.fake_services import FakeWallet
from tests.support.fakes import STRANGER_ADDRESS

LIES = (
    "other nonce",
    "other calldata",
    "other contract",
    "other chain",
    "other key",
    "money sent along",
    "higher fee",
    "other hash",
    "stale answer",
    "cut bytes",
)


class LyingWallet(FakeWallet):
    """Signs something else than it was asked to, or answers with something else.

    Attributes:
        lie: One of LIES, "" for an honest service.
        told: Answers that were not the truth, by lie.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lie = ""
        self.told: Counter[str] = Counter()
        self._last: SignedTransaction | None = None

    def sign_transaction(self, fields: Mapping[str, Any]) -> SignedTransaction:
        """Sign, and lie about it."""
        truth = super().sign_transaction(fields)
        answer = self._lied(fields, truth) if self.lie else truth
        self._last = truth
        if answer != truth:
            self.told[self.lie] += 1
        return answer

    def _lied(self, fields: Mapping[str, Any], truth: SignedTransaction) -> SignedTransaction:
        other = {
            "other nonce": {"nonce": fields["nonce"] + 1},
            "other calldata": {"data": "0x" + "66" * 36},
            "other contract": {"to": STRANGER_ADDRESS},
            "other chain": {"chain_id": 1},
            "other key": {"key": "guardian"},
            "money sent along": {"value_wei": 10**18},
            "higher fee": {"max_fee_per_gas_wei": fields["max_fee_per_gas_wei"] * 10},
        }
        if self.lie in other:
            return self._sign({**fields, **other[self.lie]})
        if self.lie == "other hash":
            return SignedTransaction(truth.raw, "0x" + "66" * 32, truth.sender)
        if self.lie == "stale answer":
            return self._last or truth
        return SignedTransaction(truth.raw[:-40], truth.tx_hash, truth.sender)
