"""Errors of publishing editions."""

from backend.kernel.errors import EcoError, ErrorKind


class EditionPendingError(EcoError):
    """One edition at a time is on its way."""

    def __init__(self, number: int) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "edition_pending",
            f"Edition {number} is still on its way; publish or discard it first.",
            number=number,
        )


class EditionNotDraftError(EcoError):
    """The edition is approved or published and cannot change any more."""

    def __init__(self, number: int, state: str) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "edition_not_draft",
            f"Edition {number} is {state} and cannot be changed; write a new one.",
            number=number,
            state=state,
        )


class SecondPersonNeededError(EcoError):
    """The author of an edition cannot approve it."""

    def __init__(self, number: int) -> None:
        super().__init__(
            ErrorKind.FORBIDDEN,
            "second_person_needed",
            f"You wrote edition {number}; somebody else has to approve it.",
            number=number,
        )


class ForecastMissingError(EcoError):
    """Nobody approves a draft before its cost was computed."""

    def __init__(self, number: int, state: str) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "forecast_missing",
            f"The forecast of edition {number} is {state}; look at its cost first, then approve.",
            number=number,
            state=state,
        )


class EditionInForceError(EcoError):
    """Only a published edition that has not taken effect can be withdrawn."""

    def __init__(self, number: int, state: str) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "edition_in_force",
            f"Edition {number} can no longer be withdrawn; publish a new edition instead.",
            number=number,
            state=state,
        )


class EditionUnknownError(EcoError):
    """The chain published another document under this number than the one kept here."""

    def __init__(self, number: int, document_hash: str) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "edition_unknown",
            f"The chain has document {document_hash} as edition {number}, which is not the one "
            "kept here. Nothing is issued under it; compare the two before you go on.",
            number=number,
            document_hash=document_hash,
        )
