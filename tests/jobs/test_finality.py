"""What leads to a payout is read again when it is final: the first answer alone pays nobody."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import pytest

from backend.accounts.models import Account
from backend.batches.models import Batch
from backend.batches.rules import BatchKind, BatchState
from backend.chain.node import Mined
from backend.ledger import names
from backend.market.models import Payment
from backend.market.rules import PaymentState
from backend.merchants.models import Merchant
from backend.merchants.rules import MerchantState
from backend.payouts.models import Payout
from backend.settlement import service as settlement
from backend.workflows import pay_merchant
from tests.support import builders
from tests.support.builders import GLASS_UNITS, Terminal
from tests.support.works import CONFIRMATIONS, Works

Change = Callable[[Mined], Mined | None]
CHANGES: Mapping[str, Change] = {
    "it is gone": lambda _: None,
    "it failed": lambda mined: replace(mined, is_success=False, logs=()),
    "it is in a block that is not final": lambda mined: replace(
        mined, block_number=mined.block_number + 100
    ),
}


@dataclass
class Scene:
    """Somebody who may be paid by one fact."""

    works: Works
    alice: Account
    kiosk: Terminal
    shop: Merchant

    def mint(self) -> Callable[[], bool]:
        """A reward is minted; paid are points that can be spent."""
        self.works.claim(self.alice.id, self.kiosk.slot_code())
        return lambda: self.works.units(names.confirmed(self.alice.id)) == GLASS_UNITS

    def payment(self) -> Callable[[], bool]:
        """A payment is taken; paid is the shop."""
        self.mint()
        self.works.run()
        with self.works.database.transaction() as session:
            payment = pay_merchant.request(
                session, merchant_id=self.shop.id, units=100, label="", at=self.works.clock.now()
            )
            pay_merchant.pay(
                session,
                payment_id=payment.id,
                account_id=self.alice.id,
                now=self.works.clock.now(),
            )
        return lambda: (
            [row.state for row in self.works.all(Payment)] == [PaymentState.CONFIRMED]
            and self.works.units(names.takings(self.shop.id)) == 100
        )

    def cash_out(self) -> Callable[[], bool]:
        """Takings are burned; paid are euro that are owed."""
        self.payment()
        self.works.run()
        with self.works.database.transaction() as session:
            settlement.request_cash_out(
                session,
                merchant_id=self.shop.id,
                rate_micro_cents_per_unit=100_000,
                at=self.works.clock.now(),
            )
        return lambda: len(self.works.all(Payout)) == 1

    def registration(self) -> Callable[[], bool]:
        """A shop is registered; then it may take points."""
        made = builders.make_merchant(
            self.works.database, self.works.clock, state=MerchantState.DRAFT
        )
        return lambda: (
            made.id
            in {row.id for row in self.works.all(Merchant) if row.state == MerchantState.ACTIVE}
        )


FACTS: Mapping[BatchKind, Callable[[Scene], Callable[[], bool]]] = {
    BatchKind.MINT: Scene.mint,
    BatchKind.SPEND: Scene.payment,
    BatchKind.CASH_OUT: Scene.cash_out,
    BatchKind.REGISTER_MERCHANT: Scene.registration,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("kind", FACTS)
def test_nobody_is_paid_from_an_answer_that_changed_before_it_was_final(
    works: Works,
    kiosk: Terminal,
    alice: Account,
    monkeypatch: pytest.MonkeyPatch,
    kind: BatchKind,
    change: Change,
) -> None:
    shop = builders.make_merchant(works.database, works.clock)
    is_paid = FACTS[kind](Scene(works, alice, kiosk, shop))
    for _ in range(3):
        # Verdict, address and signature come one after the other.
        works.steps()
    works.node.mine()
    works.steps()
    (seen,) = [b for b in works.all(Batch) if b.kind == kind and b.state == BatchState.MINED]
    honest = works.node.mined

    def changed(tx_hash: str) -> Mined | None:
        answer = honest(tx_hash)
        return change(answer) if answer is not None and tx_hash == seen.tx_hash else answer

    with monkeypatch.context() as patch:
        patch.setattr(works.node, "mined", changed)
        works.node.mine(CONFIRMATIONS)
        works.steps()
        assert not is_paid()

    works.run(6)
    assert is_paid()
