"""Errors of the territory."""

from backend.kernel.errors import EcoError, ErrorKind, InvalidInputError, NotFoundError


class StationNotFoundError(NotFoundError):
    """No station has this id."""

    def __init__(self, station_id: str) -> None:
        super().__init__("station", station_id)


class CommuneNotFoundError(NotFoundError):
    """No commune has this INSEE code."""

    def __init__(self, insee_code: str) -> None:
        super().__init__("commune", insee_code)


class BoundaryInvalidError(InvalidInputError):
    """A boundary is not a GeoJSON polygon that encloses an area."""

    def __init__(self, code: str, problem: str) -> None:
        super().__init__("boundary_invalid", f"The boundary of {code} is not usable: {problem}.")


class ImportUnreadableError(EcoError):
    """A file to import has no readable lines; nothing was changed."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            ErrorKind.INVALID, "import_unreadable", f"This file cannot be imported: {problem}."
        )


class MaterialNotTakenError(InvalidInputError):
    """The station has no container for the material."""

    def __init__(self, material: str) -> None:
        super().__init__(
            "material_not_taken", f"This station has no container for {material}; import it first."
        )
