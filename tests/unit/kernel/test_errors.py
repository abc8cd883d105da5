import json

from backend.kernel.errors import (
    EcoError,
    ErrorKind,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
)


def test_an_error_keeps_what_an_edge_needs_to_answer() -> None:
    error = EcoError(ErrorKind.CONFLICT, "code_used", "This code was used.", device=7)

    assert (error.kind, error.code, str(error)) == (
        ErrorKind.CONFLICT,
        "code_used",
        "This code was used.",
    )
    assert json.dumps(dict(error.facts)) == '{"device": 7}'


def test_a_missing_thing_is_named_in_code_and_sentence() -> None:
    error = NotFoundError("station", "13055-7")

    assert (error.kind, error.code) == (ErrorKind.NOT_FOUND, "station_not_found")
    assert "13055-7" in error.message


def test_an_absent_process_is_named_in_the_code() -> None:
    error = UnavailableError("wallet", "The wallet service does not answer.")

    assert (error.kind, error.code) == (ErrorKind.UNAVAILABLE, "wallet_unavailable")


def test_invalid_input_lists_where_it_does_not_fit() -> None:
    where = [{"path": "distance_m", "problem": "negative", "example": "1200"}]

    error = InvalidInputError("act_invalid", "The act does not fit.", errors=where)

    assert error.kind == ErrorKind.INVALID
    assert error.errors == where
    assert error.facts["errors"] == where
