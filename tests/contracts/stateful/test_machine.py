"""Random mints, payments, refunds, cash-outs, recoveries and pauses on the real contracts.

Everything is compared with the reference after each step.
"""

import random

import pytest
from chain.scene import make_id, word
from eth_account import Account
from eth_utils import keccak
from reference import Reference

STEPS = 80
RECOVERY_DELAY_S = 31
"""One more than the manifest's delay of the role."""
MERCHANTS = (1, 2, 3)


class Machine:
    """One seeded run."""

    def __init__(self, scene, seed):
        self.scene, self.random, self.reference = scene, random.Random(seed), Reference()
        self.keys = [Account.from_key(keccak(text=f"key {i}")) for i in range(4)]
        self.desk, self.token = scene.at("RedemptionDesk"), scene.at("EcoToken")
        self.payments, self.recovered = {}, 0
        for merchant in MERCHANTS:
            scene.send("registrar", self.desk.functions.registerMerchant(merchant, 10**9))
            self.reference.takings[merchant] = 0

    def mint(self):
        """Few ids, so that many words repeat one, within the batch and across batches."""
        count = self.random.randint(1, 8)
        words = [
            (self.random.choice(self.keys).address, make_id(self.random.randrange(600)), self.random.randint(1, 40))
            for _ in range(count)
        ]
        packed = [word(*item) for item in words]
        expected = self.reference.mint(words)
        if expected is None:
            assert self.scene.issue(packed).status == 0
            return
        dry = self.scene.at("RewardIssuer").functions.dryRun(self.scene.people["minter"], 1, packed).call()
        receipt = self.scene.issue(packed)
        (event,) = self.scene.events(receipt, "RewardIssuer", "BatchIssued")
        assert (event["unitsMinted"], event["skipped"]) == expected == tuple(dry)

    def spend(self):
        key, merchant = self.random.choice(self.keys), self.random.choice((*MERCHANTS, 99))
        units, number = self.random.randint(1, 60), self.random.randrange(30)
        payment = self.scene.sign_spend(key, merchant, units, number)
        nonce = self.desk.functions.authorizationNonce(merchant, payment[5], payment[6]).call()
        # The contract keeps nonces per payer; the reference keys them by both.
        receipt = self.scene.send("deployer", self.desk.functions.spendBatch([payment]))
        taken = len(self.scene.events(receipt, "RedemptionDesk", "Spent")) == 1
        own = keccak(nonce + bytes.fromhex(key.address[2:]))
        assert taken == self.reference.spend(key.address, merchant, units, own)
        if taken:
            self.payments[own] = payment

    def refund(self):
        if not self.payments:
            return
        own = self.random.choice(sorted(self.payments))
        payment, units = self.payments[own], self.random.randint(0, 40)
        ref = keccak(text=f"refund {self.random.randrange(40)}")
        item = (payment[0], payment[0], units, payment[2], payment[5], payment[6], ref)
        receipt = self.scene.send("treasurer", self.desk.functions.refundBatch([item]))
        made = len(self.scene.events(receipt, "RedemptionDesk", "Refunded")) == 1
        assert made == self.reference.refund(own, units, ref)

    def cash_out(self):
        merchant, units = self.random.choice((*MERCHANTS, 99)), self.random.randint(0, 60)
        ref = keccak(text=f"payout {self.random.randrange(40)}")
        receipt = self.scene.send("treasurer", self.desk.functions.cashOutBatch([(merchant, units, ref)]))
        made = len(self.scene.events(receipt, "RedemptionDesk", "CashedOut")) == 1
        assert made == self.reference.cash_out(merchant, units, ref)

    def recover(self):
        """Announce a recovery, wait for its delay, and make it."""
        previous, replacement = (self.random.choice(self.keys).address for _ in range(2))
        call = self.token.functions.recover(previous, replacement)
        schedule = self.scene.at("PointsAccessManager").functions.schedule
        assert self.scene.send("recoverer", schedule(self.token.address, call._encode_transaction_data(), 0)).status
        self.scene.pass_time(RECOVERY_DELAY_S)
        made = self.scene.send("recoverer", call).status == 1
        assert made == self.reference.recover(previous, replacement)
        self.recovered += made
        if not made:
            # A refused one may be tried again until it lapses; the next random one must be a new one.
            manager = self.scene.at("PointsAccessManager").functions
            cancel = manager.cancel(self.scene.people["recoverer"], self.token.address, call._encode_transaction_data())
            assert self.scene.send("guardian", cancel).status == 1

    def toggle_mint_pause(self):
        """The guardian stops mints, the admin lets them go on."""
        reference, functions = self.reference, self.token.functions
        who, call = (
            ("deployer", functions.unpauseMint()) if reference.is_mint_paused else ("guardian", functions.pauseMint())
        )
        assert self.scene.send(who, call).status == 1
        reference.is_mint_paused = not reference.is_mint_paused

    def toggle_spend_pause(self):
        """The guardian stops payments, refunds and recoveries; takings can still be cashed out."""
        reference, functions = self.reference, self.token.functions
        who, call = (
            ("deployer", functions.unpauseSpend())
            if reference.is_spend_paused
            else ("guardian", functions.pauseSpend())
        )
        assert self.scene.send(who, call).status == 1
        reference.is_spend_paused = not reference.is_spend_paused

    def check(self):
        reference, token, desk = self.reference, self.token.functions, self.desk.functions
        for address, units in reference.balances.items():
            assert token.balanceOf(address).call() == units
        for merchant, units in reference.takings.items():
            assert desk.takingsOf(merchant).call() == units
        takings = sum(reference.takings.values())
        assert token.balanceOf(self.desk.address).call() == takings
        supply = token.totalSupply().call()
        assert supply == reference.minted - reference.burned == sum(reference.balances.values()) + takings


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_chain_and_reference_agree(scene, seed):
    machine = Machine(scene, seed)
    steps = [machine.mint, machine.spend, machine.refund, machine.cash_out] * 3 + [machine.spend] * 3
    steps += [machine.recover, machine.toggle_mint_pause, machine.toggle_spend_pause]
    for _ in range(STEPS):
        # A pause that lasted would leave nothing to compare.
        is_paused = machine.reference.is_mint_paused or machine.reference.is_spend_paused
        pauses = [machine.toggle_mint_pause] * machine.reference.is_mint_paused
        pauses += [machine.toggle_spend_pause] * machine.reference.is_spend_paused
        machine.random.choice(pauses * 4 + steps if is_paused else steps)()
        machine.check()
    assert machine.reference.burned > 0
    assert machine.reference.refunds
    assert machine.recovered > 0
