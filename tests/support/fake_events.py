"""Events as the contracts in memory write them."""

from eth_abi.abi import encode
from eth_utils.abi import event_signature_to_log_topic

from backend.chain.node import Log

SPEND_REFUSED = event_signature_to_log_topic("SpendRefused(bytes32,bytes4)")
REFUND_REFUSED = event_signature_to_log_topic("RefundRefused(bytes32,bytes4)")
PAYOUT_REFUSED = event_signature_to_log_topic("CashOutRefused(bytes32,bytes4)")
_TRANSFER = event_signature_to_log_topic("Transfer(address,address,uint256)")
_SKIPPED = event_signature_to_log_topic("RewardSkipped(uint48)")
_SPENT = event_signature_to_log_topic("Spent(bytes32,address,uint64,uint256)")
_REFUNDED = event_signature_to_log_topic("Refunded(bytes32,bytes32,uint64,uint256)")
_GIVEN_BACK = event_signature_to_log_topic("AuthorizationRefunded(address,bytes32,address,uint256)")
_CASHED_OUT = event_signature_to_log_topic("CashedOut(uint64,bytes32,uint256)")


def minted(token: str, address: str, units: int, tx_hash: str) -> Log:
    """Points were made (ERC-20 Transfer from zero)."""
    return _log(token, tx_hash, units, _TRANSFER, bytes(32), _word(address))


def skipped(token: str, reward_id: int, tx_hash: str) -> Log:
    """A reward had been minted before."""
    return _log(token, tx_hash, reward_id, _SKIPPED)


def spent(
    desk: str, nonce: str, payer: str, merchant_pseudonym: int, units: int, *, tx_hash: str
) -> Log:
    """A payment was taken."""
    merchant = merchant_pseudonym.to_bytes(32, "big")
    return _log(desk, tx_hash, units, _SPENT, _word(nonce), _word(payer), merchant)


def refunded(
    desk: str, nonce: str, refund_ref: str, merchant_pseudonym: int, units: int, *, tx_hash: str
) -> Log:
    """Points went back, the desk says."""
    merchant = merchant_pseudonym.to_bytes(32, "big")
    return _log(desk, tx_hash, units, _REFUNDED, _word(nonce), _word(refund_ref), merchant)


def given_back(token: str, nonce: str, payer: str, units: int, *, tx_hash: str) -> Log:
    """Points went back, the token says."""
    who = _word(payer)
    return _log(token, tx_hash, units, _GIVEN_BACK, who, _word(nonce), who)


def cashed_out(
    desk: str, merchant_pseudonym: int, payout_ref: str, units: int, *, tx_hash: str
) -> Log:
    """Takings were burned."""
    merchant = merchant_pseudonym.to_bytes(32, "big")
    return _log(desk, tx_hash, units, _CASHED_OUT, merchant, _word(payout_ref))


def refused(desk: str, topic: bytes, reference: str, reason: bytes, tx_hash: str) -> Log:
    """An item of a batch was refused."""
    data = encode(["bytes4"], [reason])
    return Log(desk, (topic, _word(reference)), data, tx_hash, 0)


def _log(address: str, tx_hash: str, units: int, *topics: bytes) -> Log:
    return Log(address, topics, units.to_bytes(32, "big"), tx_hash, 0)


def _word(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x")).rjust(32, b"\0")
