"""A wallet store older than the accounts: our copies of the sealed salts bring the keys back."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from backend.accounts.models import AccountAddress
from backend.jobs.return_salts import return_salts
from backend.jobs.steps.addresses import provide_addresses
from backend.jobs.wallet_client import SigningRefusedError, WalletClient
from backend.kernel.clock import SystemClock
from tests.support import builders
from tests.support.fakes import DEPLOYMENT
from tests.support.processes import ServerProcess
from tests.support.waiting import listens, wait_for
from tests.support.works import Works


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name: the path of a Unix socket has room for 100 bytes."""
    with tempfile.TemporaryDirectory(prefix="cal-", dir="/tmp") as name:
        yield Path(name)


@contextmanager
def running(folder: Path) -> Iterator[WalletClient]:
    """Run the real wallet service on the store of a folder."""
    env = {
        "WALLET_INSTANCE": "issuance",
        "WALLET_SOCKET": str(folder / "wallet.sock"),
        "WALLET_STORE": str(folder / "wallet.db"),
        "WALLET_KEK_FILE": str(folder / "kek.json"),
    }
    command = ["python", "-m", "wallet_service"]
    if not (folder / "wallet.db").exists():
        with ServerProcess([*command, "init"], log=folder / "log", env=env) as init:
            assert init.wait() == 0, init.output()
    path = folder / "wallet.sock"
    client = WalletClient(path)
    with ServerProcess(command, log=folder / "log", env=env):
        try:
            wait_for(lambda: listens(path), what="the wallet service answers", timeout_s=60)
            client.pin_deployment(
                chain_id=DEPLOYMENT.chain_id,
                genesis_hash=DEPLOYMENT.genesis_hash,
                contracts=DEPLOYMENT.contracts,
            )
            yield client
        finally:
            client.close()


def test_keys_of_accounts_made_since_the_wallets_backup_come_back(
    works: Works, folder: Path
) -> None:
    database, clock = works.database, works.clock
    early = builders.make_citizen(database, clock, has_address=False)
    with running(folder) as wallet:
        works.context = replace(works.context, wallet=wallet)
        provide_addresses(works.context)
    shutil.copytree(folder, folder / "backup", ignore=shutil.ignore_patterns("*.sock", "log"))
    late = builders.make_citizen(database, clock, has_address=False)
    with running(folder) as wallet:
        works.context = replace(works.context, wallet=wallet)
        provide_addresses(works.context)
    known = {row.account_id: row for row in works.all(AccountAddress)}
    assert set(known) >= {early.id, late.id}

    for path in folder.glob("wallet.db*"):
        path.unlink()
    for path in (folder / "backup").glob("wallet.db*"):
        shutil.copy(path, folder)
    with running(folder) as wallet:
        works.context = replace(works.context, wallet=wallet)
        with pytest.raises(SigningRefusedError) as refused:
            _pay(wallet, known[late.id].address)
        assert refused.value.facts["reason"] == "account_unknown"

        first, again = return_salts(works.context), return_salts(works.context)

        assert first == again
        assert (first.count, first.refused) == (len(known), {})
        _pay(wallet, known[late.id].address)


def _pay(wallet: WalletClient, address: str) -> None:
    wallet.sign_authorisation(
        {
            "request_id": f"payment/{address}",
            "address": address,
            "chain_id": DEPLOYMENT.chain_id,
            "genesis_hash": DEPLOYMENT.genesis_hash,
            "units": 100,
            "merchant_id": 7,
            "payment_ref": "0x" + "31" * 32,
            "salt": "0x" + "32" * 32,
            "valid_after": 0,
            "valid_before": int(SystemClock().now().timestamp()) + 40 * 86_400,
        }
    )
