"""Words and numbers of statements in both languages."""

from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date

from backend.kernel.units import euro_text, points_text

ZONE = ZoneInfo("Europe/Paris")
_LOCALES = {"fr": "fr_FR", "en": "en_GB"}

WORDS: Mapping[str, Mapping[str, str]] = {
    "fr": {
        "title": "Relevé des points encaissés",
        "merchant": "Commerce",
        "account": "Compte bancaire",
        "no_account": "non renseigné",
        "period": "Période",
        "to": "au",
        "made": "Établi le",
        "number": "Numéro",
        "summary": "En résumé",
        "opening": "Points en caisse au début",
        "sold": "Ventes",
        "other": "Remboursements et corrections",
        "closed": "Clôtures",
        "closing": "Points en caisse à la fin",
        "euro": "Euros pour ces clôtures",
        "fee": "Commission",
        "rate": "Taux",
        "rate_text": "100 points = {euro}",
        "payouts": "Versements",
        "no_payouts": "Aucun versement sur la période.",
        "movements": "Mouvements",
        "no_movements": "Aucun mouvement sur la période.",
        "date": "Date",
        "reference": "Référence",
        "what": "Opération",
        "points": "Points",
        "balance": "En caisse",
        "amount": "Montant",
        "state": "État",
        "foot": "La référence d’un versement est celle de votre relevé bancaire. "
        "Un point n’est jamais arrondi : ce qui ne fait pas un centime reste en caisse.",
        "page": "page",
        "of": "sur",
        "payment_confirmed": "Vente",
        "refund_requested": "Remboursement",
        "refund_failed": "Remboursement annulé",
        "cash_out_requested": "Clôture",
        "cash_out_failed": "Clôture annulée",
        "other_kind": "Autre",
        "due": "à verser",
        "held": "en attente de contrôle",
        "in_file": "ordre préparé",
        "sent": "remis à la banque",
        "paid": "versé",
        "returned": "rejeté par la banque",
    },
    "en": {
        "title": "Statement of points taken",
        "merchant": "Shop",
        "account": "Bank account",
        "no_account": "not given",
        "period": "Period",
        "to": "to",
        "made": "Made on",
        "number": "Number",
        "summary": "Summary",
        "opening": "Points in the till at the start",
        "sold": "Sales",
        "other": "Refunds and corrections",
        "closed": "Closings",
        "closing": "Points in the till at the end",
        "euro": "Euro for these closings",
        "fee": "Fee",
        "rate": "Rate",
        "rate_text": "100 points = {euro}",
        "payouts": "Payouts",
        "no_payouts": "No payout in this period.",
        "movements": "Movements",
        "no_movements": "No movement in this period.",
        "date": "Date",
        "reference": "Reference",
        "what": "What",
        "points": "Points",
        "balance": "In the till",
        "amount": "Amount",
        "state": "State",
        "foot": "The reference of a payout is the one on your bank statement. "
        "Nothing is ever rounded: what makes no whole cent stays in the till.",
        "page": "page",
        "of": "of",
        "payment_confirmed": "Sale",
        "refund_requested": "Refund",
        "refund_failed": "Refund taken back",
        "cash_out_requested": "Closing",
        "cash_out_failed": "Closing taken back",
        "other_kind": "Other",
        "due": "to be paid",
        "held": "being checked",
        "in_file": "order prepared",
        "sent": "with the bank",
        "paid": "paid",
        "returned": "sent back by the bank",
    },
}


def kind_text(kind: str, language: str) -> str:
    """Return what happened, in words."""
    words = WORDS[language]
    return words.get(kind, words["other_kind"])


def day_text(day: date, language: str) -> str:
    """Write a day: "26 novembre 2026"."""
    return format_date(day, "d MMMM y", locale=_LOCALES[language])


def instant_text(at: datetime) -> str:
    """Write an instant in local time: "26/11/2026 14:05"."""
    return at.astimezone(ZONE).strftime("%d/%m/%Y %H:%M")


def points(units: int, language: str) -> str:
    """Write units as points with a true minus."""
    return points_text(units, lang=language).replace("-", "−")


def euro(cents: int, language: str) -> str:
    """Write cents as euro."""
    return euro_text(cents, lang=language)
