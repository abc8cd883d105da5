"""Errors of promises."""

from backend.kernel.errors import EcoError, ErrorKind, InvalidInputError
from backend.promises.rules import Refusal


class PromiseMalformedError(InvalidInputError):
    """What was scanned is no promise, or a piece of one; nothing was kept."""

    def __init__(self) -> None:
        super().__init__(
            "promise_malformed",
            "This is not the code of a payment without network. Scan the whole code again.",
        )


class PromiseForgedError(EcoError):
    """No pass of ours signed it; nothing was kept."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.INVALID,
            "promise_forged",
            "No phone that may pay without network signed this. It pays nothing.",
        )


class PromiseOtherShopError(EcoError):
    """It was signed for another shop; nothing was kept."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "promise_other_shop",
            "This was signed for another shop and can be handed in there only.",
        )


class PromiseReusedError(EcoError):
    """The phone used one number for two different promises; the first one stands."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "promise_reused",
            "The phone signed two payments under one number. The first one stands, this pays "
            "nothing.",
        )


class PromisesOffError(EcoError):
    """The owner of the shop has not allowed payments without network; the till keeps it."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "promises_off",
            "This shop takes no payments without network. Its owner can allow them; what the till "
            "has kept is handed in then.",
        )


class PromiseNeedsOwnerError(EcoError):
    """More than a clerk may hand in for one day; the till keeps it."""

    def __init__(self, left_units: int) -> None:
        super().__init__(
            ErrorKind.FORBIDDEN,
            "promise_needs_owner",
            "This is more than you may take without network in a day. The till keeps it: the owner "
            "of the shop can hand it in here.",
            left_units=left_units,
        )


class PromiseRefusedError(EcoError):
    """It is genuine and will never be paid; keep that in a transaction of its own."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "promise_refused",
            "This payment without network was refused for good. No points moved; the shop bears "
            "it, as the till had said.",
            refusal=str(refusal),
        )
        self.refusal = refusal


class PromiseLimitError(InvalidInputError):
    """The limit that an owner typed is out of range; nothing was changed."""

    def __init__(self, limit_units: int) -> None:
        super().__init__(
            "promise_limit_invalid",
            f"A limit is between 0 and {limit_units} units (100 units are one point).",
        )


class PassKeyInvalidError(InvalidInputError):
    """The key that the phone made is none; no pass was given."""

    def __init__(self) -> None:
        super().__init__(
            "pass_key_invalid", "This browser made no usable key. Update it and try again."
        )


class PassRefusedError(EcoError):
    """No pass can be given now; nothing was changed.

    Args:
        reason: `own_wallet`, `barred`, `too_many`, `too_poor` or `off`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "pass_refused",
            "This account gets no pass to pay without network now. Paying online works as always.",
            reason=reason,
        )
