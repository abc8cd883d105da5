"""Errors of factors."""

from backend.kernel.errors import EcoError, ErrorKind, InvalidInputError, UnavailableError


class ProofNeededError(EcoError):
    """The payment is large and came without PIN or passkey; nothing moved."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.FORBIDDEN,
            "proof_needed",
            "This payment needs your PIN or passkey, because it is large.",
        )


class FactorMissingError(EcoError):
    """The account has neither PIN nor passkey yet; nothing moved."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "factor_missing",
            "Choose a PIN or add a passkey on your account page, then pay again.",
        )


class PINInvalidError(InvalidInputError):
    """A PIN is not 4 to 12 digits, or its repetition differs."""

    def __init__(self) -> None:
        super().__init__("pin_invalid", "A PIN has 4 to 12 digits, typed the same twice.")


class PasskeyInvalidError(InvalidInputError):
    """What the browser sent is not a new passkey of this site."""

    def __init__(self) -> None:
        super().__init__("passkey_invalid", "The browser's answer is not a passkey of this site.")


class WalletUnknownError(UnavailableError):
    """The jobs runner has not said yet to which key PINs are sealed."""

    def __init__(self) -> None:
        super().__init__("proofs", "Payments with a PIN start in a minute.")
