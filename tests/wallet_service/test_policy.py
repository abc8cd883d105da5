import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.support.wallets import CHAIN_ID, GWEI, issue_calldata, reward_word
from wallet_service.calldata import encode, shape_of
from wallet_service.errors import (
    ConflictError,
    InvalidRequestError,
    LimitReachedError,
    PolicyDeniedError,
    WalletError,
)
from wallet_service.limits import CallRule, ContractName, FeeLimits, Instance, Meter, Policy
from wallet_service.metering import metered_units
from wallet_service.policy import (
    Charge,
    Grant,
    Signed,
    Transaction,
    check_charges,
    judge_cancellation,
    judge_payment,
    judge_transaction,
)

SENDER, ISSUER, DESK = b"\x0a" * 20, b"\x02" * 20, b"\x04" * 20
CONTRACTS = {ContractName.REWARD_ISSUER: ISSUER, ContractName.REDEMPTION_DESK: DESK}
ISSUE_RULE = CallRule(
    key="minter",
    contract=ContractName.REWARD_ISSUER,
    signature="issue(uint32,bytes32,bytes32[])",
    meter=Meter.REWARD_WORDS,
    items_per_call_max=3,
    units_per_item_max=100,
    units_per_call_max=250,
    units_per_day_max=1_000,
    calls_per_day_max=10,
)
CASH_OUT_RULE = CallRule(
    key="treasurer",
    contract=ContractName.REDEMPTION_DESK,
    signature="cashOutBatch((uint64,uint96,bytes32)[])",
    meter=Meter.FIELD,
    units_field=1,
    items_per_call_max=2,
    units_per_item_max=50,
    units_per_call_max=80,
    units_per_day_max=100,
    calls_per_day_max=5,
)
POLICY = Policy(
    instance=Instance.ISSUANCE,
    chain_ids=(CHAIN_ID,),
    fees=FeeLimits(
        gas_limit_max=2_000_000,
        max_fee_per_gas_gwei_max=100,
        max_priority_fee_per_gas_gwei_max=10,
        fee_gwei_per_day_max=10**9,
    ),
    calls=(ISSUE_RULE, CASH_OUT_RULE),
)


def batch(*units: int, **changes: object) -> Transaction:
    words = [reward_word(number=number, units=each) for number, each in enumerate(units, 1)]
    fields = {
        "key": "minter",
        "sender": SENDER,
        "chain_id": CHAIN_ID,
        "nonce": 0,
        "to": ISSUER,
        "data": bytes.fromhex(issue_calldata(*words)[2:]),
        "gas": 1_000_000,
        "max_fee_per_gas_wei": 10 * GWEI,
        "max_priority_fee_per_gas_wei": GWEI,
    }
    return Transaction(**(fields | changes))  # type: ignore[arg-type]


def signed(transaction: Transaction) -> Signed:
    return Signed(
        to=transaction.to,
        data=transaction.data,
        is_filler=transaction.is_filler,
        max_fee_per_gas_wei=transaction.max_fee_per_gas_wei,
        max_priority_fee_per_gas_wei=transaction.max_priority_fee_per_gas_wei,
        worst_fee_gwei=transaction.worst_fee_gwei,
    )


def judge(transaction: Transaction, *history: Transaction) -> Grant:
    return judge_transaction(POLICY, transaction, CONTRACTS, [signed(each) for each in history])


def refusal(transaction: Transaction, *history: Transaction) -> str:
    with pytest.raises(WalletError) as raised:
        judge(transaction, *history)
    return raised.value.code


def test_a_batch_is_charged_by_units_calls_and_fees() -> None:
    grant = judge(batch(100, 50))

    assert grant == Grant(
        2,
        150,
        (
            Charge("fees:minter", 10_000_000, 10**9),
            Charge("calls:minter:RewardIssuer.issue", 1, 10),
            Charge("units:minter:RewardIssuer.issue", 150, 1_000),
        ),
    )


def test_a_replacement_is_charged_the_rise_of_its_fee_only() -> None:
    first = batch(100)
    dearer = batch(100, max_fee_per_gas_wei=12 * GWEI, max_priority_fee_per_gas_wei=2 * GWEI)

    assert judge(dearer, first).charges == (Charge("fees:minter", 2_000_000, 10**9),)


def test_a_cheaper_filler_costs_nothing_more() -> None:
    filler = batch(to=SENDER, data=b"", gas=21_000)

    assert judge(filler, batch(100)).charges == (Charge("fees:minter", 0, 10**9),)


def test_worst_fee_is_rounded_up() -> None:
    assert batch(gas=21_000, max_fee_per_gas_wei=1).worst_fee_gwei == 1
    assert batch(gas=21_000, max_fee_per_gas_wei=0).worst_fee_gwei == 0


@pytest.mark.parametrize(
    ("units", "allowed"),
    [((100,), True), ((101,), False), ((100, 100, 50), True), ((100, 100, 51), False)],
)
def test_ceilings_of_a_call_are_inclusive(units: tuple[int, ...], *, allowed: bool) -> None:
    if allowed:
        assert judge(batch(*units)).units == sum(units)
    else:
        assert refusal(batch(*units)) in {"item_units_denied", "call_units_denied"}


def test_a_batch_that_repeats_an_id_or_names_nobody_is_denied() -> None:
    twice = bytes.fromhex(issue_calldata(reward_word(number=4), reward_word(number=4))[2:])
    nobody = bytes.fromhex(issue_calldata(reward_word(recipient=0))[2:])

    assert refusal(batch(data=twice)) == "reward_id_repeated"
    assert refusal(batch(data=nobody)) == "recipient_missing"


def test_empty_and_overlong_batches_are_denied() -> None:
    empty = encode(shape_of(ISSUE_RULE.signature), (((1,),), ((5,),), ()))

    assert refusal(batch(data=empty)) == "items_denied"
    assert refusal(batch(1, 1, 1, 1)) == "items_denied"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"gas": 2_000_001}, "gas_denied"),
        ({"max_fee_per_gas_wei": 100 * GWEI + 1}, "fee_denied"),
        (
            {"max_fee_per_gas_wei": 20 * GWEI, "max_priority_fee_per_gas_wei": 10 * GWEI + 1},
            "tip_denied",
        ),
        ({"max_priority_fee_per_gas_wei": 10 * GWEI + 1}, "fee_order"),
        ({"value_wei": 1}, "value_denied"),
        ({"chain_id": 1}, "chain_denied"),
        ({"to": DESK}, "call_denied"),
        ({"key": "treasurer"}, "call_denied"),
        ({"data": b"\xde\xad\xbe\xef"}, "call_denied"),
        ({"to": SENDER, "data": b"", "value_wei": 1}, "value_denied"),
        ({"to": SENDER, "data": b"\1"}, "call_denied"),
        ({"to": SENDER, "data": b"", "gas": 30_001}, "filler_gas"),
    ],
)
def test_default_is_denial(changes: dict[str, object], code: str) -> None:
    assert refusal(batch(100, **changes)) == code


@pytest.mark.parametrize(
    "changes",
    [
        {"gas": 2_000_000},
        {"max_fee_per_gas_wei": 100 * GWEI},
        {"max_priority_fee_per_gas_wei": 10 * GWEI},
    ],
)
def test_ceilings_of_fees_are_inclusive(changes: dict[str, object]) -> None:
    assert judge(batch(100, **changes)).units == 100


def test_a_contract_that_is_not_pinned_is_never_called() -> None:
    with pytest.raises(PolicyDeniedError):
        judge_transaction(POLICY, batch(100), {}, [])


fees = st.integers(1, 50 * GWEI)


@given(first_fee=fees, first_tip=fees, fee=fees, tip=fees)
def test_a_replacement_needs_both_fees_ten_percent_higher(
    first_fee: int, first_tip: int, fee: int, tip: int
) -> None:
    first = batch(100, max_fee_per_gas_wei=first_fee, max_priority_fee_per_gas_wei=first_tip)
    second = batch(
        100, max_fee_per_gas_wei=max(fee, tip), max_priority_fee_per_gas_wei=min(tip, 10 * GWEI)
    )
    is_enough = (
        second.max_fee_per_gas_wei * 10 >= first_fee * 11
        and second.max_priority_fee_per_gas_wei * 10 >= first_tip * 11
    )

    assert _is_granted(second, first) == is_enough


def _is_granted(transaction: Transaction, *history: Transaction) -> bool:
    try:
        judge(transaction, *history)
    except ConflictError:
        return False
    return True


def test_a_nonce_that_was_filled_takes_no_payload_however_dear() -> None:
    filler = batch(to=SENDER, data=b"", gas=21_000)
    dear = batch(100, max_fee_per_gas_wei=90 * GWEI, max_priority_fee_per_gas_wei=9 * GWEI)

    assert refusal(dear, filler) == "nonce_taken"
    assert refusal(dear, filler, filler) == "nonce_taken"


@given(st.lists(st.sampled_from(["payload", "rival", "filler"]), max_size=6))
def test_whatever_the_order_one_nonce_has_one_effect(steps: list[str]) -> None:
    shapes = {
        "payload": batch(100),
        "rival": batch(99),
        "filler": batch(to=SENDER, data=b"", gas=21_000),
    }
    granted: list[Transaction] = []
    for position, step in enumerate(steps):
        scale = 120**position
        candidate = Transaction(
            **(
                vars(shapes[step])
                | {
                    "max_fee_per_gas_wei": GWEI * scale // 100**position,
                    "max_priority_fee_per_gas_wei": GWEI * scale // 100**position,
                }
            )
        )
        if _is_granted(candidate, *granted):
            granted.append(candidate)

    effects = {each.data for each in granted if not each.is_filler}
    assert len(effects) <= 1


def test_charges_stop_at_the_ceiling_and_not_before() -> None:
    charge = Charge("units", 40, 100)

    check_charges([charge], {"units": 60, "other": 999})
    with pytest.raises(LimitReachedError) as raised:
        check_charges([charge], {"units": 61})

    assert raised.value.facts == {"scope": "units", "used": 61, "asked": 40, "ceiling": 100}


def test_units_of_structs_are_read_from_their_field() -> None:
    data = encode(shape_of(CASH_OUT_RULE.signature), (((7, 30, 1), (8, 50, 2)),))

    assert metered_units(CASH_OUT_RULE, data) == (30, 50)


def test_a_call_without_units_counts_as_one_item_of_nothing() -> None:
    rule = CallRule(
        key="guardian",
        contract=ContractName.ECO_TOKEN,
        signature="pauseMint()",
        calls_per_day_max=1,
    )

    assert metered_units(rule, shape_of("pauseMint()").selector) == (0,)


@pytest.mark.parametrize(
    ("signature", "meter", "place"),
    [
        ("pauseMint()", "reward_words", (0, 0)),
        ("f(uint256[])", "field", (0, 1)),
        ("f(uint256)", "reward_words", (0, 0)),
        ("f((uint256,uint256)[])", "reward_words", (0, 0)),
        ("pauseMint()", "field", (0, 0)),
        ("f(uint256)", "field", (1, 0)),
        ("f((uint8,uint8))", "field", (0, 2)),
    ],
)
def test_a_meter_that_cannot_read_its_function_is_refused_when_the_file_is_read(
    signature: str, meter: str, place: tuple[int, int]
) -> None:
    with pytest.raises(ValidationError, match="cannot read the units"):
        CallRule(
            key="k",
            contract=ContractName.ECO_TOKEN,
            signature=signature,
            meter=Meter(meter),
            units_argument=place[0],
            units_field=place[1],
            calls_per_day_max=1,
        )


def test_a_policy_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(ValidationError, match="two rules"):
        Policy.model_validate(POLICY.model_dump() | {"calls": (ISSUE_RULE, ISSUE_RULE)})
    with pytest.raises(ValidationError, match="disposable_chain_ids"):
        Policy.model_validate(POLICY.model_dump() | {"disposable_chain_ids": (5,)})
    with pytest.raises(ValidationError, match="signature"):
        Policy.model_validate(
            POLICY.model_dump() | {"calls": (ISSUE_RULE.model_dump() | {"signature": "nonsense"},)}
        )


def test_an_instance_without_a_spend_section_signs_no_payment() -> None:
    with pytest.raises(PolicyDeniedError) as raised:
        _pay(policy=POLICY)

    assert raised.value.code == "payments_denied"


SPENDING = Policy.model_validate(
    POLICY.model_dump()
    | {
        "spend": {
            "proof_above_units": 500,
            "account_units_per_day_max": 800,
            "merchant_units_per_day_max": 5_000,
            "global_units_per_day_max": 9_000,
            "cancellations_per_day_max": 1,
            "validity_s_min": 10,
            "validity_s_max": 100,
            "passkey_rp_ids": (),
            "passkey_origins": (),
        }
    }
)


def _pay(**changes: object) -> Grant:
    fields: dict[str, object] = {
        "policy": SPENDING,
        "chain_id": CHAIN_ID,
        "account": "alice",
        "merchant_id": 7,
        "units": 500,
        "remaining_validity_s": 50,
        "is_proved": False,
        "used": {},
    }
    return judge_payment(**(fields | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"units": 501}, "proof_required"),
        ({"units": 500, "used": {"spend:account:alice": 301}}, "proof_required"),
        ({"remaining_validity_s": 9}, "validity_denied"),
        ({"remaining_validity_s": 101}, "validity_denied"),
        ({"chain_id": 5}, "chain_denied"),
        ({"units": 0}, "units_not_positive"),
        ({"units": 5_001, "is_proved": True}, "limit_reached"),
        ({"used": {"spend:merchant:7": 4_501}}, "limit_reached"),
        ({"used": {"spend:global": 8_501}}, "limit_reached"),
    ],
)
def test_payments_are_denied(changes: dict[str, object], code: str) -> None:
    with pytest.raises(WalletError) as raised:
        _pay(**changes)

    assert raised.value.code == code


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"used": {"spend:account:alice": 300}},
        {"used": {"spend:merchant:7": 4_500, "spend:global": 8_500}},
        {"remaining_validity_s": 10},
        {"remaining_validity_s": 100},
        {"units": 5_000, "is_proved": True, "used": {"spend:account:alice": 800}},
    ],
)
def test_payments_pass_up_to_each_ceiling(changes: dict[str, object]) -> None:
    assert _pay(**changes).items == 1


def test_a_proved_payment_leaves_the_unproved_allowance_alone() -> None:
    scopes = {charge.scope for charge in _pay(is_proved=True).charges}

    assert scopes == {"spend:merchant:7", "spend:global"}


@given(st.lists(st.integers(1, 600), max_size=40))
def test_without_proof_an_account_never_spends_more_than_its_day(amounts: list[int]) -> None:
    used: dict[str, int] = {}
    spent = 0
    for units in amounts:
        try:
            grant = _pay(units=units, used=used)
        except (PolicyDeniedError, LimitReachedError, InvalidRequestError):
            continue
        spent += grant.units
        for charge in grant.charges:
            used[charge.scope] = used.get(charge.scope, 0) + charge.amount

    assert spent <= 800
    assert used.get("spend:account:alice", 0) == spent


@pytest.mark.parametrize(
    ("policy", "chain_id", "code"),
    [(POLICY, CHAIN_ID, "payments_denied"), (SPENDING, 5, "chain_denied")],
)
def test_calling_off_is_denied_where_payments_are(policy: Policy, chain_id: int, code: str) -> None:
    assert judge_cancellation(SPENDING, chain_id=CHAIN_ID, used={}).items == 1

    with pytest.raises(PolicyDeniedError) as raised:
        judge_cancellation(policy, chain_id=chain_id, used={})

    assert raised.value.code == code
