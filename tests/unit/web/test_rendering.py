import re
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from itertools import product
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from backend.actions.rules import ClaimState
from backend.market.rules import PaymentState
from backend.payouts.rules import FileState, PayoutState
from backend.rewards.rules import RewardState
from backend.settlement.rules import CashOutState
from backend.web import contexts, texts
from backend.web.contexts import Site
from backend.web.rendering import FOLDER, asset, environment, render

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TEMPLATES = {
    "home.html": contexts.HomePage,
    "scan.html": contexts.ScanPage,
    "trips.html": contexts.TripsPage,
    "trip.html": contexts.TripPage,
    "rides.html": contexts.RidesPage,
    "ride.html": contexts.RidePage,
    "code.html": contexts.CodePage,
    "receipt.html": contexts.ReceiptPage,
    "payment_receipt.html": contexts.PaymentReceiptPage,
    "pay.html": contexts.PayPage,
    "offers.html": contexts.OffersPage,
    "shop_offers.html": contexts.ShopOffersPage,
    "shop_offer.html": contexts.EditOfferPage,
    "apply.html": contexts.ApplyPage,
    "applications.html": contexts.ApplicationsPage,
    "proofs.html": contexts.ProofsPage,
    "promises.html": contexts.PromisesPage,
    "till_promises.html": contexts.TillPromisesPage,
    "wallet.html": contexts.WalletPage,
    "sign_in.html": contexts.SignInPage,
    "account.html": contexts.AccountPage,
    "cards.html": contexts.CardsPage,
    "card_shown.html": contexts.ShownCardPage,
    "card_found.html": contexts.CardFoundPage,
    "household.html": contexts.HouseholdPage,
    "stickers.html": contexts.StickersPage,
    "mailbox.html": contexts.MailboxPage,
    "mail.html": contexts.MailPage,
    "till.html": contexts.TillPage,
    "team.html": contexts.TeamPage,
    "clerk.html": contexts.ClerkPage,
    "door.html": contexts.DoorPage,
    "till_card.html": contexts.TillCardPage,
    "giving.html": contexts.GivingPage,
    "shop.html": contexts.ShopPage,
    "till_payment.html": contexts.TillPaymentPage,
    "admin.html": contexts.AdminPage,
    "rules.html": contexts.RulesPage,
    "edition.html": contexts.EditionPage,
    "edition_draft.html": contexts.EditionDraftPage,
    "incidents.html": contexts.IncidentsPage,
    "reviews.html": contexts.ReviewsPage,
    "evidence.html": contexts.EvidencePage,
    "freezes.html": contexts.FreezesPage,
    "collections.html": contexts.CollectionsPage,
    "station_mass.html": contexts.StationMassPage,
    "treasury.html": contexts.TreasuryPage,
    "payouts.html": contexts.PayoutsPage,
    "solvency.html": contexts.SolvencyPage,
    "help.html": contexts.HelpPage,
    "problem.html": contexts.ProblemPage,
    "public_rules.html": contexts.PublicRulesPage,
}
WORDS = {
    "state": "confirmed",
    "kind": "slot",
    "icon": "shop",
    "cause": "appeal",
    "appeal": "possible",
    "level": "P2",
    "obstacle": "",
    "step": "code",
    "mode": "bike",
    "source": "phone",
}
KEYS = {
    "reason_key": "cards.reason.lost",
    "problem_key": "problem.default.title",
    "text_key": "step.done",
    "title_key": "material.glass",
    "action_key": "problem.action.home",
}
SEQUENCES: dict[str, tuple[Any, ...]] = {
    "reason_words": ("Le code était trop ancien.",),
    "questions": ("earn",),
    "claims_by_state": (("pending", 3),),
    "accept_reasons": ("plausible",),
    "refuse_reasons": ("not_plausible",),
}
SPECIAL: dict[type, dict[str, object]] = {
    contexts.ApplyPage: {"kind": "shop"},
    contexts.ApplicationLine: {"kind": "shop", "state": "approved"},
    contexts.ProofLine: {"kind": "pin", "state": "active", "reason_key": ""},
    contexts.Health: {"level": "ok"},
    contexts.PassLine: {"state": "active"},
    contexts.Step: {"state": "done"},
    contexts.TrailLine: {"state": "refused", "cause": "doubt", "reason_key": ""},
    contexts.FreezeLine: {"state": "requested"},
    contexts.EvidencePage: {
        "state": "review",
        "reasons": ("reason.other",),
        "take_back_reasons": ("mass_missing",),
        "freeze_reasons": ("points_sold",),
    },
    contexts.PastAct: {"state": "accepted"},
    contexts.BalanceBar: {"state": "trimmed", "material_key": "material.glass"},
    contexts.RoundCard: {"state": "open"},
    contexts.ImportLine: {"action": "refused"},
    contexts.ImportView: {"counts": (("refused", 1),)},
    contexts.ReliabilityPoint: {"state": "trimmed"},
    contexts.OrphanLine: {"kind": "spend"},
    contexts.DiffLine: {"kind": "added"},
    contexts.SeatLine: {
        "role": "driver",
        "state": "refused",
        "label_keys": ("ride.label.other",),
    },
    contexts.RidesPage: {"is_anonymous": False},
    contexts.EditionLine: {"state": "published"},
    contexts.PayoutLine: {"state": "payout_held", "bank_reason_key": "bank.AC04"},
    contexts.FileLine: {"state": "file_drafted"},
    contexts.TreasuryPage: {
        "problem_key": "treasury.problem.transfers_not_open",
        "problem_facts": {"count": 2, "references": "0A, 0B"},
    },
    contexts.HoldReason: {"text_key": "treasury.difference.unknown", "facts": {"reference": "0A"}},
    contexts.ForecastView: {"state": "done", "basis": "population", "subjects": ()},
}


def sample(kind: type, *, full: bool, **chosen: object) -> Any:
    """Build a context: empty and absent everywhere, or one of everything."""
    hints = get_type_hints(kind)
    chosen = {**SPECIAL.get(kind, {}), **chosen}
    return kind(
        **{
            f.name: chosen[f.name] if f.name in chosen else value(f.name, hints[f.name], full=full)
            for f in fields(kind)
        }
    )


def value(name: str, hint: Any, *, full: bool) -> Any:
    if isinstance(hint, UnionType):
        return value(name, get_args(hint)[0], full=full) if full else None
    if get_origin(hint) is tuple:
        return sequence(name, get_args(hint), full=full)
    if is_dataclass(hint):
        return sample(hint, full=full)  # type: ignore[arg-type]  # a dataclass is a type here
    plain: dict[Any, Any] = {
        bool: full,
        int: 7 if full else 0,
        datetime: AT,
        date: AT.date(),
        str: KEYS.get(name) or WORDS.get(name) or ("" if name.endswith("_key") else "Été <b>"),
    }
    return {} if get_origin(hint) is dict else plain[hint]


def sequence(name: str, inner: tuple[Any, ...], *, full: bool) -> tuple[Any, ...]:
    if inner[-1] is not Ellipsis:
        return tuple(value(name, part, full=full) for part in inner)
    if not full and name != "questions":
        return ()
    if name in SEQUENCES and not is_dataclass(inner[0]):
        return SEQUENCES[name]
    return (value(name, inner[0], full=full),)


SITES = [
    Site(language=language, path="/", section="home", is_demo=full, form_token="x" * 8 * full,
         is_known=full, is_signed_in=full, name="Lou" * full, has_till=full, is_staff=full)
    for language, full in product(texts.LANGUAGES, (False, True))
]  # fmt: skip


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("site", SITES, ids=lambda site: f"{site.language}-{site.is_known}")
@pytest.mark.parametrize("full", [False, True], ids=["empty", "full"])
def test_each_page_renders_from_its_context_alone(template: str, site: Site, full: bool) -> None:
    html = render(site, template, sample(TEMPLATES[template], full=full))

    assert f'<html lang="{site.language}">' in html
    assert html.count("<h1") == 1
    assert "Été <b>" not in html, "what people typed must be escaped"
    assert "None" not in re.sub(r"<[^>]*>", "", html)


def test_each_page_template_is_tested() -> None:
    pages = {path.name for path in (FOLDER / "templates").glob("*.html")} - {"base.html"}

    assert pages == set(TEMPLATES)


@pytest.mark.parametrize(
    "state",
    [
        "pending",
        "confirming",
        "held",
        "confirmed",
        "refused",
        "review",
        "zero",
        "cancelled",
        "forfeited",
    ],
)
def test_a_receipt_renders_in_each_state(state: str) -> None:
    page = sample(contexts.ReceiptPage, full=True, state=state)

    assert texts.translate("fr", f"state.{state}") in render(SITES[1], "receipt.html", page)


@pytest.mark.parametrize("state", [*PaymentState])
def test_a_till_shows_each_state_of_a_payment(state: PaymentState) -> None:
    page = sample(contexts.TillPaymentPage, full=True, state=state)

    html = render(SITES[1], "till_payment.html", page)

    is_open = state == PaymentState.REQUESTED
    is_sold = state in ("accepted", "authorised", "batched", "confirmed")
    assert ("qr.svg" in html, "verdict-yes" in html) == (is_open, is_sold)


@pytest.mark.parametrize(
    ("obstacle", "state", "can_pay"),
    [("", "open", True), ("sign_in", "open", False), ("too_poor", "open", False),
     ("preparing", "open", False), ("", "closed", False)],
)  # fmt: skip
def test_the_pay_button_shows_only_when_paying_works(
    *, obstacle: str, state: str, can_pay: bool
) -> None:
    page = sample(contexts.PayPage, full=True, obstacle=obstacle, state=state)

    assert ("button-go" in render(SITES[1], "pay.html", page)) is can_pay


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("waiting", "forecast.running"),
        ("running", "forecast.running"),
        ("failed", "forecast.failed"),
    ],
)
def test_an_edition_says_how_far_its_forecast_is(state: str, words: str) -> None:
    view = contexts.ForecastView(state, progress_percent=40)
    page = sample(contexts.EditionPage, full=True, forecast=view)

    assert texts.translate("fr", words) in render(SITES[1], "edition.html", page)


def test_each_state_has_a_word_and_an_icon() -> None:
    editions = ("draft", "approved", "publishing", "published", "cancelling", "cancelled")
    shown = ("confirming", "zero")
    states = {*ClaimState, *RewardState, *PaymentState, *CashOutState, *editions, *shown}
    states |= {f"payout_{state}" for state in PayoutState}
    states |= {f"file_{state}" for state in FileState}
    icons = (FOLDER / "static/icons.svg").read_text()

    assert not [s for s in states if not texts.has("fr", f"state.{s}")]
    assert not [s for s in states if f'id="state-{s}"' not in icons]


def test_each_icon_that_a_page_names_exists() -> None:
    icons = set(re.findall(r'<symbol id="([^"]+)"', (FOLDER / "static/icons.svg").read_text()))
    used = set()
    for path in (FOLDER / "templates").rglob("*.html"):
        used.update(re.findall(r"icon\('([a-z-]+)'\)", path.read_text()))

    assert used <= icons
    acts = [key for key in texts.catalogue("fr") if key.startswith(("material.", "mode."))]
    assert {key.replace(".", "-") for key in acts} <= icons


def test_templates_hold_no_script_and_no_style() -> None:
    found = [
        path.name
        for path in (FOLDER / "templates").rglob("*.html")
        if re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", path.read_text())
    ]

    assert not found


def test_assets_change_their_address_with_their_content() -> None:
    assert re.fullmatch(r"/static/tokens\.css\?v=[0-9a-f]{12}", asset("tokens.css"))
    with pytest.raises(FileNotFoundError):
        asset("missing.css")


def test_a_misspelt_field_fails_loudly() -> None:
    template = environment("fr").from_string("{{ page.no_such_field }}")

    with pytest.raises(Exception, match="no_such_field"):
        template.render(page=sample(contexts.ScanPage, full=True))
