"""The fields of a batch as the wallet service reads them."""

from typing import Any

from backend.batches.models import Batch
from backend.batches.rules import Fees


def fields_of(batch: Batch, fees: Fees, *, request_id: str) -> dict[str, Any]:
    """Return the body of a signing request; the same id always gets the same bytes."""
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
