"""Why a trip was judged as it was, in words for the citizen: French first, then English."""

from collections.abc import Mapping
from dataclasses import dataclass, field

_TEXTS: Mapping[str, tuple[str, str]] = {
    "trace_consistent": (
        "La trace est cohérente : le mode et la distance sont établis.",
        "The trace is consistent: mode and distance are established.",
    ),
    "too_few_fixes": (
        "Trop peu de positions précises pour suivre le trajet.",
        "Too few accurate positions to follow the trip.",
    ),
    "no_movement": ("La trace ne montre aucun trajet.", "The trace shows no trip."),
    "needs_witness": (
        "Ce mode demande un second témoin : titre validé, registre de covoiturage, reçu.",
        "This mode needs a second witness: a validated ticket, the carpool register, a receipt.",
    ),
    "mode_uncertain": (
        "Mode ou mouvement incertain, ou positions trop rares : statistiques, sans points.",
        "Mode or movement uncertain, or positions too rare: statistics, without points.",
    ),
    "teleport": (
        "La position saute plus vite qu'aucun véhicule.",
        "The position jumps faster than any vehicle.",
    ),
    "constant_speed": (
        "La vitesse est trop constante pour un trajet réel.",
        "The speed is too constant for a real trip.",
    ),
    "straight_lines": (
        "Les pas sont trop réguliers pour un récepteur réel.",
        "The steps are too regular for a real receiver.",
    ),
    "flat_accuracy": (
        "La précision annoncée ne varie jamais.",
        "The stated accuracy never varies.",
    ),
    "speed_mismatch": (
        "La vitesse mesurée par l'appareil contredit les positions.",
        "The speed measured by the device contradicts the positions.",
    ),
    "white_noise": (
        "Le bruit des positions ne ressemble pas à celui d'un récepteur.",
        "The noise of the positions is not that of a receiver.",
    ),
    "merged_tracks": (
        "Deux enregistrements semblent assemblés.",
        "Two recordings seem to be joined.",
    ),
    "disorder": (
        "Trop de positions sont dans le désordre.",
        "Too many positions are out of order.",
    ),
    "same_movement": (
        "Ce mouvement a déjà été présenté.",
        "This movement has been presented before.",
    ),
    "overlap": (
        "Ce trajet chevauche un autre de vos trajets.",
        "This trip overlaps another trip of yours.",
    ),
}
CODES = tuple(_TEXTS)


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason; equal ones are shown once.

    Attributes:
        code: A key of the texts above.
        facts: Figures behind it, without personal data.
    """

    code: str
    facts: Mapping[str, float | int | str] = field(compare=False)

    def text(self, lang: str = "fr") -> str:
        """Return the reason in words, "fr" or "en"."""
        french, english = _TEXTS[self.code]
        return french if lang == "fr" else english
