"""Errors of devices and of the codes that they sign."""

from backend.kernel.errors import EcoError, ErrorKind, NotFoundError


class CodeMalformedError(EcoError):
    """The text is no code of ours."""

    def __init__(self, problem: str, *, code: str = "code_malformed") -> None:
        super().__init__(
            ErrorKind.INVALID,
            code,
            f"This is not a valid code: {problem}. Scan it again, whole and in focus.",
            problem=problem,
        )


class CodeTruncatedError(CodeMalformedError):
    """The code starts well and stops too early, as when a link was cut."""

    def __init__(self) -> None:
        super().__init__("its end is missing", code="code_truncated")


class CodeForgedError(EcoError):
    """The signature is not the device's."""

    def __init__(self, device: int) -> None:
        super().__init__(
            ErrorKind.INVALID,
            "code_forged",
            f"The signature of this code is not that of device {device}.",
            device=device,
        )


class DeviceNotFoundError(NotFoundError):
    """No device has this number."""

    def __init__(self, number: int) -> None:
        super().__init__("device", str(number))


class DeviceNotActiveError(EcoError):
    """The device is not enrolled yet, or it was revoked."""

    def __init__(self, number: int, state: str) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            f"device_{state}",
            f"Device {number} is {state}; its codes are not accepted.",
            device=number,
            state=state,
        )


class DeviceNumberTakenError(EcoError):
    """Another device has this number."""

    def __init__(self, number: int) -> None:
        super().__init__(
            ErrorKind.CONFLICT, "device_number_taken", f"Device {number} exists already."
        )


class EnrolmentRefusedError(EcoError):
    """The one-time code is unknown, used or too old; which of them is not said."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.FORBIDDEN,
            "enrolment_refused",
            "This enrolment code is not valid (any more); ask an administrator for a new one.",
        )


class PublicKeyInvalidError(EcoError):
    """The key is no Ed25519 public key, or another device uses it."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            ErrorKind.INVALID, "public_key_invalid", f"This public key is refused: {problem}."
        )


class DeviceRequestRefusedError(EcoError):
    """A request that a device should have signed is not signed, or not by it, or not lately."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            ErrorKind.UNAUTHENTICATED,
            "device_request_refused",
            f"The device's signature on this request is refused: {problem}.",
            problem=problem,
        )
