"""Conditions in plain words, for refusals whose rule gives no text of its own."""

from collections.abc import Mapping, Sequence
from datetime import date

from backend.rulebook.schema import conditions as c
from backend.rulebook.schema.base import Text

_FACTS: Mapping[str, tuple[str, str]] = {
    "count": ("nombre d'objets", "number of items"),
    "mass_g": ("masse en grammes", "mass in grams"),
    "distance_m": ("distance en mètres", "distance in metres"),
    "duration_s": ("durée en secondes", "duration in seconds"),
    "seats": ("nombre de places", "number of seats"),
    "driver_revenue_units": ("revenu du conducteur", "driver's revenue"),
    "passenger_contribution_units": ("contribution du passager", "passenger's contribution"),
}
_DAYS: Mapping[str, str] = {
    "monday": "lundi",
    "tuesday": "mardi",
    "wednesday": "mercredi",
    "thursday": "jeudi",
    "friday": "vendredi",
    "saturday": "samedi",
    "sunday": "dimanche",
}
_WHICH: Mapping[str, tuple[str, str]] = {
    "start": ("le départ", "the start"),
    "end": ("l'arrivée", "the end"),
    "both": ("le départ et l'arrivée", "the start and the end"),
    "either": ("le départ ou l'arrivée", "the start or the end"),
}
_MOST_SHOWN = 5


def requirement_text(condition: c.Condition, *, must_hold: bool) -> Text:
    """Say what an act must be like, or must not be like, in both languages."""
    fr, en = _words(condition)
    if must_hold:
        return Text(fr=fr[:500], en=en[:500])
    return Text(fr=f"exclu si : {fr}"[:500], en=f"excluded if: {en}"[:500])


def _words(condition: c.Condition) -> tuple[str, str]:
    match condition:
        case c.AllOf() | c.AnyOf():
            joint = (" et ", " and ") if condition.type == "all" else (" ou ", " or ")
            parts = [_words(part) for part in condition.of]
            return joint[0].join(fr for fr, _ in parts), joint[1].join(en for _, en in parts)
        case c.Not():
            fr, en = _words(condition.of)
            return f"pas ({fr})", f"not ({en})"
        case c.Measure():
            return _measure(condition)
        case c.PlaceIn() | c.SameCode():
            return _place(condition)
        case c.Instant() | c.DateRange() | c.DateIn() | c.WeekdayIn() | c.Hours() | c.Processed():
            return _time(condition)
        case _:
            return _plain(condition)


def _measure(condition: c.Measure) -> tuple[str, str]:
    fr, en = _FACTS[condition.fact]
    bounds = (
        (condition.at_least, "au moins", "at least"),
        (condition.less_than, "moins de", "less than"),
        (condition.at_most, "au plus", "at most"),
    )
    given = [(bound, one, other) for bound, one, other in bounds if bound is not None]
    french = ", ".join(f"{one} {bound}" for bound, one, _ in given)
    english = ", ".join(f"{other} {bound}" for bound, _, other in given)
    return f"{fr} : {french}", f"{en}: {english}"


def _place(condition: c.PlaceIn | c.SameCode) -> tuple[str, str]:
    if isinstance(condition, c.SameCode):
        return (
            f"départ et arrivée dans le même territoire ({condition.level})",
            f"start and end in the same territory ({condition.level})",
        )
    fr, en = _WHICH[condition.which]
    area = condition.area or "; ".join(
        f"{level} {_listed(codes)}" for level, codes in (condition.codes or {}).items()
    )
    return f"{fr} dans le territoire prévu ({area})", f"{en} in the territory ({area})"


def _time(
    condition: c.Instant | c.DateRange | c.DateIn | c.WeekdayIn | c.Hours | c.Processed,
) -> tuple[str, str]:
    match condition:
        case c.WeekdayIn(days=days):
            french = ", ".join(_DAYS[day] for day in days)
            return f"un {french}", f"on {', '.join(days)}"
        case c.DateIn(dates=dates, date_list=name):
            listed = name or _listed([str(day) for day in dates])
            return f"un des jours prévus ({listed})", f"one of the listed days ({listed})"
        case c.Hours(from_=start, before=end):
            return f"entre {start} et {end}", f"between {start} and {end}"
        case c.Instant(from_=first, before=last):
            return _span(first, last, "avant", "before")
        case c.DateRange(from_=first, to=last):
            return _span(first, last, "jusqu'au", "until")
        case c.Processed(from_=day):
            return f"calculé à partir du {day}", f"computed from {day} on"


def _span(first: date | None, last: date | None, fr: str, en: str) -> tuple[str, str]:
    french = [f"à partir du {first.isoformat()}"] if first else []
    english = [f"from {first.isoformat()}"] if first else []
    if last:
        french.append(f"{fr} {last.isoformat()}")
        english.append(f"{en} {last.isoformat()}")
    return " ".join(french), " ".join(english)


def _plain(condition: c.Condition) -> tuple[str, str]:
    match condition:
        case c.OperatorIn():
            return "un opérateur autorisé à cette date", "an operator allowed at that date"
        case c.Adult():
            return "un passager majeur", "an adult passenger"
        case c.PersonTag(tag=tag):
            return f"réservé au profil « {tag} »", f"reserved for the profile “{tag}”"
        case c.FactIsZero(fact=fact):
            fr, en = _FACTS[fact]
            return f"{fr} : 0", f"{en}: 0"
        case _:
            return _choice(condition)


def _choice(condition: c.Condition) -> tuple[str, str]:
    match condition:
        case c.ClassIn(classes=names):
            fr, en = "classe de preuve", "evidence class"
        case c.MaterialIn(materials=names):
            fr, en = "matière", "material"
        case c.ModeIn(modes=names):
            fr, en = "mode", "mode"
        case c.ProofLevelIn(levels=names):
            fr, en = "preuve", "proof"
        case _:
            msg = f"condition {condition.type!r} has no words"
            raise AssertionError(msg)
    return f"{fr} {_listed(names)}", f"{en} {_listed(names)}"


def _listed(items: Sequence[str]) -> str:
    text = ", ".join(items[:_MOST_SHOWN])
    return f"{text}, …" if len(items) > _MOST_SHOWN else text
