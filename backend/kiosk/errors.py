"""Errors of the terminal's process."""

from backend.kernel.errors import EcoError, ErrorKind


class KeyFileUnsafeError(EcoError):
    """Others than its owner may read or write the key file."""

    def __init__(self, path: str) -> None:
        super().__init__(
            ErrorKind.FORBIDDEN,
            "key_file_unsafe",
            f"Other users can read {path}. Run: chmod 600 {path}",
        )


class FolderInvalidError(EcoError):
    """A file of the terminal is damaged; going on could repeat a counter."""

    def __init__(self, path: str) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "terminal_folder_invalid",
            f"{path} cannot be read. Revoke the device and enrol it again in an empty folder.",
        )


class FolderBusyError(EcoError):
    """Another process uses the folder."""

    def __init__(self, path: str) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "terminal_folder_busy",
            f"Another terminal process uses {path}; stop it or choose another folder.",
        )


class NotEnrolledError(EcoError):
    """The folder holds no identity and no enrolment code was given."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "terminal_not_enrolled",
            "This terminal is not enrolled yet; start it once with --code and the one-time code.",
        )


class ServerRefusedError(EcoError):
    """The server answered and said no."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(ErrorKind.FORBIDDEN, code, detail)


class AgentPINInvalidError(EcoError):
    """An agent's number or PIN has not the right form."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.INVALID,
            "agent_pin_invalid",
            "An agent has a number from 1 to 9999 and a PIN of 4 to 8 digits.",
        )
