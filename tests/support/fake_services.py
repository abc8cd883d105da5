"""A wallet service and a mail server in memory, with switches for what goes wrong."""

import hashlib
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from typing import Any

from eth_account import Account
from web3 import Web3

from backend.jobs.wallet_client import (
    JournalEntry,
    KeptAddress,
    SignedAuthorisation,
    SignedTransaction,
    SigningRefusedError,
    WalletUnavailableError,
)
from tests.support.fake_custody import nonce_of
from tests.support.fakes import PRIVATE_KEYS

PIN_KEY = "0x" + bytes(range(1, 33)).hex()


class FakeWallet:
    """A wallet service that signs what it is asked; implements `wallet_client.Wallet`.

    Switches:
        is_down: It does not answer.
        denies: Tells for the body of a request whether the policy refuses it.
        wrong_proofs: Every PIN and passkey is wrong.
        loses_answers: It signs and journals, and the answer never arrives.
    """

    def __init__(self) -> None:
        self.is_down = False
        self.loses_answers = False
        self.wrong_proofs = False
        self.denies: Callable[[Mapping[str, Any]], bool] = lambda _: False
        self.departures: list[tuple[str, str]] = []
        self.requests: dict[str, Mapping[str, Any]] = {}
        self.signed: dict[str, dict[int, JournalEntry]] = {}

    def create_account(
        self,
        *,
        request_id: str,
        account_ref: str,
        genesis_hash: str,
        index: int = 0,
        sealed_salt: str | None = None,
    ) -> KeptAddress:
        """Make an address that depends on the account only."""
        self._take({"request_id": request_id, "account_ref": account_ref})
        digest = hashlib.sha256(f"{genesis_hash}{account_ref}".encode()).hexdigest()
        return KeptAddress(Web3.to_checksum_address("0x" + digest[:40]), "0x" + digest[40:])

    def sign_transaction(self, fields: Mapping[str, Any]) -> SignedTransaction:
        """Return signed bytes."""
        self._take(fields)
        entry = JournalEntry(
            fields["nonce"],
            fields["max_fee_per_gas_wei"],
            fields["max_priority_fee_per_gas_wei"],
        )
        self.signed.setdefault(fields["key"], {})[fields["nonce"]] = entry
        return self._sign(fields)

    def _sign(self, fields: Mapping[str, Any]) -> SignedTransaction:
        account = Account.from_key(PRIVATE_KEYS[fields["key"]])
        signed = account.sign_transaction(
            {
                "type": 2,
                "chainId": fields["chain_id"],
                "nonce": fields["nonce"],
                "to": fields["to"],
                "data": fields["data"],
                "value": fields["value_wei"],
                "gas": fields["gas"],
                "maxFeePerGas": fields["max_fee_per_gas_wei"],
                "maxPriorityFeePerGas": fields["max_priority_fee_per_gas_wei"],
            }
        )
        raw, tx_hash = signed.raw_transaction.to_0x_hex(), signed.hash.to_0x_hex()
        return SignedTransaction(raw, tx_hash, account.address)

    def sign_authorisation(self, fields: Mapping[str, Any]) -> SignedAuthorisation:
        """Return an authorisation under the nonce that FakeNode's desk computes."""
        self._take(fields)
        nonce = nonce_of(
            merchant_id=fields["merchant_id"],
            payment_ref=fields["payment_ref"],
            salt=fields["salt"],
        )
        return SignedAuthorisation(nonce, 27, "0x" + "01" * 32, "0x" + "02" * 32)

    def sign_cancellation(self, fields: Mapping[str, Any]) -> SignedAuthorisation:
        """Return the end of an authorisation under the same nonce."""
        return self.sign_authorisation(fields)

    def pin_key(self) -> str:
        """Return the public half of a key that nobody needs here."""
        return PIN_KEY

    def enrol_factor(self, address: str, kind: str, fields: Mapping[str, Any]) -> str:
        """Take every PIN and passkey; they count from the start of 2026."""
        self._take({"address": address, "kind": kind, **fields})
        return "2026-01-01T00:00:00+00:00"

    def agree_to_departure(self, address: str, fields: Mapping[str, Any]) -> None:
        """Believe every word that points leave; the real service checks PIN or passkey."""
        self._take({"address": address, **fields})
        self.departures.append((address, fields["target"]))

    def journal(self, *, genesis_hash: str, key: str, from_nonce: int) -> list[JournalEntry]:
        """Return the newest signature per nonce."""
        if self.is_down:
            raise WalletUnavailableError("ConnectError")
        entries = self.signed.get(key, {})
        return [entries[nonce] for nonce in sorted(entries) if nonce >= from_nonce]

    def close(self) -> None:
        """Do nothing."""

    def _take(self, body: Mapping[str, Any]) -> None:
        if self.is_down:
            raise WalletUnavailableError("ConnectError")
        if self.denies(body):
            raise SigningRefusedError("limit_denied", "The policy says no.")
        if self.wrong_proofs and "proof" in body:
            raise SigningRefusedError("pin_wrong", "The PIN is wrong.")
        earlier = self.requests.setdefault(body["request_id"], dict(body))
        if earlier != body:
            raise SigningRefusedError("request_id_reused", "Another body came with this id.")
        if self.loses_answers:
            raise WalletUnavailableError("ReadTimeout")


class FakeMail:
    """Keeps messages; refuses those to the addresses in `refuses`."""

    def __init__(self) -> None:
        self.delivered: list[EmailMessage] = []
        self.refuses: set[str] = set()

    def deliver(self, message: EmailMessage) -> None:
        """Keep a message or fail as a mail server does."""
        if message["To"] in self.refuses:
            raise ConnectionRefusedError("mailbox server is away")
        self.delivered.append(message)
