"""The system of contracts as a few dictionaries: what the machine compares the chain with."""

from dataclasses import dataclass, field


@dataclass
class Reference:
    """Balances, consumed ids, payments and takings; no limits of time."""

    balances: dict[str, int] = field(default_factory=dict)
    consumed: set[int] = field(default_factory=set)
    paid: dict[bytes, tuple[str, int, int, int]] = field(default_factory=dict)
    takings: dict[int, int] = field(default_factory=dict)
    refunds: set[bytes] = field(default_factory=set)
    payouts: set[bytes] = field(default_factory=set)
    burned: int = 0
    minted: int = 0
    is_mint_paused: bool = False
    is_spend_paused: bool = False

    def mint(self, words: list[tuple[str, int, int]]) -> tuple[int, int] | None:
        """Return units minted and words skipped, `None` while mints are paused."""
        if self.is_mint_paused:
            return None
        before, skipped = self.minted, 0
        for recipient, reward_id, units in words:
            if reward_id in self.consumed:
                skipped += 1
                continue
            self.consumed.add(reward_id)
            self.balances[recipient] = self.balances.get(recipient, 0) + units
            self.minted += units
        return self.minted - before, skipped

    def spend(self, payer: str, merchant: int, units: int, nonce: bytes) -> bool:
        """Return whether the payment is taken."""
        if self.is_spend_paused:
            return False
        if nonce in self.paid or units == 0 or merchant not in self.takings or self.balances.get(payer, 0) < units:
            return False
        self.balances[payer] -= units
        self.takings[merchant] += units
        self.paid[nonce] = (payer, merchant, units, 0)
        return True

    def refund(self, nonce: bytes, units: int, ref: bytes) -> bool:
        """Return whether the refund is made."""
        payer, merchant, paid, back = self.paid[nonce]
        if self.is_spend_paused:
            return False
        if ref in self.refunds or units == 0 or units > self.takings[merchant] or units > paid - back:
            return False
        self.refunds.add(ref)
        self.takings[merchant] -= units
        self.balances[payer] += units
        self.paid[nonce] = (payer, merchant, paid, back + units)
        return True

    def cash_out(self, merchant: int, units: int, ref: bytes) -> bool:
        """Return whether the takings are burned."""
        if ref in self.payouts or units == 0 or units > self.takings.get(merchant, 0):
            return False
        self.payouts.add(ref)
        self.takings[merchant] -= units
        self.burned += units
        return True

    def recover(self, previous: str, replacement: str) -> bool:
        """Return whether a balance is moved as a whole."""
        units = self.balances.get(previous, 0)
        if self.is_spend_paused or previous == replacement or units == 0:
            return False
        self.balances[previous] = 0
        self.balances[replacement] = self.balances.get(replacement, 0) + units
        return True
