"""What every step gets: the connections of the process and the numbers that it may use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from backend.batches.service import Sender
from backend.chain.contracts import Contracts
from backend.chain.node import Node
from backend.db.engine import Database
from backend.jobs.carpool_register import CarpoolRegister
from backend.jobs.gbfs import BikeFeeds
from backend.jobs.mail import MailTransport
from backend.jobs.wallet_client import Wallet
from backend.kernel.clock import Clock

GUARDIAN_KEY = "guardian"
"""Label of the one key of wallet service B; it can only stop or lower."""


@dataclass(frozen=True)
class Context:
    """One runner's tools.

    Attributes:
        mail_from: Sender of mails.
        linger: How long a mint batch waits for company.
        confirmations_min: Blocks on top of a transaction before it counts.
        batch_max_items: Rewards per mint batch.
        publication_margin: Added to the notice of an edition.
        region_codes: Codes that hold for the whole territory.
        partner_keys: Device number of a partner scheme → the secret that it shares with us.
        wallet: Wallet service A: accounts, minters, gas payers.
        guardian: Wallet service B: the guardian.
        register: The national carpool register.
        key_addresses: Key label → address, from both wallet services.
        rate_micro_cents_per_unit: What a merchant is paid per unit.
        sepa_folder: Where the bank's transfer client picks files up.
        public_url: Address of the pages, without a slash at the end; stands in mails.
        custody_cooldown: Between the proof of an own wallet and the move of the points.
        bikes: Stations of shared bikes; none by default.
    """

    database: Database
    clock: Clock
    node: Node
    contracts: Contracts
    wallet: Wallet
    guardian: Wallet
    register: CarpoolRegister
    mail: MailTransport
    mail_from: str
    linger: timedelta
    confirmations_min: int
    batch_max_items: int
    publication_margin: timedelta
    region_codes: Mapping[str, str]
    partner_keys: Mapping[int, bytes]
    key_addresses: Mapping[str, str]
    rate_micro_cents_per_unit: int
    sepa_folder: Path
    custody_cooldown: timedelta
    public_url: str
    bikes: BikeFeeds = field(default_factory=BikeFeeds)

    @property
    def genesis_hash(self) -> str:
        """Hash of the chain's block 0."""
        return self.contracts.deployment.genesis_hash

    def wallet_for(self, key_label: str) -> Wallet:
        """Return the wallet service that holds a service key."""
        return self.guardian if key_label == GUARDIAN_KEY else self.wallet

    def sender(self, key_label: str) -> Sender:
        """Return the sender that a key of the wallet service is on this chain."""
        return Sender(
            genesis_hash=self.genesis_hash,
            chain_id=self.contracts.deployment.chain_id,
            key_label=key_label,
            address=self.key_addresses[key_label],
        )
