"""The HTTP application: twelve routes over the use cases, no logic."""

from typing import Annotated

from fastapi import FastAPI, Query

from wallet_service import (
    accounts,
    cancellations,
    departures,
    deployments,
    factors,
    payments,
    problems,
    schemas,
    transactions,
)
from wallet_service.hashing import checksummed
from wallet_service.store import journal_rows, read_meta
from wallet_service.wallet import Wallet


def create_app(wallet: Wallet) -> FastAPI:
    """Build the application of one instance."""
    app = FastAPI(title="Calanque wallet service", docs_url=None, redoc_url=None)
    problems.install(app, wallet)
    _add_reading_routes(app, wallet)
    _add_signing_routes(app, wallet)
    _add_account_routes(app, wallet)
    return app


def _add_reading_routes(app: FastAPI, wallet: Wallet) -> None:
    @app.get("/v1/health")
    def health() -> schemas.Health:
        """Tell whether the instance signs, and how much it has signed."""
        with wallet.store.transaction() as session:
            return schemas.Health(
                status="ok" if read_meta(session, "frozen") is None else "frozen",
                instance=str(wallet.policy.instance),
                keys=len(wallet.signers),
                journal_rows=journal_rows(session),
                pin_key="0x" + factors.pin_key(wallet.vault).hex(),
            )

    @app.get("/v1/keys")
    def keys() -> schemas.Keys:
        """List the service keys and their addresses."""
        return schemas.Keys(
            keys=[
                schemas.KeyAddress(label=label, address=checksummed(signer.address))
                for label, signer in wallet.signers.items()
            ]
        )


def _add_signing_routes(app: FastAPI, wallet: Wallet) -> None:
    @app.put("/v1/policy/deployment")
    def pin_deployment(body: schemas.DeploymentIn) -> schemas.DeploymentOut:
        """Pin the contracts of a chain, once per genesis."""
        return deployments.pin(wallet, body)

    @app.post("/v1/transactions")
    def sign_transaction(body: schemas.TransactionIn) -> schemas.TransactionOut:
        """Sign a transaction of a service key; it is not broadcast."""
        return transactions.sign(wallet, body)

    @app.get("/v1/journal")
    def read_journal(
        genesis_hash: schemas.Hash, key: str, from_nonce: Annotated[int, Query(ge=0)] = 0
    ) -> schemas.Journal:
        """List the nonces that a service key has signed."""
        return transactions.journal(
            wallet, key=key, genesis_hash=genesis_hash, from_nonce=from_nonce
        )

    @app.post("/v1/authorizations")
    def sign_authorization(body: schemas.AuthorizationIn) -> schemas.AuthorizationOut:
        """Sign a citizen's payment to the desk."""
        return payments.authorize(wallet, body)

    @app.post("/v1/cancellations")
    def sign_cancellation(body: schemas.CancellationIn) -> schemas.AuthorizationOut:
        """Sign that a citizen's payment can no longer be taken."""
        return cancellations.cancel(wallet, body)


def _add_account_routes(app: FastAPI, wallet: Wallet) -> None:
    @app.post("/v1/accounts")
    def create_account(body: schemas.AccountIn) -> schemas.AccountOut:
        """Give an account an address."""
        return accounts.create(wallet, body)

    @app.post("/v1/accounts/{address}/pin")
    def enrol_pin(address: schemas.Address, body: schemas.PINIn) -> schemas.FactorOut:
        """Enrol or replace a PIN."""
        return factors.enrol_pin(wallet, address, body)

    @app.post("/v1/accounts/{address}/passkey")
    def enrol_passkey(address: schemas.Address, body: schemas.PasskeyIn) -> schemas.FactorOut:
        """Enrol a passkey."""
        return factors.enrol_passkey(wallet, address, body)

    @app.post("/v1/accounts/{address}/departure")
    def agree_to_departure(
        address: schemas.Address, body: schemas.DepartureIn
    ) -> schemas.DepartureOut:
        """Take the citizen's word that points leave the account."""
        return departures.agree(wallet, address, body)

    @app.post("/v1/erasure")
    def erase(body: schemas.ErasureIn) -> schemas.ErasureOut:
        """Destroy the keys of an account."""
        return accounts.erase(wallet, body)
