"""Pins contract addresses to a chain's genesis: what was pinned once does not move."""

import json
from datetime import datetime

from sqlmodel import Session, col, select

from wallet_service import models, schemas
from wallet_service.errors import ConflictError, InvalidRequestError, PolicyDeniedError
from wallet_service.hashing import address_bytes, checksummed
from wallet_service.limits import ContractName
from wallet_service.metering import Contracts
from wallet_service.wallet import Envelope, Wallet, perform


def pin(wallet: Wallet, body: schemas.DeploymentIn) -> schemas.DeploymentOut:
    """Pin a deployment, or confirm that exactly this one is pinned.

    Raises:
        InvalidRequestError: A contract is missing, or two share an address.
        PolicyDeniedError: The chain, or this deployment of it, is not in the policy.
        ConflictError: Another deployment is pinned for this genesis or this chain.
    """
    contracts = _checksummed(body)

    def action(session: Session, now: datetime) -> schemas.DeploymentOut:
        _check_policy(wallet, body, contracts)
        _pin_once(wallet, session, body, contracts, now)
        return schemas.DeploymentOut(
            chain_id=body.chain_id,
            genesis_hash=body.genesis_hash,
            contracts={str(name): address for name, address in contracts.items()},
        )

    return perform(wallet, Envelope.of("deployment", body), action)


def pinned(session: Session, *, chain_id: int, genesis_hash: str) -> Contracts:
    """Return the contracts pinned for a genesis.

    Raises:
        ConflictError: Nothing is pinned for it, or it is pinned under another chain id.
    """
    row = session.get(models.Deployment, genesis_hash)
    if row is None:
        raise ConflictError(
            "deployment_not_pinned", "PUT /v1/policy/deployment for this genesis first."
        )
    if row.chain_id != chain_id:
        raise ConflictError(
            "chain_id_differs", f"This genesis is pinned for chain {row.chain_id}, not {chain_id}."
        )
    return {
        ContractName(name): address_bytes(address)
        for name, address in json.loads(row.contracts).items()
    }


def _checksummed(body: schemas.DeploymentIn) -> dict[ContractName, str]:
    contracts = {
        ContractName(name): checksummed(address_bytes(text))
        for name, text in body.contracts.items()
    }
    if set(contracts) != set(ContractName) or len(set(contracts.values())) != len(ContractName):
        raise InvalidRequestError(
            "contracts_incomplete",
            f"Name each of {', '.join(ContractName)} once, each at its own address.",
        )
    return contracts


def _check_policy(
    wallet: Wallet, body: schemas.DeploymentIn, contracts: dict[ContractName, str]
) -> None:
    if body.chain_id not in wallet.policy.chain_ids:
        raise PolicyDeniedError(
            "chain_denied", f"This instance does not sign for chain {body.chain_id}."
        )
    written = [item for item in wallet.policy.deployments if item.chain_id == body.chain_id]
    if written and not any(
        item.genesis_hash == body.genesis_hash and item.contracts == contracts for item in written
    ):
        raise PolicyDeniedError(
            "deployment_denied", "The policy file names another deployment for this chain."
        )


def _pin_once(
    wallet: Wallet,
    session: Session,
    body: schemas.DeploymentIn,
    contracts: dict[ContractName, str],
    now: datetime,
) -> None:
    stored = json.dumps({str(name): contracts[name] for name in ContractName})
    row = session.get(models.Deployment, body.genesis_hash)
    if row is not None:
        _complete(session, row, body.chain_id, stored)
        return
    # A signed transaction names its chain id only: a second genesis for one chain id would let
    # the same nonce be signed twice for the real chain.
    rival = session.exec(
        select(models.Deployment).where(col(models.Deployment.chain_id) == body.chain_id)
    ).first()
    if rival is not None and body.chain_id not in wallet.policy.disposable_chain_ids:
        raise ConflictError(
            "chain_pinned", f"Chain {body.chain_id} is pinned with another genesis."
        )
    session.add(
        models.Deployment(
            genesis_hash=body.genesis_hash,
            chain_id=body.chain_id,
            contracts=stored,
            pinned_at=now,
        )
    )


def _complete(session: Session, row: models.Deployment, chain_id: int, stored: str) -> None:
    """Let a store of an older version learn a contract that it did not know; nothing moves."""
    pinned_before, named = json.loads(row.contracts), json.loads(stored)
    is_same = all(named.get(name) == address for name, address in pinned_before.items())
    if row.chain_id != chain_id or not is_same:
        raise ConflictError("deployment_differs", "Another deployment is pinned for this genesis.")
    row.contracts = stored
    session.add(row)
