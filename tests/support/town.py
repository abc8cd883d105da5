"""A small town for tests of pages: one commune, one kiosk, one bin, one shop, its people.

The chain is left out: `confirm_rewards` and `settle_payments` do to the database what the
jobs do once a transaction is deep enough.
"""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI
from pydantic import SecretStr
from sqlmodel import Session, col, select

from backend.accounts import addresses, sessions
from backend.accounts import queries as account_queries
from backend.accounts import service as accounts
from backend.accounts.models import Account
from backend.accounts.rules import AccountKind, Role
from backend.actions import service as actions
from backend.app import create_app
from backend.batches.models import Batch
from backend.batches.rules import BatchKind, BatchState
from backend.cards import service as cards
from backend.cards.models import Card
from backend.db.engine import Database
from backend.devices import codes
from backend.devices import service as devices
from backend.devices.rules import DeviceKind
from backend.devices.service import NewDevice
from backend.ledger import names
from backend.ledger import service as ledger
from backend.market import spends
from backend.market.models import Payment
from backend.market.rules import PaymentState
from backend.merchants import service as merchants
from backend.merchants.models import Merchant
from backend.merchants.rules import MerchantKind, MerchantState
from backend.rewards import service as rewards
from backend.rewards.models import Reward
from backend.rewards.rules import RewardState
from backend.rulebook import service as editions
from backend.settings import Settings
from backend.territory import service as territory
from backend.territory.geo import Position
from backend.territory.models import Commune
from backend.territory.service import StationFacts
from backend.workflows import decide_claim, forecast, settle_batch
from tests.support.clock import FrozenClock

ROOT = Path(__file__).parents[2]
EDITION = ROOT / "backend/rulebook/editions/amp-2026-1.yaml"
GENESIS = "0x" + "11" * 32
REGION = {"epci": "200054807", "aom": "200054807", "dep": "13", "reg": "93"}


class Town:
    """What the tests of pages act on.

    Args:
        url: An empty database with the schema.
        clock: Moved by the test.
        mail: Folder of the local mailbox.
        like: A town whose database was copied to `url`; saves building it again.
    """

    def __init__(
        self, url: str, clock: FrozenClock, mail: Path, *, like: "Town | None" = None
    ) -> None:
        self.clock = clock
        self.mail = mail
        self.app: FastAPI = create_app(
            Settings(
                database_url=url, is_demo=True, maildir=mail, promise_secret=SecretStr("5e" * 32)
            ),
            clock=clock,
        )
        self.database: Database = self.app.state.database
        if like is not None:
            self.__dict__ = like.__dict__ | self.__dict__
            return
        self.kiosk_key = Ed25519PrivateKey.generate()
        self.bin_key = Ed25519PrivateKey.generate()
        self._batches = 0
        self._deposits = 0
        with self.database.transaction() as session:
            self._build(session)

    def _build(self, session: Session) -> None:
        now = self.clock.now()
        actions.open_incarnation(session, genesis_hash=GENESIS, number=1, home="test", at=now)
        session.add(
            Commune(
                insee_code="13055",
                name="Marseille",
                kind="commune",
                population=873_076,
                postcodes="13001",
                boundary="{}",
            )
        )
        session.flush()
        station = territory.put_station(
            session,
            StationFacts(
                source="test",
                source_ref="1",
                name="Vallon des Auffes",
                kind="kiosk",
                address="1 rue du Vallon",
                commune_code="13055",
                position=Position(43_285_000, 5_350_000),
                materials=("glass", "packaging"),
            ),
            at=now,
        )
        territory.set_reliability(session, station.id, 10_000)
        self.kiosk = self._device(session, DeviceKind.KIOSK, station.id, self.kiosk_key)
        self.bin = self._device(session, DeviceKind.BIN, station.id, self.bin_key)
        self.editor = self._staff(session, "redaction@test.example", "Samia", Role.RULES_EDITOR)
        self.operator = self._staff(session, "exploitation@test.example", "Alix", Role.ADMIN)
        self.reviewer = self._staff(session, "examen@test.example", "Zoé", Role.REVIEWER)
        self.auditor = self._staff(session, "controle@test.example", "Inès", Role.AUDITOR)
        self.treasurer = self._staff(session, "tresor@test.example", "Maud", Role.TREASURER)
        self.second_treasurer = self._staff(
            session, "tresor2@test.example", "Karim", Role.TREASURER
        )
        self.approver = self._staff(session, "second@test.example", "Luc", Role.RULES_APPROVER)
        editions.record_first(
            session,
            source_text=EDITION.read_text(),
            author_account_id=self.editor.id,
            effective_from=now.replace(month=1),
            at=now.replace(month=1),
        )
        self.baker = self._merchant(session, "boulanger@test.example", "Nadia")
        self.rival = self._merchant(session, "fleuriste@test.example", "Paul")
        self.shop = self._shop(session, "Boulangerie du Port", self.baker)
        self.helper = self._merchant(session, "maraudes@test.example", "Léa")
        self.association = self._shop(session, "Maraudes du Port", self.helper)
        self.association.kind = MerchantKind.ASSOCIATION
        session.add(self.association)
        session.flush()
        self.other_shop = self._shop(session, "Fleurs de la Plaine", self.rival)

    def _device(
        self, session: Session, kind: DeviceKind, station_id: str, key: Ed25519PrivateKey
    ) -> int:
        now = self.clock.now()
        _, code = devices.create_pending(
            session, NewDevice(kind, f"Borne {kind}", station_id, "glass"), now=now
        )
        public_key = key.public_key().public_bytes_raw().hex()
        return devices.enrol(session, code, public_key, now=now).number

    def _staff(self, session: Session, email: str, name: str, role: Role) -> Account:
        return accounts.seed_staff(
            session, email=email, display_name=name, role=role, now=self.clock.now()
        )

    def _merchant(self, session: Session, email: str, name: str) -> Account:
        return accounts.create_account(
            session,
            kind=AccountKind.MERCHANT,
            email=email,
            display_name=name,
            now=self.clock.now(),
        )

    def _shop(self, session: Session, name: str, owner: Account) -> Merchant:
        merchant = merchants.register(
            session,
            name=name,
            commune_code="13055",
            owner_account_id=owner.id,
            daily_cap_units=5_000_000,
            at=self.clock.now(),
        )
        for source, target in (
            (MerchantState.DRAFT, MerchantState.REGISTERING),
            (MerchantState.REGISTERING, MerchantState.ACTIVE),
        ):
            merchants.move(session, [merchant.id], source=source, target=target, batch_id=None)
        return merchant

    def sign_in(self, account_id: str) -> str:
        """Open a session and return its token."""
        with self.database.transaction() as session:
            account = account_queries.get(session, account_id)
            assert account is not None
            return sessions.open_session(session, account, now=self.clock.now())

    def citizen(self, email: str, *, points: int = 0) -> str:
        """Open an account with an address and confirmed points; return its id."""
        with self.database.transaction() as session:
            account = accounts.create_account(
                session,
                kind=AccountKind.CITIZEN,
                email=email,
                display_name="",
                now=self.clock.now(),
            )
            self._address(session, account.id)
            if points:
                ledger.move(
                    session,
                    reference=f"test/{account.id}",
                    kind="reward_confirmed",
                    source=names.ISSUANCE,
                    target=names.confirmed(account.id),
                    units=points * 100,
                    at=self.clock.now(),
                )
            return account.id

    def card(self, session: Session, account_id: str) -> tuple[Card, str]:
        """Print a card of an account; return it with its secret."""
        return cards.issue(session, account_id, at=self.clock.now())

    def slot_code(self, seq: int = 0) -> str:
        """Return what the kiosk shows now."""
        slot = codes.slot_of(self.clock.now())
        return codes.encode_slot(self.kiosk_key, device=self.kiosk, slot=slot, seq=seq)

    def deposit_code(self, *, count: int = 3) -> str:
        """Return the code of a fresh deposit of glass."""
        self._deposits += 1
        return codes.encode_deposit(
            self.bin_key,
            device=self.bin,
            counter=self._deposits,
            material="glass",
            count=count,
            mass_g=400 * count,
            issued_at=self.clock.now().replace(microsecond=0),
        )

    def decide(self) -> None:
        """Give every pending claim its verdict."""
        while True:
            with self.database.transaction() as session:
                done = decide_claim.decide_next(session, region=REGION, now=self.clock.now())
            if done is None:
                return

    def forecast(self, number: int) -> None:
        """Compute what a draft would cost, as the job does."""
        with self.database.transaction() as session:
            material = forecast.gather(session, number, region=REGION, now=self.clock.now())
            assert material is not None
            editions.note_forecast(
                session,
                number,
                state="done",
                progress_percent=100,
                basis=material.basis,
                acts=len(material.acts),
                result=forecast.compare(material),
            )

    def confirm_rewards(self, account_id: str) -> None:
        """Mint what an account has ready and let it become final."""
        with self.database.transaction() as session:
            address = self._address(session, account_id)
            ready = session.exec(
                select(Reward).where(
                    col(Reward.account_id) == account_id, col(Reward.state) == RewardState.READY
                )
            ).all()
            batch = self._batch(session, BatchKind.MINT)
            rewards.put_in_batch(session, {r.reward_id: address for r in ready}, batch.id)
            settle_batch.confirm(session, batch, settle_batch.ChainFacts(), at=self.clock.now())

    def settle_payments(self) -> None:
        """Let every accepted payment become final."""
        with self.database.transaction() as session:
            accepted = session.exec(
                select(Payment).where(col(Payment.state) == PaymentState.ACCEPTED)
            ).all()
            batch = self._batch(session, BatchKind.SPEND)
            for payment in accepted:
                spends.store_authorisation(
                    session, payment.id, nonce="0x" + payment.id * 2, authorisation={}
                )
            spends.put_in_batch(session, [p.id for p in accepted], batch.id)
            settle_batch.confirm(session, batch, settle_batch.ChainFacts(), at=self.clock.now())

    def _address(self, session: Session, account_id: str) -> str:
        known = account_queries.spending_address(session, account_id)
        address = known or "0x" + account_id[-40:].rjust(40, "0")
        addresses.add_address(
            session,
            account_id=account_id,
            genesis_hash=GENESIS,
            address=address,
            index=0,
            now=self.clock.now(),
        )
        return address

    def _batch(self, session: Session, kind: BatchKind) -> Batch:
        self._batches += 1
        batch = Batch(
            kind=kind,
            state=BatchState.MINED,
            genesis_hash=GENESIS,
            chain_id=31337,
            key_label="minter",
            sender="0x" + "22" * 20,
            nonce=self._batches,
            to_address="0x" + "33" * 20,
            calldata="0x",
            gas=100_000,
            max_fee_per_gas_wei=1,
            max_priority_fee_per_gas_wei=1,
            created_at=self.clock.now(),
            tx_hash="0x" + f"{self._batches:064x}",
        )
        session.add(batch)
        session.flush()
        return batch
