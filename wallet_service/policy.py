"""What may be signed: pure judgement over a request, the pinned deployment and what was signed.

Denial is the default. Nothing here reads a clock, a file or the store: the caller hands in what
was used today and applies the charges of a grant in the transaction that signs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wallet_service.calldata import SELECTOR_BYTES, shape_of
from wallet_service.errors import (
    ConflictError,
    InvalidRequestError,
    LimitReachedError,
    PolicyDeniedError,
)
from wallet_service.limits import (
    SCHEDULE,
    WEI_PER_GWEI,
    CallRule,
    FeeLimits,
    Policy,
)
from wallet_service.metering import (
    Contracts,
    check_amounts,
    metered_units,
    recovery_parties,
)

BUMP_PERCENT = 110
"""A replacement must offer this share of the earlier fees.

Source: go-ethereum's txpool price bump of 10 %; docs/architecture.md, step Send."""
FILLER_GAS_MAX = 30_000
"""A gap filler is a plain transfer of nothing: 21 000 gas and a margin."""
CANCELLATION_SCOPE = "spend:cancellations"


@dataclass(frozen=True)
class Transaction:
    """One EIP-1559 transaction that a service key is asked to sign."""

    key: str
    sender: bytes
    chain_id: int
    nonce: int
    to: bytes
    data: bytes
    gas: int
    max_fee_per_gas_wei: int
    max_priority_fee_per_gas_wei: int
    value_wei: int = 0

    @property
    def is_filler(self) -> bool:
        """Whether it only consumes its nonce: nothing sent to oneself."""
        return self.to == self.sender and not self.data and self.value_wei == 0

    @property
    def worst_fee_gwei(self) -> int:
        """What it can cost at most, rounded up."""
        return -(-self.gas * self.max_fee_per_gas_wei // WEI_PER_GWEI)


@dataclass(frozen=True)
class Signed:
    """One signature given earlier for the same key, genesis and nonce."""

    to: bytes
    data: bytes
    is_filler: bool
    max_fee_per_gas_wei: int
    max_priority_fee_per_gas_wei: int
    worst_fee_gwei: int


@dataclass(frozen=True)
class Charge:
    """An amount to add to a counter of the day, never beyond its ceiling."""

    scope: str
    amount: int
    ceiling: int


@dataclass(frozen=True)
class Grant:
    """Permission to sign, and what it uses up."""

    items: int
    units: int
    charges: tuple[Charge, ...]
    parties: tuple[bytes, ...] = ()
    """Addresses of a recovery: one at least must be an account of this store."""
    leaves: tuple[bytes, ...] = ()
    """The same when the recovery is announced: the owner of the first must have agreed."""


def judge_transaction(
    policy: Policy, transaction: Transaction, contracts: Contracts, history: Sequence[Signed]
) -> Grant:
    """Decide whether a service key signs this transaction.

    Args:
        contracts: Addresses pinned for the genesis the transaction is meant for.
        history: Every signature already given for this key, genesis and nonce, oldest first.
    Returns:
        What it uses of today's ceilings; a replacement uses only the rise of its fee.
    Raises:
        PolicyDeniedError: No rule allows it, or it breaks a ceiling of its rule.
        ConflictError: The nonce was used for something else, or the fees rise too little.
    """
    _check_fees(policy.fees, transaction)
    if transaction.chain_id not in policy.chain_ids:
        raise PolicyDeniedError(
            "chain_denied", f"This instance does not sign for chain {transaction.chain_id}."
        )
    _check_history(transaction, history)
    fee_charge = _fee_charge(policy.fees, transaction, history)
    if transaction.is_filler:
        if transaction.gas > FILLER_GAS_MAX:
            raise PolicyDeniedError(
                "filler_gas", f"A gap filler needs {FILLER_GAS_MAX} gas at most."
            )
        return Grant(0, 0, (fee_charge,))
    rule = _rule_for(policy, transaction, contracts)
    amounts = metered_units(rule, transaction.data)
    check_amounts(rule, amounts)
    units = sum(amounts)
    parties = recovery_parties(
        rule, transaction.data, sender=transaction.sender, contracts=contracts
    )
    leaves = parties if rule.signature == SCHEDULE else ()
    if history:
        return Grant(len(amounts), units, (fee_charge,), parties, leaves)
    name = f"{rule.key}:{rule.contract}.{rule.signature.partition('(')[0]}"
    return Grant(
        len(amounts),
        units,
        (
            fee_charge,
            Charge(f"calls:{name}", 1, rule.calls_per_day_max),
            Charge(f"units:{name}", units, rule.units_per_day_max),
        ),
        parties,
        leaves,
    )


def check_charges(charges: Sequence[Charge], used: Mapping[str, int]) -> None:
    """Refuse when a charge would pass its ceiling.

    Args:
        used: What each scope has used today; an absent scope has used nothing.
    Raises:
        LimitReachedError: Names the first scope that is full.
    """
    for charge in charges:
        before = used.get(charge.scope, 0)
        if before + charge.amount > charge.ceiling:
            raise LimitReachedError(
                charge.scope, used=before, asked=charge.amount, ceiling=charge.ceiling
            )


def judge_payment(  # noqa: PLR0913 - each is one fact of the payment, none has a default
    policy: Policy,
    *,
    chain_id: int,
    account: str,
    merchant_id: int,
    units: int,
    remaining_validity_s: int,
    is_proved: bool,
    used: Mapping[str, int],
) -> Grant:
    """Decide whether the service signs a citizen's payment to the pinned desk.

    Args:
        remaining_validity_s: Seconds from now until the authorisation ends.
        is_proved: The citizen's passkey or PIN proof over this very payment was verified.
        used: Today's counters of the three scopes.
    Raises:
        PolicyDeniedError: No payments here, wrong amount or validity, or a proof is needed.
        LimitReachedError: The merchant's or the global ceiling of the day is reached.
    """
    limits = policy.spend
    if limits is None:
        raise PolicyDeniedError("payments_denied", "This instance signs no payments.")
    if chain_id not in policy.chain_ids:
        raise PolicyDeniedError(
            "chain_denied", f"This instance does not sign for chain {chain_id}."
        )
    if units <= 0:
        raise InvalidRequestError("units_not_positive", "A payment moves at least one unit.")
    if not limits.validity_s_min <= remaining_validity_s <= limits.validity_s_max:
        raise PolicyDeniedError(
            "validity_denied",
            f"A payment stays valid between {limits.validity_s_min} and {limits.validity_s_max} s.",
        )
    account_scope, merchant_scope, global_scope = payment_scopes(account, merchant_id)
    charges = [
        Charge(merchant_scope, units, limits.merchant_units_per_day_max),
        Charge(global_scope, units, limits.global_units_per_day_max),
    ]
    if not is_proved:
        unproved = used.get(account_scope, 0) + units
        if units > limits.proof_above_units or unproved > limits.account_units_per_day_max:
            raise PolicyDeniedError(
                "proof_required",
                "This payment needs the citizen's passkey or PIN; ask for it and try again.",
            )
        charges.append(Charge(account_scope, units, limits.account_units_per_day_max))
    check_charges(charges, used)
    return Grant(1, units, tuple(charges))


def judge_cancellation(policy: Policy, *, chain_id: int, used: Mapping[str, int]) -> Grant:
    """Decide whether the service calls a payment off.

    It moves nothing and stops only what the same key may have signed, so that no proof is
    asked; the ceiling bounds what a runner gone wrong can make the gas payer spend.

    Raises:
        PolicyDeniedError: No payments here, or not on this chain.
        LimitReachedError: The ceiling of the day is reached.
    """
    limits = policy.spend
    if limits is None:
        raise PolicyDeniedError("payments_denied", "This instance signs no payments.")
    if chain_id not in policy.chain_ids:
        raise PolicyDeniedError(
            "chain_denied", f"This instance does not sign for chain {chain_id}."
        )
    charge = Charge(CANCELLATION_SCOPE, 1, limits.cancellations_per_day_max)
    check_charges([charge], used)
    return Grant(1, 0, (charge,))


def payment_scopes(account: str, merchant_id: int) -> tuple[str, str, str]:
    """Name the counters that a payment touches: account without proof, merchant, everybody."""
    return f"spend:account:{account}", f"spend:merchant:{merchant_id}", "spend:global"


def _check_fees(limits: FeeLimits, transaction: Transaction) -> None:
    tip, fee = transaction.max_priority_fee_per_gas_wei, transaction.max_fee_per_gas_wei
    if tip > fee:
        raise InvalidRequestError("fee_order", "The priority fee exceeds the fee ceiling.")
    if transaction.value_wei != 0:
        raise PolicyDeniedError("value_denied", "No key of this service sends native coin.")
    if transaction.gas > limits.gas_limit_max:
        raise PolicyDeniedError(
            "gas_denied", f"{transaction.gas} gas is above the ceiling of {limits.gas_limit_max}."
        )
    if fee > limits.max_fee_per_gas_gwei_max * WEI_PER_GWEI:
        raise PolicyDeniedError(
            "fee_denied", f"The fee is above {limits.max_fee_per_gas_gwei_max} gwei per gas."
        )
    if tip > limits.max_priority_fee_per_gas_gwei_max * WEI_PER_GWEI:
        raise PolicyDeniedError(
            "tip_denied",
            f"The tip is above {limits.max_priority_fee_per_gas_gwei_max} gwei per gas.",
        )


def _check_history(transaction: Transaction, history: Sequence[Signed]) -> None:
    if not history or transaction.is_filler:
        # A filler moves nothing, so a second one or one beside the payload cannot pay twice.
        return
    payload = next((signed for signed in history if not signed.is_filler), None)
    if payload is None or (payload.to, payload.data) != (transaction.to, transaction.data):
        raise ConflictError(
            "nonce_taken",
            f"Nonce {transaction.nonce} of key {transaction.key} was signed for something else.",
            nonce=transaction.nonce,
        )
    fee = max(signed.max_fee_per_gas_wei for signed in history)
    tip = max(signed.max_priority_fee_per_gas_wei for signed in history)
    if not (
        _is_bumped(transaction.max_fee_per_gas_wei, over=fee)
        and _is_bumped(transaction.max_priority_fee_per_gas_wei, over=tip)
    ):
        raise ConflictError(
            "fee_bump_too_small",
            f"A replacement raises both fees by 10 %: above {fee} and {tip} wei.",
            nonce=transaction.nonce,
        )


def _is_bumped(fee_wei: int, *, over: int) -> bool:
    return fee_wei * 100 >= over * BUMP_PERCENT


def _fee_charge(limits: FeeLimits, transaction: Transaction, history: Sequence[Signed]) -> Charge:
    # Only one transaction of a nonce is ever mined, so a slot costs its dearest signature.
    paid = max((signed.worst_fee_gwei for signed in history), default=0)
    rise = max(0, transaction.worst_fee_gwei - paid)
    return Charge(f"fees:{transaction.key}", rise, limits.fee_gwei_per_day_max)


def _rule_for(policy: Policy, transaction: Transaction, contracts: Contracts) -> CallRule:
    selector = transaction.data[:SELECTOR_BYTES]
    for rule in policy.calls:
        if (
            rule.key == transaction.key
            and contracts.get(rule.contract) == transaction.to
            and shape_of(rule.signature).selector == selector
        ):
            return rule
    raise PolicyDeniedError(
        "call_denied",
        f"No rule lets key {transaction.key} call 0x{selector.hex()} of 0x{transaction.to.hex()}.",
    )
