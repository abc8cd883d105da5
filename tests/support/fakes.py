"""A chain in memory, with switches for what goes wrong.

It keeps the promises of the real one that the jobs rely on: a nonce is mined once, consumed
ids are skipped.
"""

import copy
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from eth_account import Account
from eth_utils.abi import event_signature_to_log_topic
from web3 import Web3
from web3.exceptions import Web3ValueError

from backend.chain.contracts import abi
from backend.chain.deployment import CONTRACTS as DEPLOYED
from backend.chain.deployment import Deployment
from backend.chain.errors import (
    CallRevertedError,
    NodeRefusedError,
    NodeUnavailableError,
    WrongChainError,
)
from backend.chain.node import BlockHead, Log, Mined
from backend.rewards.rules import unpack_mint_word
from backend.rulebook.engine import document_hash, load
from tests.support import fake_custody, fake_events
from tests.support.builders import CHAIN_ID, EDITION_TEXT, GENESIS
from tests.support.fake_refunds import refund, selector
from tests.support.fake_transactions import signed

CONTRACTS: dict[str, str] = {
    name: Web3.to_checksum_address("0x" + f"{number:02x}" * 20)
    for number, name in enumerate(DEPLOYED, 0xC1)
}
_TOKEN, _DESK = CONTRACTS["EcoToken"], CONTRACTS["RedemptionDesk"]
DEPLOYMENT = Deployment(
    chain_id=CHAIN_ID, genesis_hash=GENESIS, block_number=0, contracts=CONTRACTS, notice_s=30
)
PRIVATE_KEYS = {
    label: f"{number:02x}" * 32
    for number, label in enumerate(
        ("minter", "registrar", "rules", "relayer", "treasurer", "guardian", "recoverer"), 0xA1
    )
}
KEYS: dict[str, str] = {label: Account.from_key(key).address for label, key in PRIVATE_KEYS.items()}
FIRST_DOCUMENT = bytes.fromhex(document_hash(load(EDITION_TEXT)))
STRANGER = "0x" + "99" * 20
"""An address that belongs to nobody here."""
STRANGER_ADDRESS = Web3.to_checksum_address(STRANGER)
BASE_FEE_WEI = 1_000_000_000
START_S = 1_781_517_600
"""Timestamp of block 0: tests.support.clock.NOON."""

_NAMES = {address: name for name, address in CONTRACTS.items()}
_CODEC = {name: Web3().eth.contract(abi=abi(name)) for name in CONTRACTS}
_OPENED = event_signature_to_log_topic("IncarnationOpened(uint16)")
_SPENT = event_signature_to_log_topic("EcoToken_AuthorizationSpent(address,bytes32)")[:4]
_POOR = event_signature_to_log_topic("EcoToken_BalanceInsufficient(address,uint256,uint256)")[:4]
_CAP = event_signature_to_log_topic("RedemptionDesk_MerchantCapExceeded()")[:4]
_TAKINGS = event_signature_to_log_topic("RedemptionDesk_TakingsInsufficient()")[:4]
_USED = event_signature_to_log_topic("RedemptionDesk_ReferenceUsed()")[:4]
_EXPIRED = event_signature_to_log_topic("EcoToken_AuthorizationExpired(uint256)")[:4]
_BUDGET = event_signature_to_log_topic("RedemptionDesk_PayoutBudgetExceeded()")[:4]


@dataclass
class Books:
    """What the contracts store."""

    units: dict[str, int] = field(default_factory=dict)
    consumed: set[int] = field(default_factory=set)
    spent: dict[tuple[str, str], int] = field(default_factory=dict)
    cancelled: set[tuple[str, str]] = field(default_factory=set)
    scheduled: dict[tuple[str, str], int] = field(default_factory=dict)
    takings: dict[int, int] = field(default_factory=dict)
    paid_out: set[str] = field(default_factory=set)
    refunded: set[str] = field(default_factory=set)
    merchants: dict[int, int] = field(default_factory=dict)
    editions: dict[int, tuple[bytes, int]] = field(default_factory=dict)
    incarnation: int = 0
    is_paused: bool = False
    nonces: dict[str, int] = field(default_factory=dict)

    def copy(self) -> "Books":
        """Return books that change apart; what they hold is immutable, so one level is enough."""
        return Books(**{name: copy.copy(value) for name, value in vars(self).items()})


@dataclass
class _Block:
    head: BlockHead
    mined: tuple[Mined, ...]
    books: Books


class FakeNode:
    """A node with a chain and our contracts; implements `backend.chain.node.Node`.

    Switches:
        down: Names of methods that do not answer; "*" stands for all.
        refuses: Contract function → reason with which it reverts when simulated.
        refused_editions: Editions whose mint batches revert when simulated.
        reverts: Contract functions whose transactions are mined with status 0.
        desk_refuses: Merchants whose payments the desk skips for their daily cap.
        desk_expired: Merchants whose payments the desk skips as too late.
        payouts_refused: Whether the desk skips cash-outs for its budget.
        forgets: Whether sent transactions are lost from the pool at once.
        words: What `send` answers instead of taking the bytes.
        keeps_refused: Whether it takes the bytes all the same (execution-apis #245).
        loses_replies: Whether it takes sent bytes and the answer never arrives.
        flaps: Tells for each question whether it goes unanswered.
        poisoned: Reward id → error that its word causes in any batch.
        phantoms: Address → transactions of it that somebody sent and no block will hold.
        document: SHA-256 that the RuleBook has for editions published before the tests.
        base_fee_wei_now: Transactions that offer less per gas are not mined.
    """

    def __init__(self) -> None:
        self.down: set[str] = set()
        self.refuses: dict[str, str] = {}
        self.refused_editions: set[int] = set()
        self.reverts: set[str] = set()
        self.desk_refuses: set[int] = set()
        self.desk_expired: set[int] = set()
        self.payouts_refused = self.forgets = False
        self.words = ""
        self.keeps_refused = self.loses_replies = False
        self.flaps: Callable[[], bool] = lambda: False
        self.poisoned: dict[int, str] = {}
        self.phantoms: dict[str, int] = {}
        self.document = FIRST_DOCUMENT
        self.base_fee_wei_now = BASE_FEE_WEI
        self.sent: list[str] = []
        self._pool: dict[str, dict[str, Any]] = {}
        self._branch = 0
        self._known: dict[str, dict[str, Any]] = {}
        genesis = BlockHead(0, GENESIS, "0x" + "00" * 32, START_S)
        self._blocks = [_Block(genesis, (), Books())]

    # --- what tests do to the chain ---------------------------------------------------------

    @property
    def books(self) -> Books:
        """What the contracts hold at the newest block."""
        return self._blocks[-1].books

    @property
    def height(self) -> int:
        """Number of the newest block; for tests, so it answers whatever is down."""
        return len(self._blocks) - 1

    @contextmanager
    def without(self, *methods: str) -> Iterator[None]:
        """Let methods fail for the time of a block; all of them by default."""
        self.down |= set(methods or ("*",))
        try:
            yield
        finally:
            self.down.clear()

    def mine(self, blocks: int = 1) -> None:
        """Mine what the pool holds into the next block, and empty ones after it."""
        for _ in range(blocks):
            self._mine_one()

    def reorganise(self, depth: int, *, forget: bool = False) -> None:
        """Replace the newest blocks by one fewer-filled branch of the same height.

        Args:
            depth: How many blocks are dropped.
            forget: Their transactions are lost; otherwise they are back in the pool.
        """
        dropped = self._blocks[-depth:]
        del self._blocks[-depth:]
        self._branch += 1
        if not forget:
            for block in dropped:
                self._pool |= {mined.tx_hash: self._known[mined.tx_hash] for mined in block.mined}
        pool, self._pool = self._pool, {}
        self.mine(depth)
        self._pool = pool

    def use_nonce(self, address: str) -> None:
        """Mine a transaction of the same key that none of ours explains."""
        books = self.books.copy()
        books.nonces[address] = books.nonces.get(address, 0) + 1
        self._append((), books)

    def mint_behind_our_back(self, units: int) -> str:
        """Mint in a transaction that nobody here signed; return its hash."""
        tx_hash = "0x" + hashlib.sha256(f"orphan{len(self._blocks)}".encode()).hexdigest()
        number = len(self._blocks)
        books = self.books.copy()
        books.units[STRANGER] = books.units.get(STRANGER, 0) + units
        self._known[tx_hash] = {"to": CONTRACTS["EcoToken"], "data": "0x"}
        logs = (fake_events.minted(_TOKEN, STRANGER, units, tx_hash),)
        self._append((Mined(tx_hash, number, self._hash(number), True, 1, logs),), books)
        return tx_hash

    def empty_pool(self) -> None:
        """Forget every transaction that is not mined, as a restarted node does."""
        self._pool.clear()

    # --- backend.chain.node.Node ------------------------------------------------------------

    def check(self, *, chain_id: int, genesis_hash: str) -> None:
        """Make sure that it serves this chain."""
        self._answer("check")
        if (chain_id, genesis_hash) != (CHAIN_ID, self._blocks[0].head.hash):
            raise WrongChainError(expected=genesis_hash, found=self._blocks[0].head.hash)

    def head(self) -> BlockHead:
        """Return the newest block."""
        self._answer("head")
        return self._blocks[-1].head

    def block(self, number: int) -> BlockHead | None:
        """Return a block of the live branch."""
        self._answer("block")
        return self._blocks[number].head if number < len(self._blocks) else None

    def transaction_count(self, address: str) -> int:
        """Return the next nonce, pool included."""
        self._answer("transaction_count")
        nonce = self.books.nonces.get(address, 0)
        waiting = {tx["nonce"] for tx in self._pool.values() if tx["sender"] == address}
        while nonce in waiting:
            nonce += 1
        return nonce + self.phantoms.get(address, 0)

    def mined_count(self, address: str, *, block_hash: str | None = None) -> int:
        """Return the next nonce, mined transactions only."""
        self._answer("mined_count")
        return self._at(block_hash).books.nonces.get(address, 0)

    def send(self, raw: str) -> str:
        """Take signed bytes into the pool, or say why not."""
        self._answer("send")
        self.sent.append(raw)
        words = self.words if self.words and not self.keeps_refused else self._take(raw)
        if self.loses_replies:
            raise NodeUnavailableError("ReadTimeout")
        return self.words or words

    def _take(self, raw: str) -> str:
        tx, tx_hash = signed(raw)
        if tx["nonce"] < self.books.nonces.get(tx["sender"], 0):
            return "nonce too low"
        if tx_hash in self._pool:
            return "already known"
        if not self.forgets:
            same = [h for h, t in self._pool.items() if _slot(t) == _slot(tx)]
            for older in same:
                if tx["max_fee_per_gas_wei"] * 10 < self._pool[older]["max_fee_per_gas_wei"] * 11:
                    return "replacement transaction underpriced"
                del self._pool[older]
            self._pool[tx_hash] = self._known[tx_hash] = tx
        return ""

    def mined(self, tx_hash: str) -> Mined | None:
        """Return where a transaction was mined."""
        self._answer("mined")
        return next((m for b in self._blocks for m in b.mined if m.tx_hash == tx_hash), None)

    def is_known(self, tx_hash: str) -> bool:
        """Tell whether pool or chain hold a transaction."""
        self._answer("is_known")
        return tx_hash in self._pool or self.mined(tx_hash) is not None

    def calldata_of(self, tx_hash: str) -> tuple[str, str]:
        """Return called address and calldata of a transaction."""
        self._answer("calldata_of")
        return self._known[tx_hash]["to"], self._known[tx_hash]["data"]

    def call(
        self,
        *,
        to_address: str,
        calldata: str,
        sender: str | None = None,
        block_hash: str | None = None,
    ) -> bytes:
        """Answer the questions that jobs ask the contracts."""
        self._answer("call")
        name, arguments = _decode(to_address, calldata)
        books = self._at(block_hash).books
        if name == "dryRun":
            self._refuse_poison(arguments["words"])
            return bytes(64)
        if name == "editionOf":
            document, _ = books.editions.get(arguments["edition"], (self.document, 0))
            return document + bytes(160)
        answers: dict[str, Callable[[], int]] = {
            "totalSupply": lambda: sum(books.units.values()) + sum(books.takings.values()),
            "balanceOf": lambda: books.units.get(arguments["account"].lower(), 0),
            "takingsOf": lambda: books.takings.get(arguments["merchantId"], 0),
            "isConsumed": lambda: int(arguments["id"] in books.consumed),
            "mintPaused": lambda: int(books.is_paused),
            "incarnation": lambda: books.incarnation,
            "isPaidOut": lambda: int("0x" + arguments["payoutRef"].hex() in books.paid_out),
            "isRefunded": lambda: int("0x" + arguments["refundRef"].hex() in books.refunded),
            "spentOf": lambda: books.spent.get(
                (arguments["payer"].lower(), "0x" + arguments["nonce"].hex()), 0
            ),
        }
        return answers[name]().to_bytes(32, "big") + bytes(32)

    def estimate_gas(self, *, to_address: str, calldata: str, sender: str) -> int:
        """Return a plausible amount of gas, or revert."""
        self._answer("estimate_gas")
        name, arguments = _decode(to_address, calldata)
        if name in self.refuses:
            raise CallRevertedError(selector(self.refuses[name]))
        if arguments.get("edition") in self.refused_editions:
            raise CallRevertedError(selector("RewardIssuer_EditionNotUsable"))
        reason = fake_custody.refusal(self.books, name, arguments, self._now_s())
        if reason:
            raise CallRevertedError(selector(reason))
        if name == "issue":
            if self.books.is_paused:
                raise CallRevertedError(selector("EcoToken_MintPaused"))
            self._refuse_poison(arguments["words"])
        return 100_000

    def logs(self, block_hash: str, addresses: Sequence[str]) -> tuple[Log, ...]:
        """Return the logs of some contracts in one block."""
        self._answer("logs")
        mined = self._at(block_hash).mined
        return tuple(log for m in mined for log in m.logs if log.address in addresses)

    def _at(self, block_hash: str | None) -> _Block:
        for block in reversed(self._blocks):
            if block_hash in (None, block.head.hash):
                return block
        raise NodeRefusedError("unknown block")

    def base_fee_wei(self) -> int:
        """Return the base fee."""
        self._answer("base_fee_wei")
        return self.base_fee_wei_now

    def _answer(self, method: str) -> None:
        if self.down & {method, "*"} or self.flaps():
            raise NodeUnavailableError("ConnectionError")

    def _refuse_poison(self, words: Sequence[bytes]) -> None:
        for word in words:
            _, reward_id, _ = unpack_mint_word(word)
            if reward_id in self.poisoned:
                raise CallRevertedError(selector(self.poisoned[reward_id]))

    def _now_s(self) -> int:
        return self._blocks[-1].head.timestamp_s

    def _hash(self, number: int) -> str:
        return "0x" + hashlib.sha256(f"{self._branch}/{number}".encode()).hexdigest()

    def _append(self, mined: tuple[Mined, ...], books: Books) -> None:
        parent, number = self._blocks[-1].head, len(self._blocks)
        head = BlockHead(number, self._hash(number), parent.hash, START_S + number)
        self._blocks.append(_Block(head, mined, books))

    def _mine_one(self) -> None:
        books = self.books.copy()
        number = len(self._blocks)
        mined = []
        waiting = sorted(self._pool.items(), key=lambda item: (item[1]["sender"], item[1]["nonce"]))
        for tx_hash, tx in waiting:
            if tx["nonce"] != books.nonces.get(tx["sender"], 0):
                continue
            if tx["max_fee_per_gas_wei"] < self.base_fee_wei_now:
                continue
            books.nonces[tx["sender"]] = tx["nonce"] + 1
            del self._pool[tx_hash]
            name, arguments = _decode(tx["to"], tx["data"])
            is_refused = fake_custody.refusal(books, name, arguments, self._now_s())
            is_paused = name == "issue" and books.is_paused
            is_success = not (name in self.reverts or is_paused or is_refused)
            logs = self._execute(books, name, arguments, tx_hash) if is_success else []
            mined.append(
                Mined(tx_hash, number, self._hash(number), is_success, 90_000, tuple(logs))
            )
        self._append(tuple(mined), books)

    def _execute(
        self, books: Books, name: str, arguments: Mapping[str, Any], tx_hash: str
    ) -> list[Log]:
        match name:
            case "issue":
                return _issue(books, arguments["words"], tx_hash)
            case "spendBatch" | "refundBatch" | "cashOutBatch":
                handle = {"s": self._spend, "r": self._refund, "c": self._cash_out}[name[0]]
                (items,) = arguments.values()
                return [log for item in items for log in handle(books, item, tx_hash)]
            case "registerMerchant":
                books.merchants[arguments["merchantId"]] = arguments["dailyCapUnits"]
            case "publish":
                document = (arguments["documentHash"], arguments["effectiveFrom"])
                books.editions[arguments["edition"]] = document
            case "pauseMint":
                books.is_paused = True
            case "cancelAuthorization" | "schedule" | "cancel" | "recover":
                fake_custody.execute(books, name, arguments)
            case "openIncarnation":
                books.incarnation += 1
                topic = books.incarnation.to_bytes(32, "big")
                return [Log(CONTRACTS["EcoToken"], (_OPENED, topic), b"", tx_hash, 0)]
        return []

    def _spend(self, books: Books, payment: Mapping[str, Any], tx_hash: str) -> list[Log]:
        payer, merchant_id = payment["payer"].lower(), payment["merchantId"]
        nonce, reason = _nonce(payment), b""
        if merchant_id in self.desk_refuses:
            reason = _CAP
        elif merchant_id in self.desk_expired:
            reason = _EXPIRED
        elif (payer, nonce) in books.spent or (payer, nonce) in books.cancelled:
            reason = _SPENT
        elif books.units.get(payer, 0) < payment["units"]:
            reason = _POOR
        if reason:
            topic = fake_events.SPEND_REFUSED
            return [fake_events.refused(_DESK, topic, nonce, reason, tx_hash)]
        books.spent[payer, nonce] = payment["units"]
        books.units[payer] -= payment["units"]
        books.takings[merchant_id] = books.takings.get(merchant_id, 0) + payment["units"]
        said = (nonce, payer, merchant_id, payment["units"])
        return [fake_events.spent(_DESK, *said, tx_hash=tx_hash)]

    def _refund(self, books: Books, item: Mapping[str, Any], tx_hash: str) -> list[Log]:
        reason = refund(books, item)
        ref = "0x" + item["refundRef"].hex()
        if reason:
            topic = fake_events.REFUND_REFUSED
            return [fake_events.refused(_DESK, topic, ref, reason, tx_hash)]
        nonce = _nonce(item)
        said = (nonce, ref, item["merchantId"], item["units"])
        return [
            fake_events.given_back(_TOKEN, nonce, item["to"], item["units"], tx_hash=tx_hash),
            fake_events.refunded(_DESK, *said, tx_hash=tx_hash),
        ]

    def _cash_out(self, books: Books, item: Mapping[str, Any], tx_hash: str) -> list[Log]:
        payout_ref = "0x" + item["payoutRef"].hex()
        reason = _USED if payout_ref in books.paid_out else b""
        if not reason and self.payouts_refused:
            reason = _BUDGET
        if not reason and books.takings.get(item["merchantId"], 0) < item["units"]:
            reason = _TAKINGS
        if reason:
            topic = fake_events.PAYOUT_REFUSED
            return [fake_events.refused(_DESK, topic, payout_ref, reason, tx_hash)]
        books.takings[item["merchantId"]] -= item["units"]
        books.paid_out.add(payout_ref)
        said = (item["merchantId"], payout_ref, item["units"])
        return [fake_events.cashed_out(_DESK, *said, tx_hash=tx_hash)]


def _nonce(payment: Mapping[str, Any]) -> str:
    return fake_custody.nonce_of(
        merchant_id=payment["merchantId"],
        payment_ref="0x" + payment["paymentRef"].hex(),
        salt="0x" + payment["salt"].hex(),
    )


def _slot(tx: Mapping[str, Any]) -> tuple[str, int]:
    return tx["sender"], tx["nonce"]


@lru_cache(maxsize=1024)
def _decode(to_address: str, calldata: str) -> tuple[str, Mapping[str, Any]]:
    # Whoever is no contract of ours, or is called with what it does not know, does nothing.
    if to_address not in _NAMES or calldata == "0x":
        return "", {}
    try:
        function, arguments = _CODEC[_NAMES[to_address]].decode_function_input(calldata)
    except Web3ValueError:
        return "", {}
    return function.fn_name, arguments


def _issue(books: Books, words: Sequence[bytes], tx_hash: str) -> list[Log]:
    logs = []
    for word in words:
        address, reward_id, units = unpack_mint_word(word)
        if reward_id in books.consumed:
            logs.append(fake_events.skipped(_TOKEN, reward_id, tx_hash))
            continue
        books.consumed.add(reward_id)
        books.units[address] = books.units.get(address, 0) + units
        logs.append(fake_events.minted(_TOKEN, address, units, tx_hash))
    return logs
