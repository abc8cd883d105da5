"""The shape of a policy file: what each key may call, and every ceiling. No I/O, no judgement."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from wallet_service.calldata import ArgumentShape, shape_of
from wallet_service.hashing import address_bytes, checksummed

TRANSACTION_GAS_MAX = 16_777_216
"""Gas that one transaction may ask for. Source: EIP-7825, 2^24."""
GAS_SHARE_PERCENT = 85
"""Share of that cap we use, so that a fork that re-prices opcodes does not strand a batch."""
GAS_LIMIT_MAX = TRANSACTION_GAS_MAX * GAS_SHARE_PERCENT // 100
WEI_PER_GWEI = 10**9

RECOVER = "recover(address,address)"
SCHEDULE = "schedule(address,bytes,uint48)"
CANCEL = "cancel(address,address,bytes)"
RECOVERIES = (RECOVER, SCHEDULE, CANCEL)
"""What the recoverer may call: the token, and OpenZeppelin's AccessManager for that call alone."""

Units = Annotated[int, Field(ge=0, lt=2**53)]
Count = Annotated[int, Field(ge=0, lt=2**53)]


class Instance(StrEnum):
    """Which keys a running wallet service holds."""

    ISSUANCE = "issuance"
    """Citizens' accounts, minter, publisher, registrar, treasurer and gas payer."""
    GUARDIAN = "guardian"
    """The guardian only, elsewhere: it can stop and lower, never move."""


class ContractName(StrEnum):
    """Contracts that a deployment pins."""

    ECO_TOKEN = "EcoToken"  # noqa: S105 - a contract's name, no secret
    REWARD_ISSUER = "RewardIssuer"
    RULE_BOOK = "RuleBook"
    REDEMPTION_DESK = "RedemptionDesk"
    ACCESS_MANAGER = "PointsAccessManager"


class Meter(StrEnum):
    """How the units of a call are read from its arguments."""

    NONE = "none"
    """The call moves no units."""
    REWARD_WORDS = "reward_words"
    """Last argument is a list of words address(160) ‖ id(48) ‖ units(48)."""
    FIELD = "field"
    """A field of one argument holds the amount; see `units_argument` and `units_field`."""
    RECOVERY = "recovery"
    """The call is, schedules or cancels EcoToken.recover between two addresses; it names no units,
    and one of the two must be an account of this store."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CallRule(_Section):
    """One permission: this key may call this function of this contract within these ceilings."""

    key: str = Field(description="label of the service key")
    contract: ContractName = Field(description="contract, as pinned for the chain's genesis")
    signature: str = Field(description="canonical Solidity signature")
    meter: Meter = Field(Meter.NONE, description="where the units are found")
    units_argument: int = Field(0, ge=0, description="meter field: which argument, from 0")
    units_field: int = Field(0, ge=0, description="meter field: which of its fields, from 0")
    items_per_call_max: Count = Field(1, description="rewards, payments or rows in one call")
    units_per_item_max: Units = Field(0, description="units of one item")
    units_per_call_max: Units = Field(0, description="units of one call")
    units_per_day_max: Units = Field(0, description="units of this key and function per UTC day")
    calls_per_day_max: Count = Field(description="calls of this key and function per UTC day")

    @model_validator(mode="after")
    def _meter_fits(self) -> "CallRule":
        arguments = shape_of(self.signature).arguments
        fits = {
            Meter.NONE: True,
            Meter.REWARD_WORDS: bool(arguments)
            and arguments[-1] == ArgumentShape(bits=(256,), is_array=True),
            Meter.RECOVERY: self.signature in RECOVERIES,
            Meter.FIELD: self.units_argument < len(arguments)
            and self.units_field < len(arguments[self.units_argument].bits),
        }
        if not fits[self.meter]:
            raise ValueError(f"meter {self.meter} cannot read the units of {self.signature}")
        return self


class FeeLimits(_Section):
    """Ceilings on what a transaction may cost."""

    gas_limit_max: int = Field(GAS_LIMIT_MAX, ge=21_000, le=GAS_LIMIT_MAX, description="gas")
    max_fee_per_gas_gwei_max: int = Field(ge=1, description="fee ceiling per gas, gwei")
    max_priority_fee_per_gas_gwei_max: int = Field(ge=0, description="tip ceiling per gas, gwei")
    fee_gwei_per_day_max: int = Field(
        ge=1, lt=2**53, description="worst-case fees of one key per UTC day, gwei"
    )


class SpendLimits(_Section):
    """Ceilings on payments that the service signs for citizens."""

    proof_above_units: Units = Field(description="a payment above this needs the citizen's proof")
    account_units_per_day_max: Units = Field(description="without proof, per account and UTC day")
    merchant_units_per_day_max: Units = Field(description="with or without proof, per merchant")
    global_units_per_day_max: Units = Field(description="with or without proof, all accounts")
    cancellations_per_day_max: Count = Field(
        0, description="payments called off, all accounts, per UTC day"
    )
    validity_s_min: int = Field(ge=0, description="least remaining validity, seconds")
    validity_s_max: int = Field(ge=1, description="greatest remaining validity, seconds")
    passkey_rp_ids: tuple[str, ...] = Field(description="relying parties whose passkeys count")
    passkey_origins: tuple[str, ...] = Field(description="origins whose passkey prompts count")
    pin_attempts_max: int = Field(5, ge=1, le=10, description="wrong PINs before the lock")
    pin_lock_s: int = Field(900, ge=1, description="seconds of the lock")
    factor_delay_s: int = Field(
        259_200, ge=0, description="seconds before an unproved replacement of a factor counts"
    )


class PinnedDeployment(_Section):
    """A deployment that the operator wrote down: nobody can pin another one for this chain."""

    chain_id: int = Field(ge=1, description="chain id")
    genesis_hash: str = Field(pattern=r"^0x[0-9a-f]{64}$", description="hash of block 0")
    contracts: dict[ContractName, str] = Field(description="address of each contract")

    @field_validator("contracts")
    @classmethod
    def _checksummed(cls, contracts: dict[ContractName, str]) -> dict[ContractName, str]:
        return {name: checksummed(address_bytes(text)) for name, text in contracts.items()}


class Policy(_Section):
    """Everything that an instance may do; what is not listed is denied."""

    instance: Instance = Field(description="which keys this file is for")
    chain_ids: tuple[int, ...] = Field(description="chains we sign for at all")
    disposable_chain_ids: tuple[int, ...] = Field(
        (), description="development chains that may come back with another genesis"
    )
    fees: FeeLimits
    calls: tuple[CallRule, ...]
    spend: SpendLimits | None = Field(None, description="absent: no payment is ever signed")
    deployments: tuple[PinnedDeployment, ...] = ()

    @model_validator(mode="after")
    def _is_consistent(self) -> "Policy":
        if not set(self.disposable_chain_ids) <= set(self.chain_ids):
            raise ValueError("disposable_chain_ids must be among chain_ids")
        places = [
            (rule.key, rule.contract, shape_of(rule.signature).selector) for rule in self.calls
        ]
        if len(places) != len(set(places)):
            raise ValueError("two rules for the same key, contract and function")
        return self
