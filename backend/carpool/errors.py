"""Errors of carpool journeys."""

from collections.abc import Sequence

from backend.kernel.errors import EcoError, ErrorKind


class JourneyChangedError(EcoError):
    """A journey was reported again with other facts."""

    def __init__(self, operator_journey_id: str) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "carpool_journey_changed",
            "This journey is recorded with other facts, which stand. Report a corrected journey "
            "under a new id and cancel this one at the register.",
            operator_journey_id=operator_journey_id,
        )


class JourneyRefusedError(EcoError):
    """A journey fails the register's checks on arrival; it is kept with its labels."""

    def __init__(self, operator_journey_id: str, labels: Sequence[str]) -> None:
        super().__init__(
            ErrorKind.INVALID,
            "carpool_journey_refused",
            f"The journey earns nothing: {', '.join(labels)}. It is recorded with these labels; "
            "docs/mobility.md says what each one means.",
            operator_journey_id=operator_journey_id,
            labels=list(labels),
        )


class CarpoolNotConfiguredError(EcoError):
    """This installation has no identity secret, so nobody on board can be told apart."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.UNAVAILABLE,
            "carpool_not_configured",
            "Carpool journeys are not taken here: CALANQUE_IDENTITY_SECRET is not set. Nothing was "
            "kept; send the journey again once it is.",
        )


class JourneyNotOverError(EcoError):
    """A journey is reported before it has ended."""

    def __init__(self, operator_journey_id: str) -> None:
        super().__init__(
            ErrorKind.INVALID,
            "carpool_journey_not_over",
            "The journey ends in the future. Nothing was kept; report it when both people have "
            "arrived.",
            operator_journey_id=operator_journey_id,
        )
