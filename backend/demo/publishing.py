"""The journey's colleagues change the rules: drafted by one, approved by another, on chain."""

from backend.demo import seed
from backend.demo.cast import Cast, expect
from backend.demo.console import Story
from backend.demo.witness import Witness
from backend.kernel.units import points_text


def publish_edition(story: Story, cast: Cast, witness: Witness) -> int:
    """Draft, forecast, approve and publish edition 2; return its number."""
    story.chapter("4. A new edition of the rules, published with notice")
    editor, approver = cast.editor, cast.approver
    editor.sign_in("redaction@demo.calanque.example")
    approver.sign_in("approbation@demo.calanque.example")
    draft = editor.post("/api/v1/rules", {"source_text": seed.SECOND_EDITION.read_text()})
    story.step("Samia drafts edition 2: one glass deposit is worth more")
    forecast = approver.wait(
        "the forecast",
        f"/api/v1/rules/{draft['number']}/forecast",
        lambda found: found["state"] in ("done", "failed"),
        timeout_s=60,
    )
    expect(forecast["state"] == "done", f"the forecast failed: {forecast['error']}")
    before, after = (forecast["result"][side]["units"] for side in ("before", "after"))
    story.step(
        f"A year of {forecast['acts']} acts is replayed: {points_text(before, lang='en')} points "
        f"under edition 1, {points_text(after, lang='en')} under edition 2"
    )
    approver.post(f"/api/v1/rules/{draft['number']}/approve")
    published = approver.wait(
        "the publication of edition 2",
        "/api/v1/rules",
        lambda editions: any(e["number"] == draft["number"] for e in editions),
        timeout_s=60,
    )
    story.step(f"Luc approves it; published on chain: {witness.edition(draft['number'])}")
    story.detail(f"It takes effect at {published[0]['effective_from']}, after the notice")
    return int(draft["number"])
