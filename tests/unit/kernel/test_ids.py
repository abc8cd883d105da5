import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.kernel.ids import new_id, pack_reward_id, unpack_reward_id

TRANCHE = st.integers(0, 2**4 - 1)
INCARNATION = st.integers(0, 2**12 - 1)
COUNTER = st.integers(0, 2**32 - 1)


@given(tranche=TRANCHE, incarnation=INCARNATION, counter=COUNTER)
def test_reward_id_unpacks_to_its_parts_and_fits_48_bits(
    tranche: int, incarnation: int, counter: int
) -> None:
    packed = pack_reward_id(tranche=tranche, incarnation=incarnation, counter=counter)

    assert 0 <= packed < 2**48
    assert unpack_reward_id(packed) == (tranche, incarnation, counter)


def test_reward_id_has_the_layout_of_the_contract() -> None:
    packed = pack_reward_id(tranche=0xA, incarnation=0xBCD, counter=0x12345678)

    assert f"{packed:012x}" == "abcd12345678"


@pytest.mark.parametrize(
    ("part", "outside"),
    [
        ("tranche", 16),
        ("tranche", -1),
        ("incarnation", 4096),
        ("incarnation", -1),
        ("counter", 2**32),
        ("counter", -1),
    ],
)
def test_reward_id_refuses_a_part_that_would_spill_into_another(part: str, outside: int) -> None:
    parts = {"tranche": 0, "incarnation": 1, "counter": 1, part: outside}

    with pytest.raises(ValueError, match=part):
        pack_reward_id(**parts)


def test_new_ids_differ_and_follow_rfc_9562() -> None:
    ids = [new_id() for _ in range(1000)]

    assert len(set(ids)) == 1000
    assert all(len(value) == 32 for value in ids)
    assert {value[12] for value in ids} == {"7"}
    assert {value[16] for value in ids} <= set("89ab")


def test_new_ids_sort_by_the_millisecond_they_were_made_in() -> None:
    ids = [new_id() for _ in range(1000)]

    assert [value[:12] for value in ids] == sorted(value[:12] for value in ids)
