from hypothesis import given
from hypothesis import strategies as st

from backend.chain import quorum

TRUTH, LIE = "truth", "lie"


def test_one_or_two_nodes_are_believed_and_more_need_a_majority() -> None:
    assert [quorum.needed(nodes) for nodes in range(1, 7)] == [1, 1, 2, 3, 3, 4]


def test_two_against_one_is_a_result_and_names_the_third() -> None:
    vote = quorum.count({"a": LIE, "b": TRUTH, "c": TRUTH}, quorum=2)

    assert vote == quorum.Vote(TRUTH, is_agreed=True, against=frozenset({"a"}))


def test_what_one_alone_knows_is_not_known() -> None:
    vote = quorum.count({"a": LIE, "b": None, "c": None}, quorum=2)

    assert (vote.value, vote.is_agreed) == (None, True)


def test_one_against_one_is_no_result() -> None:
    assert not quorum.count({"a": LIE, "b": TRUTH}, quorum=2).is_agreed
    assert not quorum.count({"a": TRUTH, "b": None}, quorum=2).is_agreed


@given(
    honest=st.lists(st.sampled_from([TRUTH, None]), min_size=2, max_size=2),
    liar=st.sampled_from([TRUTH, LIE, None]),
)
def test_one_liar_of_three_makes_no_truth(honest: list[str | None], liar: str | None) -> None:
    vote = quorum.count({"a": liar, "b": honest[0], "c": honest[1]}, quorum=2)

    assert vote.value != LIE
    if honest == [TRUTH, TRUTH]:
        assert vote.value == TRUTH


@given(honest=st.tuples(st.integers(0, 9), st.integers(0, 9)), liar=st.integers(-99, 99))
def test_one_liar_of_three_moves_no_number_beyond_the_honest(
    honest: tuple[int, int], liar: int
) -> None:
    found = quorum.reached([*honest, liar], quorum=2)

    assert min(honest) <= found <= max(honest)
