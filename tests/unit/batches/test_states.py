from backend.batches.rules import LEGAL, MOVES, OPEN_STATES, BatchState, sources_of

FINAL = set(BatchState) - set(OPEN_STATES)


def test_each_state_but_the_first_can_be_reached_from_it() -> None:
    reached = {BatchState.RESERVED}
    for _ in BatchState:
        reached |= {move.target for move in MOVES if move.source in reached}

    assert reached == set(BatchState)


def test_no_move_goes_back_before_what_was_signed() -> None:
    # Signed bytes exist for ever: only a batch without items is reserved again, as a filler.
    assert set(sources_of(BatchState.RESERVED)) == {BatchState.REPLACED, BatchState.REVERTED}
    assert sources_of(BatchState.SIGNED) == [BatchState.RESERVED]


def test_a_batch_is_confirmed_only_out_of_a_block() -> None:
    assert sources_of(BatchState.CONFIRMED) == [BatchState.MINED]


def test_a_lost_nonce_comes_back_as_a_filler_only() -> None:
    targets = [move.target for move in MOVES if move.source == BatchState.REPLACED]
    assert targets == [BatchState.RESERVED]


def test_whatever_a_block_decided_a_reorganisation_can_undo() -> None:
    decided = (BatchState.MINED, BatchState.CONFIRMED)

    assert all((state, BatchState.SENT) in LEGAL for state in decided)
    # What the contract refused is elsewhere since: only its nonce is used again.
    assert (BatchState.REVERTED, BatchState.SENT) not in LEGAL
    assert (BatchState.REVERTED, BatchState.RESERVED) in LEGAL


def test_each_move_is_listed_once_and_says_why() -> None:
    assert len(LEGAL) == len(MOVES)
    assert all(len(move.reason) > 10 for move in MOVES)
