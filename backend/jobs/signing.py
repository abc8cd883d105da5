"""Ask a wallet service for signed bytes, and believe nothing that it answers unread."""

from typing import Any

import structlog

from backend.batches.models import Batch
from backend.batches.rules import Fees
from backend.chain import signed
from backend.chain.errors import SignedBytesUnreadableError
from backend.jobs.context import Context
from backend.jobs.instruments import SIGNER_CONTRADICTIONS
from backend.jobs.wallet_client import SignedTransaction
from backend.kernel.errors import EcoError, ErrorKind

log = structlog.get_logger()


class SignerContradictsError(EcoError):
    """The wallet service answered with other bytes than those asked for; nothing is stored."""

    def __init__(self, batch_id: str, what: str) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "signer_contradicts",
            f"The wallet service signed something else than it was asked to: {what}.",
            batch=batch_id,
        )


def sign(context: Context, batch: Batch, fees: Fees, *, request_id: str) -> SignedTransaction:
    """Have the reserved fields of a batch signed; the same id always gets the same bytes.

    Raises:
        SigningRefusedError: The policy says no.
        WalletUnavailableError: No answer.
        SignerContradictsError: The bytes are not what was asked for: wrong key, nonce,
            chain, contract, calldata, value or fees, or a hash that is not theirs.
    """
    wallet = context.wallet_for(batch.key_label)
    answer = wallet.sign_transaction(fields_of(batch, fees, request_id=request_id))
    wrong = _contradiction(answer, batch, fees)
    if wrong:
        SIGNER_CONTRADICTIONS.labels(batch.key_label).inc()
        log.error("signer_contradicts", batch=batch.id, key=batch.key_label, what=wrong)
        raise SignerContradictsError(batch.id, wrong)
    return answer


def fields_of(batch: Batch, fees: Fees, *, request_id: str) -> dict[str, Any]:
    """Return the body of a signing request."""
    return {
        "request_id": request_id,
        "key": batch.key_label,
        "chain_id": batch.chain_id,
        "genesis_hash": batch.genesis_hash,
        "nonce": batch.nonce,
        "to": batch.to_address,
        "data": batch.calldata,
        "gas": batch.gas,
        "max_fee_per_gas_wei": fees.max_fee_per_gas_wei,
        "max_priority_fee_per_gas_wei": fees.max_priority_fee_per_gas_wei,
        "value_wei": 0,
    }


def _contradiction(answer: SignedTransaction, batch: Batch, fees: Fees) -> str:
    """Return what the bytes say that was not asked for, "" when they are right."""
    try:
        found = signed.read(answer.raw)
    except SignedBytesUnreadableError as error:
        return error.code
    pairs = {
        "hash": (found.tx_hash, answer.tx_hash),
        "sender": (found.sender, batch.sender),
        "chain id": (found.chain_id, batch.chain_id),
        "nonce": (found.nonce, batch.nonce),
        "contract": (found.to_address.lower(), batch.to_address.lower()),
        "calldata": (found.data, batch.calldata),
        "value": (found.value_wei, 0),
        "gas": (found.gas, batch.gas),
        "fee": (found.max_fee_per_gas_wei, fees.max_fee_per_gas_wei),
        "tip": (found.max_priority_fee_per_gas_wei, fees.max_priority_fee_per_gas_wei),
    }
    return ", ".join(what for what, (is_, should) in pairs.items() if is_ != should)
