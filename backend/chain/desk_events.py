"""What the desk's events say: payments taken, points given back, takings burned."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from eth_abi.abi import decode, encode
from eth_utils.abi import event_signature_to_log_topic
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from backend.chain.deployment import Deployment
from backend.chain.node import Log

_SPENT = event_signature_to_log_topic("Spent(bytes32,address,uint64,uint256)")
_REFUNDED = event_signature_to_log_topic("Refunded(bytes32,bytes32,uint64,uint256)")
_CASHED_OUT = event_signature_to_log_topic("CashedOut(uint64,bytes32,uint256)")
_GIVEN_BACK = event_signature_to_log_topic("AuthorizationRefunded(address,bytes32,address,uint256)")
_SPEND_BATCH = "(address,uint96,uint64,uint48,uint48,bytes32,bytes32,uint8,bytes32,bytes32)[]"
_SELECTOR_CHARS = 10
"""0x and four bytes."""


class DeskAct(StrEnum):
    """What the desk did."""

    SPEND = "spend"
    REFUND = "refund"
    CASH_OUT = "cash_out"


@dataclass(frozen=True)
class DeskEvent:
    """One payment, refund or burn.

    Attributes:
        address: Who paid, or got points back; "" for a burn. Checksummed, as accounts
            have it.
        merchant_pseudonym: Merchant as the chain knows it.
        reference: EIP-3009 nonce, refund or payout reference; 0x-hex.
        payment_nonce: EIP-3009 nonce of the payment; "" for a burn.
        payment_ref, salt: What that nonce was made of, 0x-hex; "" when the calldata, which
            anybody may have written, does not say.
        units: Amount.
    """

    act: DeskAct
    tx_hash: str
    address: str
    merchant_pseudonym: int
    reference: str
    payment_nonce: str
    units: int
    payment_ref: str = ""
    salt: str = ""

    def with_origin(self, payment_ref: str, salt: str) -> "DeskEvent":
        """Return it with what its nonce was made of."""
        return replace(self, payment_ref=payment_ref, salt=salt)


def read(deployment: Deployment, logs: Iterable[Log]) -> list[DeskEvent]:
    """Return what the desk did, in the order of the logs."""
    logs = list(logs)
    desk, token = deployment.contracts["RedemptionDesk"], deployment.contracts["EcoToken"]
    # The desk's own event does not say who got the points back, the token's does.
    receivers = {
        (log.tx_hash, log.topics[2]): _address(log.topics[3])
        for log in logs
        if log.address == token and log.topics[:1] == (_GIVEN_BACK,)
    }
    found = []
    for log in logs:
        if log.address == desk and log.topics:
            event = _event(log, receivers)
            if event is not None:
                found.append(event)
    return found


def origins(deployment: Deployment, calldata: str, selector: str) -> dict[str, tuple[str, str]]:
    """Return EIP-3009 nonce → (payment reference, salt) of a batch of payments.

    Args:
        selector: Of `spendBatch`, 0x-hex; other calldata tells nothing.
    """
    if not calldata.startswith(selector[:_SELECTOR_CHARS]):
        return {}
    (items,) = decode([_SPEND_BATCH], bytes.fromhex(calldata[_SELECTOR_CHARS:]))
    desk = deployment.contracts["RedemptionDesk"]
    return {
        _nonce(deployment.chain_id, desk, merchant, ref, salt): (_hex(ref), _hex(salt))
        for _, _, merchant, _, _, ref, salt, _, _, _ in items
    }


def _event(log: Log, receivers: dict[tuple[str, bytes], str]) -> DeskEvent | None:
    units = int.from_bytes(log.data[:32], "big")
    topic = log.topics[0]
    if topic == _SPENT:
        _, nonce, payer, merchant = log.topics
        said = (_address(payer), _number(merchant), _hex(nonce), _hex(nonce))
        return DeskEvent(DeskAct.SPEND, log.tx_hash, *said, units)
    if topic == _REFUNDED:
        _, nonce, reference, merchant = log.topics
        receiver = receivers.get((log.tx_hash, nonce), "")
        said = (receiver, _number(merchant), _hex(reference), _hex(nonce))
        return DeskEvent(DeskAct.REFUND, log.tx_hash, *said, units)
    if topic == _CASHED_OUT:
        _, merchant, reference = log.topics
        said = ("", _number(merchant), _hex(reference), "")
        return DeskEvent(DeskAct.CASH_OUT, log.tx_hash, *said, units)
    return None


def _nonce(chain_id: int, desk: str, merchant: int, ref: bytes, salt: bytes) -> str:
    # RedemptionDesk.authorizationNonce
    types = ["uint256", "address", "uint64", "bytes32", "bytes32"]
    return _hex(keccak(encode(types, [chain_id, desk, merchant, ref, salt])))


def _address(topic: bytes) -> str:
    return to_checksum_address(topic[12:])


def _number(topic: bytes) -> int:
    return int.from_bytes(topic, "big")


def _hex(raw: bytes) -> str:
    return "0x" + raw.hex()
