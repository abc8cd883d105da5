"""Errors of the books that are compared with the chain."""

from backend.kernel.errors import EcoError, ErrorKind


class AdoptionNeedsTwoError(EcoError):
    """What is not ours enters the books only when two people vouch for it."""

    def __init__(self, tx_hash: str) -> None:
        super().__init__(
            ErrorKind.FORBIDDEN,
            "adoption_needs_two",
            "Two different people have to vouch for this: one proposes, another adopts.",
            tx_hash=tx_hash,
        )


class AddressesMissingError(EcoError):
    """After a restore, addresses that were made since are asked for again first."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.UNAVAILABLE,
            "addresses_missing",
            "The jobs still ask the wallet service for addresses made since the backup; "
            "nothing was booked. Try again in a minute.",
        )


class ClaimUndecidedError(EcoError):
    """A mint pays for a claim that stands here without a verdict."""

    def __init__(self, claim_id: str) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "claim_undecided",
            f"The mint pays for claim {claim_id}, which has no verdict here: decide it first, "
            "or its points would be booked twice. Nothing was booked.",
            claim_id=claim_id,
        )


class SupersededError(EcoError):
    """Another database has the newest incarnation: this one is an older copy and may not act."""

    def __init__(self, *, ours: int, newest: int) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "superseded",
            f"This database holds incarnation {ours}, and another one has opened {newest}: "
            "only the newest sends anything (docs/runbook.md, superseded).",
            ours=ours,
            newest=newest,
        )


class IssuanceStoppedError(EcoError):
    """Points exist on chain that the books do not know: nothing is issued until it is explained."""

    def __init__(self, count: int) -> None:
        super().__init__(
            ErrorKind.UNAVAILABLE,
            "issuance_stopped",
            f"{count} mints on chain are not ours; issuance waits until two people adopt them "
            "(docs/runbook.md, orphan mint).",
            count=count,
        )
