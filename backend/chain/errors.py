"""Errors at the border to the chain."""

from backend.kernel.errors import EcoError, ErrorKind, UnavailableError


class NodeUnavailableError(UnavailableError):
    """The node does not answer; work waits and resumes by itself."""

    def __init__(self, reason: str) -> None:
        super().__init__("node", f"The chain node does not answer ({reason}).")


class NodeRefusedError(NodeUnavailableError):
    """The node answers with an error of its own (out of funds, unknown block …); work waits."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class NodesDisagreeError(NodeUnavailableError):
    """The nodes say different things and no majority one thing; work waits until they agree."""

    def __init__(self) -> None:
        super().__init__("the nodes contradict each other")


class WrongChainError(EcoError):
    """The node serves another chain than the deployment; nothing is sent to it."""

    def __init__(self, *, expected: str, found: str) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "wrong_chain",
            f"The node serves another chain: expected {expected}, found {found}. "
            "Check NODE_URL, or wipe node, database, wallet and deployment together.",
        )


class CallRevertedError(EcoError):
    """A simulated call would revert; it is not signed."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            ErrorKind.CONFLICT, "call_reverted", f"The contract refuses this call: {reason}."
        )
        self.reason = reason


class DeploymentMissingError(EcoError):
    """There is no deployment file; nothing can be issued."""

    def __init__(self, path: str) -> None:
        super().__init__(
            ErrorKind.UNAVAILABLE,
            "deployment_missing",
            f"No deployment at {path}. Deploy the contracts first (see docs/contracts.md).",
        )


class SignedBytesUnreadableError(EcoError):
    """Bytes that are no signed transaction of the kind that we ask for."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "signed_bytes_unreadable",
            "The signed bytes are not a transaction that can be read back.",
        )
