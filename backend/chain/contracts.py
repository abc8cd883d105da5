"""Calls to our contracts as bytes, and their events as plain facts."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from eth_abi.abi import decode, encode
from eth_typing import ABIFunction
from eth_utils.abi import (
    event_signature_to_log_topic,
    function_abi_to_4byte_selector,
    get_abi_input_types,
)
from eth_utils.address import to_checksum_address
from web3 import Web3

from backend.chain import desk_events
from backend.chain.deployment import Deployment
from backend.chain.node import Log

_ABI_FOLDER = Path(__file__).parent / "abi"
_SPEND_REFUSED = event_signature_to_log_topic("SpendRefused(bytes32,bytes4)")
_REFUND_REFUSED = event_signature_to_log_topic("RefundRefused(bytes32,bytes4)")
_PAYOUT_REFUSED = event_signature_to_log_topic("CashOutRefused(bytes32,bytes4)")
_TRANSFER = event_signature_to_log_topic("Transfer(address,address,uint256)")
_REWARD_SKIPPED = event_signature_to_log_topic("RewardSkipped(uint48)")
_INCARNATION_OPENED = event_signature_to_log_topic("IncarnationOpened(uint16)")


@dataclass(frozen=True)
class SignedSpend:
    """A citizen's authorisation, ready for the desk.

    Attributes:
        payer: Address the points leave.
        units: Amount.
        merchant_pseudonym: Merchant as the chain knows it.
        valid_after, valid_before: Seconds since 1970.
        payment_ref, salt, r, s: 32 bytes, 0x-hex.
    """

    payer: str
    units: int
    merchant_pseudonym: int
    valid_after: int
    valid_before: int
    payment_ref: str
    salt: str
    v: int
    r: str
    s: str


@dataclass(frozen=True)
class RefundItem:
    """Points that go from a merchant's takings back to who paid.

    Attributes:
        payer: Address that had paid and gets them back.
        payment_ref, salt, refund_ref: 32 bytes, 0x-hex.
    """

    payer: str
    units: int
    merchant_pseudonym: int
    payment_ref: str
    salt: str
    refund_ref: str


@dataclass(frozen=True)
class MintedItem:
    """One credit of a mint that is not ours.

    Attributes:
        address: Recipient, checksummed, as accounts have it.
        reward_id: Id that it consumed, `None` when the call does not say.
        units: Amount.
    """

    address: str
    reward_id: int | None
    units: int


class Contracts:
    """Encoder and decoder of one deployment; talks to nobody."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment

    def address(self, name: str) -> str:
        """Return the address of a contract."""
        return self.deployment.contracts[name]

    def issue(self, edition: int, root: bytes, words: Sequence[bytes]) -> str:
        """Encode a mint batch."""
        return self._encode("RewardIssuer", "issue", [edition, root, list(words)])

    def dry_run(self, minter: str, edition: int, words: Sequence[bytes]) -> str:
        """Encode the simulation of a mint batch."""
        arguments = [Web3.to_checksum_address(minter), edition, list(words)]
        return self._encode("RewardIssuer", "dryRun", arguments)

    def spend_batch(self, spends: Sequence[SignedSpend]) -> str:
        """Encode a batch of payments."""
        items = [
            (
                Web3.to_checksum_address(spend.payer),
                spend.units,
                spend.merchant_pseudonym,
                spend.valid_after,
                spend.valid_before,
                _bytes(spend.payment_ref),
                _bytes(spend.salt),
                spend.v,
                _bytes(spend.r),
                _bytes(spend.s),
            )
            for spend in spends
        ]
        return self._encode("RedemptionDesk", "spendBatch", [items])

    def spend_origins(self, calldata: str) -> dict[str, tuple[str, str]]:
        """Return EIP-3009 nonce → (payment reference, salt) of a batch of payments; 0x-hex."""
        return desk_events.origins(self.deployment, calldata, self.spend_batch([]))

    def cancel_authorization(self, payer: str, nonce: str, *, v: int, r: str, s: str) -> str:
        """Encode the end of a payer's unused authorisation; nonce, r and s are 0x-hex."""
        arguments = [Web3.to_checksum_address(payer), _bytes(nonce), v, _bytes(r), _bytes(s)]
        return self._encode("EcoToken", "cancelAuthorization", arguments)

    def recover(self, previous: str, replacement: str) -> str:
        """Encode the move of an address's whole balance to another one of the same person."""
        arguments = [Web3.to_checksum_address(previous), Web3.to_checksum_address(replacement)]
        return self._encode("EcoToken", "recover", arguments)

    def schedule(self, call: str, *, when_s: int) -> str:
        """Encode the announcement of a token's call (0x-hex) for a Unix second."""
        arguments = [self.address("EcoToken"), _bytes(call), when_s]
        return self._encode("PointsAccessManager", "schedule", arguments)

    def unschedule(self, call: str, *, caller: str) -> str:
        """Encode the withdrawal of an announcement that `caller` made."""
        arguments = [Web3.to_checksum_address(caller), self.address("EcoToken"), _bytes(call)]
        return self._encode("PointsAccessManager", "cancel", arguments)

    def refund_batch(self, refunds: Sequence[RefundItem]) -> str:
        """Encode a batch of refunds."""
        items = [
            (
                Web3.to_checksum_address(refund.payer),
                Web3.to_checksum_address(refund.payer),
                refund.units,
                refund.merchant_pseudonym,
                _bytes(refund.payment_ref),
                _bytes(refund.salt),
                _bytes(refund.refund_ref),
            )
            for refund in refunds
        ]
        return self._encode("RedemptionDesk", "refundBatch", [items])

    def cash_out_batch(self, items: Sequence[tuple[int, int, str]]) -> str:
        """Encode cash-outs; an item is (merchant pseudonym, units, payout reference)."""
        rows = [(pseudonym, units, _bytes(ref)) for pseudonym, units, ref in items]
        return self._encode("RedemptionDesk", "cashOutBatch", [rows])

    def register_merchant(self, pseudonym: int, daily_cap_units: int) -> str:
        """Encode the registration of one merchant."""
        return self._encode("RedemptionDesk", "registerMerchant", [pseudonym, daily_cap_units])

    def publish(self, edition: int, document_hash: str, effective_from_s: int) -> str:
        """Encode the publication of a rulebook edition."""
        arguments = [edition, bytes.fromhex(document_hash), effective_from_s]
        return self._encode("RuleBook", "publish", arguments)

    def cancel_edition(self, number: int) -> str:
        """Encode the withdrawal of an edition before it takes effect."""
        return self._encode("RuleBook", "cancel", [number])

    def edition_of(self, number: int) -> str:
        """Encode the question for a published edition."""
        return self._encode("RuleBook", "editionOf", [number])

    def effective_from_s(self, answer: bytes) -> int:
        """Return the first second that an edition governs, from the answer to `edition_of`."""
        (edition,) = decode(["(bytes32,uint64,uint64,bool,bool)"], answer)
        return int(edition[2])

    def document_hash(self, answer: bytes) -> str:
        """Return the SHA-256 of an edition's document, hex, from the answer to `edition_of`."""
        return answer[:32].hex()

    def open_incarnation(self) -> str:
        """Encode the request for a new incarnation."""
        return self._encode("EcoToken", "openIncarnation", [])

    def incarnation_now(self) -> str:
        """Encode the question for the newest incarnation."""
        return self._encode("EcoToken", "incarnation", [])

    def balance_of(self, address: str) -> str:
        """Encode the question for an address's units."""
        return self._encode("EcoToken", "balanceOf", [Web3.to_checksum_address(address)])

    def total_supply(self) -> str:
        """Encode the question for all units there are."""
        return self._encode("EcoToken", "totalSupply", [])

    def is_consumed(self, reward_id: int) -> str:
        """Encode the question whether a reward was minted."""
        return self._encode("EcoToken", "isConsumed", [reward_id])

    def takings_of(self, pseudonym: int) -> str:
        """Encode the question for a merchant's unsettled takings."""
        return self._encode("RedemptionDesk", "takingsOf", [pseudonym])

    def spent_of(self, payer: str, nonce: str) -> str:
        """Encode the question what a payer has paid under a nonce (0x-hex)."""
        arguments = [Web3.to_checksum_address(payer), _bytes(nonce)]
        return self._encode("RedemptionDesk", "spentOf", arguments)

    def is_refunded(self, refund_ref: str) -> str:
        """Encode the question whether a refund reference (0x-hex) was used."""
        return self._encode("RedemptionDesk", "isRefunded", [_bytes(refund_ref)])

    def is_paid_out(self, payout_ref: str) -> str:
        """Encode the question whether a payout reference (0x-hex) was burned for."""
        return self._encode("RedemptionDesk", "isPaidOut", [_bytes(payout_ref)])

    def refused_spends(self, logs: Iterable[Log]) -> dict[str, str]:
        """Return EIP-3009 nonce → error name of the spends that the desk skipped."""
        return self._refusals(logs, _SPEND_REFUSED)

    def refused_refunds(self, logs: Iterable[Log]) -> dict[str, str]:
        """Return refund reference → error name of the refunds that the desk skipped."""
        return self._refusals(logs, _REFUND_REFUSED)

    def refused_payouts(self, logs: Iterable[Log]) -> dict[str, str]:
        """Return payout reference → error name of the cash-outs that the desk skipped."""
        return self._refusals(logs, _PAYOUT_REFUSED)

    def incarnation(self, logs: Iterable[Log]) -> int | None:
        """Return the incarnation that a transaction opened."""
        for log in logs:
            if log.topics and log.topics[0] == _INCARNATION_OPENED:
                return int.from_bytes(log.topics[1], "big")
        return None

    def mints(self, logs: Iterable[Log]) -> dict[str, int]:
        """Return transaction hash → units that it minted (ERC-20 Transfer from zero)."""
        token = self.address("EcoToken")
        found: dict[str, int] = {}
        for log in logs:
            is_mint = log.address == token and log.topics[:2] == (_TRANSFER, bytes(32))
            if is_mint:
                found[log.tx_hash] = found.get(log.tx_hash, 0) + int.from_bytes(log.data, "big")
        return found

    def minted_items(self, logs: Iterable[Log], tx_hash: str, calldata: str) -> list[MintedItem]:
        """Return whom a transaction minted to: with ids when it called the issuer itself.

        Words whose id had been consumed before minted nothing and are left out.
        """
        token = self.address("EcoToken")
        mine = [log for log in logs if log.tx_hash == tx_hash and log.address == token]
        selector = self.issue(0, bytes(32), [])[:10]
        if calldata.startswith(selector):
            _, _, words = decode(["uint32", "bytes32", "bytes32[]"], bytes.fromhex(calldata[10:]))
            return _minted(words, mine)
        return [
            MintedItem(_address(log.topics[2]), None, int.from_bytes(log.data, "big"))
            for log in mine
            if log.topics[:2] == (_TRANSFER, bytes(32))
        ]

    def pause_mint(self) -> str:
        """Encode the guardian's stop of issuance."""
        return self._encode("EcoToken", "pauseMint", [])

    def mint_paused(self) -> str:
        """Encode the question whether issuance is stopped."""
        return self._encode("EcoToken", "mintPaused", [])

    def error_name(self, data: bytes | str) -> str:
        """Name the custom error in revert data; other data stays hex, words stay words."""
        if isinstance(data, str) and not data.startswith("0x"):
            return data
        raw = bytes.fromhex(data.removeprefix("0x")) if isinstance(data, str) else data
        return _error_names().get(raw[:4], "0x" + raw[:4].hex())

    def _refusals(self, logs: Iterable[Log], topic: bytes) -> dict[str, str]:
        found: dict[str, str] = {}
        for log in logs:
            if log.topics and log.topics[0] == topic:
                (reason,) = decode(["bytes4"], log.data)
                found["0x" + log.topics[1].hex()] = self.error_name(reason)
        return found

    def _encode(self, contract: str, function: str, arguments: list[Any]) -> str:
        selector, types = _function(contract, function)
        return "0x" + (selector + encode(types, arguments)).hex()


def _address(topic: bytes) -> str:
    return to_checksum_address(topic[12:])


def _minted(words: Sequence[bytes], logs: Iterable[Log]) -> list[MintedItem]:
    skipped = Counter(
        int.from_bytes(log.data, "big") for log in logs if log.topics[:1] == (_REWARD_SKIPPED,)
    )
    found = []
    # From the end: of an id that comes twice the first one was minted.
    for word in reversed(words):
        reward_id = int.from_bytes(word[20:26], "big")
        if skipped[reward_id]:
            skipped[reward_id] -= 1
            continue
        units = int.from_bytes(word[26:], "big")
        found.append(MintedItem(to_checksum_address(word[:20]), reward_id, units))
    return found[::-1]


@cache
def abi(contract: str) -> list[dict[str, Any]]:
    """Return the committed ABI of a contract."""
    document: list[dict[str, Any]] = json.loads((_ABI_FOLDER / f"{contract}.json").read_text())
    return document


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


@cache
def _function(contract: str, function: str) -> tuple[bytes, list[str]]:
    """Return selector and argument types; web3's own lookup costs milliseconds a call."""
    (entry,) = [e for e in abi(contract) if e["type"] == "function" and e["name"] == function]
    found = cast("ABIFunction", entry)
    return function_abi_to_4byte_selector(found), list(get_abi_input_types(found))


@cache
def _error_names() -> dict[bytes, str]:
    names: dict[bytes, str] = {}
    for path in _ABI_FOLDER.glob("*.json"):
        for entry in json.loads(path.read_text()):
            if entry.get("type") == "error":
                types = ",".join(argument["type"] for argument in entry["inputs"])
                selector = event_signature_to_log_topic(f"{entry['name']}({types})")[:4]
                names[selector] = entry["name"]
    return names
