"""Where our contracts are on one chain, as the deploy script wrote it down."""

import json
from dataclasses import dataclass
from pathlib import Path

from backend.chain.errors import DeploymentMissingError

CONTRACTS = ("EcoToken", "RewardIssuer", "RuleBook", "RedemptionDesk", "PointsAccessManager")


@dataclass(frozen=True)
class Deployment:
    """Addresses of the contracts on one chain.

    Attributes:
        chain_id: EIP-155 chain id.
        genesis_hash: Hash of block 0, which tells two local chains of one id apart.
        block_number: Block from which events of ours can exist.
        contracts: Contract name → checksum address.
        notice_s: Notice that the RuleBook asks for. Unit: seconds.
    """

    chain_id: int
    genesis_hash: str
    block_number: int
    contracts: dict[str, str]
    notice_s: int


def load(path: Path) -> Deployment:
    """Read a deployment file.

    Raises:
        DeploymentMissingError: There is no such file, or it is not complete.
    """
    try:
        document = json.loads(path.read_text())
        return Deployment(
            chain_id=document["chain_id"],
            genesis_hash=document["genesis_hash"],
            block_number=document["block"],
            contracts={name: document["contracts"][name] for name in CONTRACTS},
            notice_s=document["rulebook"]["notice_seconds"],
        )
    except (OSError, ValueError, KeyError) as error:
        raise DeploymentMissingError(str(path)) from error
