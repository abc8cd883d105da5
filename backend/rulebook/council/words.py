"""Words of papers and pictures for a council, in French and English."""

from collections.abc import Mapping

from backend.rulebook.council.figures import TOGETHER
from backend.rulebook.lab import UNKNOWN

Words = Mapping[str, str]

_FRENCH = {
    "title": "Comparaison de deux barèmes",
    "subtitle": "{before} (en vigueur) et {after} (projet)",
    "made_on": "Établi le {date}",
    "basis.past_acts": "Calculé sur {n} actes réels des douze derniers mois, rejoués dans l’ordre.",
    "basis.population": "Calculé sur {n} actes d’une population simulée, faute d’actes réels en "
    "nombre suffisant : un ordre de grandeur, pas une mesure.",
    "basis.file": "Calculé sur {n} actes d’un fichier, rejoués dans l’ordre.",
    "in_short": "En bref",
    "figure": "Chiffre",
    "value": "Valeur",
    "before": "En vigueur",
    "after": "Projet",
    "difference": "Différence",
    "points": "points",
    "paid_acts": "Actes récompensés",
    "people": "Personnes qui gagnent / perdent / sans changement",
    "changes": "Ce qui change dans les règles",
    "no_change": "Les deux barèmes disent la même chose.",
    "by_month": "Coût par mois",
    "by_subject": "Par geste",
    "by_area": "Par commune ou arrondissement",
    "by_district": "Par quartier prioritaire",
    "no_district": "Aucun quartier prioritaire n’est chargé : rien ne peut être dit par quartier "
    "(calanque territory import-districts).",
    "budgets": "Budgets",
    "budget": "Budget",
    "spent": "Dépensé",
    "available": "Disponible",
    "exhausted_at": "Épuisé le",
    "not_exhausted": "non épuisé",
    "gaining": "Gagnent",
    "losing": "Perdent",
    "month": "Mois",
    "subject": "Geste",
    "place": "Lieu",
    "examples": "Les actes qui changent le plus",
    "method": "Méthode",
    "method_text": "Chaque acte est recalculé par le moteur qui paie, avec ses plafonds et ses "
    "budgets, sous les deux barèmes. Les montants sont en points. Les lieux de moins de six "
    "personnes sont regroupés. Les empreintes SHA-256 ci-dessous identifient les deux documents.",
    "hash": "Empreinte",
    "together": "Lieux de moins de six personnes, ensemble",
    "unknown": "Hors quartier ou lieu inconnu",
    "chart_month": "Barres par mois : points versés sous le barème en vigueur et sous le projet. "
    "Les mêmes chiffres sont dans le tableau.",
    "chart_place": "Barres par lieu : différence en points, à droite ce qui augmente, à gauche ce "
    "qui baisse. Les mêmes chiffres sont dans le tableau.",
    "chart_exhausted": "budget épuisé",
    "page": "Page",
}
_ENGLISH = {
    "title": "Comparison of two rulebooks",
    "subtitle": "{before} (in force) and {after} (draft)",
    "made_on": "Made on {date}",
    "basis.past_acts": "Computed on {n} real acts of the past twelve months, replayed in order.",
    "basis.population": "Computed on {n} acts of a simulated population, for lack of enough real "
    "acts: an order of magnitude, not a measurement.",
    "basis.file": "Computed on {n} acts of a file, replayed in order.",
    "in_short": "In short",
    "figure": "Figure",
    "value": "Value",
    "before": "In force",
    "after": "Draft",
    "difference": "Difference",
    "points": "points",
    "paid_acts": "Acts rewarded",
    "people": "People who gain / lose / see no change",
    "changes": "What changes in the rules",
    "no_change": "Both rulebooks say the same.",
    "by_month": "Cost by month",
    "by_subject": "By kind of act",
    "by_area": "By commune or arrondissement",
    "by_district": "By priority district",
    "no_district": "No priority district is loaded: nothing can be said by district "
    "(calanque territory import-districts).",
    "budgets": "Budgets",
    "budget": "Budget",
    "spent": "Spent",
    "available": "Available",
    "exhausted_at": "Exhausted on",
    "not_exhausted": "not exhausted",
    "gaining": "Gain",
    "losing": "Lose",
    "month": "Month",
    "subject": "Act",
    "place": "Place",
    "examples": "The acts that change most",
    "method": "Method",
    "method_text": "Each act is computed anew by the engine that pays, with its caps and budgets, "
    "under both rulebooks. Amounts are points. Places with fewer than six people are shown "
    "together. The SHA-256 hashes below identify the two documents.",
    "hash": "Hash",
    "together": "Places with fewer than six people, together",
    "unknown": "Outside a district, or place unknown",
    "chart_month": "Bars by month: points paid under the rulebook in force and under the draft. "
    "The table has the same figures.",
    "chart_place": "Bars by place: difference in points, to the right what rises, to the left what "
    "falls. The table has the same figures.",
    "chart_exhausted": "budget exhausted",
    "page": "Page",
}


def words_of(lang: str) -> Words:
    """Return the words of a language, French for any but `en`."""
    return _ENGLISH if lang == "en" else _FRENCH


def place_name(name: str, words: Words) -> str:
    """Return the name of a place for people."""
    return {TOGETHER: words["together"], UNKNOWN: words["unknown"]}.get(name, name)
