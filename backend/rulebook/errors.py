"""What can be wrong with a rulebook or with an act given to it."""

from backend.kernel.errors import EcoError, ErrorKind, InvalidInputError


class RulebookInvalidError(InvalidInputError):
    """The document is no valid rulebook; `errors` lists path, problem and a valid example."""

    def __init__(self, errors: list[dict[str, str]]) -> None:
        first = errors[0] if errors else {"path": "", "problem": "unknown"}
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        super().__init__(
            "rulebook_invalid",
            f"The rulebook is not valid: {first['path']}: {first['problem']}{more}.",
            errors=errors,
        )


class ActIncompleteError(EcoError):
    """A rule needs a fact that the act does not carry; this is never silently zero."""

    def __init__(self, fact: str) -> None:
        super().__init__(
            ErrorKind.INVALID,
            "act_incomplete",
            f"The rule needs the fact {fact!r}, which the act does not carry.",
            fact=fact,
        )


class CampaignUnsupportedError(InvalidInputError):
    """A campaign file holds something the documented format does not know."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(
            "campaign_unsupported",
            f"The campaign cannot be imported: {path}: {problem}.",
            errors=[{"path": path, "problem": problem, "example": "see docs/rulebook.md"}],
        )
