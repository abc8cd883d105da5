"""What citizens are told when something of theirs changes: receipt lines and mails.

French and English side by side, so that API, pages and mails say the same.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from backend.accounts.models import Account
from backend.db import outbox
from backend.kernel.units import points_text
from backend.rewards.models import Adjustment
from backend.workflows import close_day

_MATERIALS: Mapping[str, Mapping[str, str]] = {
    "fr": {
        "glass": "verre",
        "packaging": "emballages",
        "paper": "papier",
        "textile": "textile",
        "plastic_bottle": "bouteilles en plastique",
        "can": "canettes",
        "metal": "métal",
        "organic": "biodéchets",
        "electronics": "appareils électriques",
        "battery": "piles",
        "oil": "huile",
    },
    "en": {"plastic_bottle": "plastic bottles", "can": "cans", "organic": "organic waste"},
}
_REASONS: Mapping[str, Mapping[str, str]] = {
    "fr": {
        "not_plausible": "L'acte n'était pas vraisemblable",
        "not_by_this_person": "L'acte n'a pas été fait par cette personne",
        "code_not_valid": "Le code n'était pas valable",
        "mass_missing": "La pesée n'a pas retrouvé ce dépôt",
        "no_account": "Aucun compte n'a été ouvert dans les sept jours",
        "carpool_refused": "Le registre national du covoiturage n'a pas retenu ce trajet",
        "paid_with_ticket": "Le reçu de l'opérateur rémunère ce trajet à la place",
        "many_accounts": "Plusieurs comptes servent à une même personne",
        "forged_codes": "Des codes falsifiés ont été présentés",
        "empty_deposits": "Des dépôts déclarés n'ont pas eu lieu",
        "points_sold": "Des points ont été vendus",
        "card_stolen": "La carte a été déclarée volée",
    },
    "en": {
        "not_plausible": "The act was not plausible",
        "not_by_this_person": "The act was not done by this person",
        "code_not_valid": "The code was not valid",
        "mass_missing": "The weighing did not find this deposit",
        "no_account": "No account was opened within seven days",
        "carpool_refused": "The national carpool register did not accept this trip",
        "paid_with_ticket": "The operator's receipt pays for this trip instead",
        "many_accounts": "Several accounts serve one person",
        "forged_codes": "Forged codes were presented",
        "empty_deposits": "Deposits were claimed that did not take place",
        "points_sold": "Points were sold",
        "card_stolen": "The card was reported stolen",
    },
}
_ADJUSTMENTS: Mapping[str, Mapping[str, str]] = {
    "fr": {
        "trimmed": "La collecte {round} a pesé {weighed} kg de {material} pour {claimed} kg "
        "déclarés à {station}, au-delà de la tolérance de {tolerance} %. La part qui attendait "
        "la pesée est ramenée à {keep} % pour toutes les personnes concernées : "
        "{units} points en moins sur {before}.",
        "taken_back": "Repris avant d'être versé : {units} points sur {before}. {reason}. "
        "Vous pouvez contester.",
        "owed": "Déjà versé, alors que l'acte ne compte pas : {units} points sont notés comme dus. "
        "{reason}. Votre solde n'est pas touché ; vous pouvez contester.",
        "restored": "Rendu après votre contestation : {units} points.",
    },
    "en": {
        "trimmed": "Collection {round} weighed {weighed} kg of {material} for {claimed} kg "
        "claimed at {station}, beyond the tolerance of {tolerance}%. The part that waited for "
        "the weighing is cut to {keep}% for everybody concerned: {units} points less of {before}.",
        "taken_back": "Taken back before it was paid: {units} points of {before}. {reason}. "
        "You can appeal.",
        "owed": "Paid already although the act does not count: {units} points are noted as owed. "
        "{reason}. Your balance is not touched; you can appeal.",
        "restored": "Given back after your appeal: {units} points.",
    },
}
_SUBJECTS: Mapping[str, Mapping[str, str]] = {
    "fr": {
        "reward_trimmed": "Calanque : une récompense a changé après la pesée",
        "reward_taken_back": "Calanque : une récompense a été reprise",
        "reward_owed": "Calanque : une récompense versée ne compte plus",
        "account_frozen": "Calanque : votre compte est suspendu",
        "account_unfrozen": "Calanque : votre compte est rétabli",
        "freeze_upheld": "Calanque : la suspension de votre compte est maintenue",
        "points_leave": "Calanque : vos points vont partir vers un portefeuille personnel",
        "points_return": "Calanque : vos points vont revenir sur votre compte",
    },
    "en": {
        "reward_trimmed": "Calanque: a reward changed after the weighing",
        "reward_taken_back": "Calanque: a reward was taken back",
        "reward_owed": "Calanque: a paid reward no longer counts",
        "account_frozen": "Calanque: your account is frozen",
        "account_unfrozen": "Calanque: your account works again",
        "freeze_upheld": "Calanque: your account stays frozen",
        "points_leave": "Calanque: your points are about to move to an own wallet",
        "points_return": "Calanque: your points are about to come back to your account",
    },
}
_BODIES: Mapping[str, Mapping[str, str]] = {
    "fr": {
        "reward_trimmed": "{change}\n\nLe détail est sur le reçu n° {receipt}.",
        "reward_owed": "{change}\n\nLe détail est sur le reçu n° {receipt}.",
        "reward_taken_back": "{change}\n\nLe détail est sur le reçu n° {receipt}.",
        "account_frozen": "Deux personnes ont décidé de suspendre votre compte. {reason}.\n\n"
        "Vos points sont conservés ; vous ne pouvez ni en gagner ni en dépenser. Vous pouvez "
        "contester jusqu'au {until} sur la page « Mon compte ».",
        "account_unfrozen": "Votre compte n'est plus suspendu. Vos points sont intacts.",
        "points_leave": "Tous vos points partiront vers le portefeuille {target} après le {until}."
        "\n\nVous ne l'avez pas demandé, ou vous changez d'avis ? Annulez avant cette date : "
        "{page}\n\nChangez aussi votre code secret si cette demande n'est pas la vôtre.",
        "points_return": "Tous vos points reviendront sur votre compte Calanque ({target}) après "
        "le {until}.\n\nVous ne l'avez pas demandé, ou vous changez d'avis ? Annulez avant cette "
        "date : {page}",
        "freeze_upheld": "Une autre personne a examiné votre contestation et maintient la "
        "suspension. {reason}.",
    },
    "en": {
        "reward_trimmed": "{change}\n\nReceipt no. {receipt} has the details.",
        "reward_owed": "{change}\n\nReceipt no. {receipt} has the details.",
        "reward_taken_back": "{change}\n\nReceipt no. {receipt} has the details.",
        "account_frozen": "Two people decided to freeze your account. {reason}.\n\n"
        "Your points are kept; you can neither earn nor spend. You can appeal until {until} "
        "on the page “My account”.",
        "account_unfrozen": "Your account is no longer frozen. Your points are untouched.",
        "points_leave": "All your points will move to the wallet {target} after {until}.\n\n"
        "You did not ask for it, or changed your mind? Undo it before then: {page}\n\n"
        "Change your PIN as well if this request is not yours.",
        "points_return": "All your points will come back to your Calanque account ({target}) after "
        "{until}.\n\nYou did not ask for it, or changed your mind? Undo it before then: {page}",
        "freeze_upheld": "Somebody else looked at your appeal and upholds the freeze. {reason}.",
    },
}


def net_units(changes: Iterable[Adjustment]) -> int:
    """Return by how many units changes raise a receipt's amount; below zero for cuts.

    What is owed was paid, and stays in the amount.
    """
    sign = {"restored": 1, "owed": 0}
    return sum(row.units * sign.get(row.kind, -1) for row in changes)


def adjustment(row: Adjustment, language: str) -> str:
    """Say what became of a reward after its receipt."""
    facts = row.facts
    material = str(facts.get("material", ""))
    return _ADJUSTMENTS[language][row.kind].format(
        units=points_text(row.units, lang=language),
        before=points_text(int(facts.get("before_units", 0)), lang=language),
        round=facts.get("round", ""),
        station=facts.get("station", ""),
        material=_MATERIALS[language].get(material, material),
        claimed=_tenths(int(facts.get("claimed_g", 0)), 1000, language),
        weighed=_tenths(int(facts.get("weighed_g", 0)), 1000, language),
        tolerance=_tenths(int(facts.get("tolerance_bps", 0)), 100, language),
        keep=_tenths(int(facts.get("keep_bps", 0)), 100, language),
        reason=reason(str(facts.get("reason_code", "")), language),
    )


def reason(code: str, language: str) -> str:
    """Say a public reason code in words; an unknown one stands for itself."""
    return _REASONS[language].get(code, code)


def mail(
    session: Session,
    account_id: str,
    kind: str,
    *,
    dedupe_key: str,
    facts: Callable[[str], Mapping[str, str]],
    at: datetime,
) -> None:
    """Queue a mail to somebody who has an address; others find it on their pages.

    Args:
        kind: Which mail, for example "account_frozen".
        facts: Language → what fills it.
    """
    account = session.get(Account, account_id)
    if account is None or account.email is None:
        return
    language = account.language
    payload: dict[str, Any] = {
        "to": account.email,
        "subject": _SUBJECTS[language][kind],
        "text": _BODIES[language][kind].format(**facts(language)),
        "language": language,
    }
    outbox.enqueue(session, kind="mail", dedupe_key=dedupe_key, payload=payload, at=at)


def instant(at: datetime, language: str) -> str:
    """Write when something happens, as clocks of the metropolis show it."""
    local = at.astimezone(close_day.ZONE)
    return f"{local:%d/%m/%Y à %H:%M}" if language == "fr" else f"{local:%Y-%m-%d at %H:%M}"


def _tenths(value: int, per: int, language: str) -> str:
    """Write value / per with one decimal, rounded down."""
    tenths = value * 10 // per
    sign = "," if language == "fr" else "."
    return f"{tenths // 10}{sign}{tenths % 10}" if tenths % 10 else str(tenths // 10)
