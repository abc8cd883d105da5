"""The error tree of the wallet service; only `problems` turns a kind into an HTTP status."""

from enum import StrEnum

FactValue = str | int | bool | None


class ErrorKind(StrEnum):
    """What the caller can do about an error."""

    INVALID = "invalid"
    """The request is wrong; sending it again unchanged is useless."""
    FORBIDDEN = "forbidden"
    """The policy denies it and always will: bury the request and raise an alert."""
    NOT_FOUND = "not_found"
    """The key or account is unknown here."""
    CONFLICT = "conflict"
    """Something signed earlier forbids it, for example another payload at this nonce."""
    LIMITED = "limited"
    """A ceiling of today is reached; the same request may pass later."""
    UNAVAILABLE = "unavailable"
    """The signer behind us is away or lied; nothing was signed, try again later."""


class WalletError(Exception):
    """Base of every expected error.

    Args:
        kind: What the caller can do about it.
        code: Stable snake_case name that the backend keys on.
        message: One English sentence: what happened, and the next step when there is one.
        facts: JSON-safe details; never key material, a PIN or a proof.
    """

    def __init__(self, kind: ErrorKind, code: str, message: str, **facts: FactValue) -> None:
        super().__init__(message)
        self.kind = kind
        self.code = code
        self.message = message
        self.facts: dict[str, FactValue] = facts


class InvalidRequestError(WalletError):
    """The request cannot be read as what it claims to be."""

    def __init__(self, code: str, message: str, **facts: FactValue) -> None:
        super().__init__(ErrorKind.INVALID, code, message, **facts)


class PolicyDeniedError(WalletError):
    """The policy has no rule that allows it: denial is the default."""

    def __init__(self, code: str, message: str, **facts: FactValue) -> None:
        super().__init__(ErrorKind.FORBIDDEN, code, message, **facts)


class LimitReachedError(WalletError):
    """A daily ceiling would be passed."""

    def __init__(self, scope: str, *, used: int, asked: int, ceiling: int) -> None:
        super().__init__(
            ErrorKind.LIMITED,
            "limit_reached",
            f"{scope}: {used} used today, {asked} more would pass the ceiling of {ceiling}.",
            scope=scope,
            used=used,
            asked=asked,
            ceiling=ceiling,
        )


class ConflictError(WalletError):
    """Something recorded earlier forbids it."""

    def __init__(self, code: str, message: str, **facts: FactValue) -> None:
        super().__init__(ErrorKind.CONFLICT, code, message, **facts)


class UnknownError(WalletError):
    """The key, account or deployment is not known to this instance."""

    def __init__(self, thing: str, reference: str) -> None:
        super().__init__(
            ErrorKind.NOT_FOUND, f"{thing}_unknown", f"No such {thing} here: {reference}."
        )


class SignerFaultError(WalletError):
    """The signer is away, or what it returned is not a signature of what was asked."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorKind.UNAVAILABLE, "signer_fault", message)


class StartupError(Exception):
    """The service must not start as it is configured; the message says what to change."""
