"""The wallet service over its Unix socket."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import httpx2

from backend.jobs.instruments import SIGNER_SECONDS
from backend.kernel.errors import EcoError, ErrorKind, UnavailableError

TIMEOUT_S = 5
_WAIT = (429, 500, 502, 503, 504)
"""A spending limit is used up, or the signer is frozen or broken: wait, refuse nothing."""


class WalletUnavailableError(UnavailableError):
    """The wallet service does not answer; work waits and resumes by itself."""

    def __init__(self, reason: str) -> None:
        super().__init__("wallet", f"The wallet service does not answer ({reason}).")


class SigningRefusedError(EcoError):
    """The wallet service's policy refuses to sign; asking again is useless."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(ErrorKind.FORBIDDEN, "signing_refused", detail, reason=code)


@dataclass(frozen=True)
class SignedTransaction:
    """Bytes that the wallet service signed."""

    raw: str
    tx_hash: str
    sender: str


@dataclass(frozen=True)
class SignedAuthorisation:
    """An EIP-3009 authorisation that the wallet service signed; all 0x-hex but v."""

    nonce: str
    v: int
    r: str
    s: str


@dataclass(frozen=True)
class JournalEntry:
    """The newest transaction that a key signed for a nonce."""

    nonce: int
    max_fee_per_gas_wei: int
    max_priority_fee_per_gas_wei: int


@dataclass(frozen=True)
class KeptAddress:
    """An address whose key the wallet service keeps.

    Attributes:
        sealed_salt: What the key is derived from, readable by that service only, 0x-hex.
    """

    address: str
    sealed_salt: str


class Wallet(Protocol):
    """What the steps ask of a wallet service; WalletUnavailableError when it is away."""

    def create_account(
        self,
        *,
        request_id: str,
        account_ref: str,
        genesis_hash: str,
        index: int = 0,
        sealed_salt: str | None = None,
    ) -> KeptAddress:
        """Make a citizen's key, or one anew from its salt; the same request gets the same one."""

    def sign_transaction(self, fields: Mapping[str, Any]) -> SignedTransaction:
        """Sign reserved fields of a transaction, or raise SigningRefusedError."""

    def sign_authorisation(self, fields: Mapping[str, Any]) -> SignedAuthorisation:
        """Sign a citizen's spend to the desk, or raise SigningRefusedError."""

    def sign_cancellation(self, fields: Mapping[str, Any]) -> SignedAuthorisation:
        """Sign that a spend can no longer be taken, or raise SigningRefusedError."""

    def pin_key(self) -> str:
        """Return the X25519 public key that PINs are sealed to, 0x-hex."""

    def enrol_factor(self, address: str, kind: str, fields: Mapping[str, Any]) -> str:
        """Enrol a PIN or passkey; return when it counts from, or raise SigningRefusedError."""

    def agree_to_departure(self, address: str, fields: Mapping[str, Any]) -> None:
        """Hand over the citizen's word that points leave, or raise SigningRefusedError."""

    def journal(self, *, genesis_hash: str, key: str, from_nonce: int) -> Sequence[JournalEntry]:
        """Return what a key signed from a nonce on, newest signature per nonce, ascending."""

    def close(self) -> None:
        """Close the connection."""


class WalletClient:
    """Asks one wallet service instance to make accounts and sign.

    Args:
        socket: Path of its Unix socket.
    """

    def __init__(self, socket: Path) -> None:
        self._client = httpx2.Client(
            transport=httpx2.HTTPTransport(uds=str(socket)),
            base_url="http://wallet",
            timeout=TIMEOUT_S,
        )

    def keys(self) -> Mapping[str, str]:
        """Return label → address of the service keys."""
        found = self._ask("GET", "/v1/keys")
        return {key["label"]: key["address"] for key in found["keys"]}

    def pin_deployment(
        self, *, chain_id: int, genesis_hash: str, contracts: Mapping[str, str]
    ) -> None:
        """Tell the wallet which contracts it may sign for; it remembers the first answer."""
        self._ask(
            "PUT",
            "/v1/policy/deployment",
            {
                "chain_id": chain_id,
                "genesis_hash": genesis_hash,
                "contracts": dict(contracts),
            },
        )

    def create_account(
        self,
        *,
        request_id: str,
        account_ref: str,
        genesis_hash: str,
        index: int = 0,
        sealed_salt: str | None = None,
    ) -> KeptAddress:
        """Make a citizen's key, or one anew from its salt; the same request gets the same one.

        Raises:
            SigningRefusedError: Erased there, or the salt is none of this store and account.
            WalletUnavailableError: No answer.
        """
        copy = {} if sealed_salt is None else {"sealed_salt": sealed_salt}
        found = self._ask(
            "POST",
            "/v1/accounts",
            {
                "request_id": request_id,
                "account_ref": account_ref,
                "genesis_hash": genesis_hash,
                "index": index,
                **copy,
            },
        )
        return KeptAddress(found["address"], found["sealed_salt"])

    def sign_transaction(self, fields: Mapping[str, Any]) -> SignedTransaction:
        """Sign reserved fields of a transaction.

        Raises:
            SigningRefusedError: The policy says no.
            WalletUnavailableError: No answer.
        """
        found = self._ask("POST", "/v1/transactions", fields)
        return SignedTransaction(found["raw"], found["tx_hash"], found["sender"])

    def sign_authorisation(self, fields: Mapping[str, Any]) -> SignedAuthorisation:
        """Sign a citizen's spend to the desk; raises as `sign_transaction` does."""
        found = self._ask("POST", "/v1/authorizations", fields)
        return SignedAuthorisation(found["nonce"], found["v"], found["r"], found["s"])

    def sign_cancellation(self, fields: Mapping[str, Any]) -> SignedAuthorisation:
        """Sign that a spend can no longer be taken; raises as `sign_transaction` does."""
        found = self._ask("POST", "/v1/cancellations", fields)
        return SignedAuthorisation(found["nonce"], found["v"], found["r"], found["s"])

    def pin_key(self) -> str:
        """Return the X25519 public key that PINs are sealed to, 0x-hex."""
        return str(self._ask("GET", "/v1/health")["pin_key"])

    def enrol_factor(self, address: str, kind: str, fields: Mapping[str, Any]) -> str:
        """Enrol a PIN or passkey; return when it counts from, RFC 3339 in UTC.

        Raises:
            SigningRefusedError: The policy says no, or the proof is wrong.
            WalletUnavailableError: No answer.
        """
        return str(self._ask("POST", f"/v1/accounts/{address}/{kind}", fields)["active_from"])

    def agree_to_departure(self, address: str, fields: Mapping[str, Any]) -> None:
        """Hand over the citizen's word that points leave; raises as `enrol_factor` does."""
        self._ask("POST", f"/v1/accounts/{address}/departure", fields)

    def journal(self, *, genesis_hash: str, key: str, from_nonce: int) -> Sequence[JournalEntry]:
        """Return what a key signed from a nonce on, newest signature per nonce, ascending."""
        query = f"genesis_hash={genesis_hash}&key={key}&from_nonce={from_nonce}"
        found = self._ask("GET", f"/v1/journal?{query}")
        return [
            JournalEntry(
                row["nonce"], row["max_fee_per_gas_wei"], row["max_priority_fee_per_gas_wei"]
            )
            for row in found["entries"]
        ]

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        try:
            with SIGNER_SECONDS.labels(path.partition("?")[0]).time():
                response = self._client.request(method, path, json=body)
        except httpx2.HTTPError as error:
            raise WalletUnavailableError(type(error).__name__) from error
        try:
            answer: dict[str, Any] = response.json()
        except ValueError as error:
            raise WalletUnavailableError(f"unreadable {response.status_code}") from error
        if response.status_code in _WAIT:
            raise WalletUnavailableError(str(answer.get("code", response.status_code)))
        if response.is_error:
            raise SigningRefusedError(str(answer.get("code")), str(answer.get("detail")))
        return answer
