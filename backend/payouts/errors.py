"""Errors of payouts."""

from collections.abc import Sequence

from backend.kernel.errors import EcoError, ErrorKind, InvalidInputError

MAX_TOLD = 5
"""References in a message; the rest are counted."""


class NothingToPayError(EcoError):
    """No payout is due with an account to pay it to."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "nothing_to_pay",
            "No payout is due and has a bank account; no file was made.",
        )


class FileNotOpenError(EcoError):
    """The file was released, sent or withdrawn meanwhile."""

    def __init__(self, state: str) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "payout_file_not_open",
            "Somebody else released or withdrew this file; reload the page.",
            state=state,
        )


class SecondPersonNeededError(EcoError):
    """Whoever prepared a file may not release it."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.FORBIDDEN,
            "second_person_needed",
            "A file is released by somebody other than who prepared it.",
        )


class ReserveShortError(EcoError):
    """The money behind the burned points has not been put in."""

    def __init__(self, missing_cents: int) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "reserve_short",
            "The reserve does not cover this file; record the missing funding first.",
            missing_cents=missing_cents,
        )


class PayoutNotMovableError(EcoError):
    """The payout stands elsewhere in its life."""

    def __init__(self, state: str) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "payout_not_movable",
            "This payout has moved on meanwhile; reload the page.",
            state=state,
        )


class AccountUnchangedError(EcoError):
    """The bank refused this very account number."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "account_unchanged",
            "The bank refused this account number; the merchant has to give another one first.",
        )


class BankAccountInvalidError(InvalidInputError):
    """The account number or bank code is wrong; the old one is kept."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            "bank_account_invalid",
            f"This is no valid IBAN ({problem}); what was stored before is kept.",
        )


class BankReportUnreadableError(InvalidInputError):
    """The file is no answer of a bank; nothing was changed."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            "bank_report_unreadable",
            f"This file is no pain.002, camt.053, camt.054 or CSV of returns: {problem}.",
        )


class BankReportKnownError(EcoError):
    """The same file was imported before; nothing was changed."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "bank_report_known",
            "This file was imported before; nothing was changed.",
        )


class FundingKnownError(EcoError):
    """A transfer of this reference was recorded before."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "funding_known",
            "A transfer with this reference was recorded before; nothing was changed.",
        )


class FundingAmountError(InvalidInputError):
    """The amount of a funding is not above zero."""

    def __init__(self) -> None:
        super().__init__("funding_amount_invalid", "A funding is more than zero euro.")


class PaymentFileUnreadableError(InvalidInputError):
    """The file is no pain.001 of ours; nothing was changed."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            "payment_file_unreadable",
            f"This file is no pain.001 written here ({problem}); nothing was changed.",
        )


class PaymentFileKnownError(EcoError):
    """The file is in the books already; nothing was changed."""

    def __init__(self, state: str) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "payment_file_known",
            "This file is in the books already; nothing was changed.",
            state=state,
        )


class TransfersNotOpenError(EcoError):
    """A found file pays what does not wait here, or other amounts; nothing was changed."""

    def __init__(self, references: Sequence[str]) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "transfers_not_open",
            "This file pays payouts that do not wait here, or other amounts; nothing was changed. "
            "Compare these references with the bank's statement.",
            references=", ".join(references[:MAX_TOLD]),
            count=len(references),
        )


class TransfersUnknownError(EcoError):
    """No payout of here is in a found file; nothing was changed."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "transfers_unknown",
            "This file pays no payout that is known here; nothing was changed. Burns that the "
            "chain has and this database lost are adopted first.",
        )
