"""What goes wrong: strangers who mint, deep reorganisations, stuck fees, poison, restores."""

import pytest

from backend.accounts.models import Account
from backend.actions.models import Claim
from backend.actions.rules import ClaimState
from backend.batches.models import Attempt, Batch
from backend.batches.rules import BatchKind, BatchState
from backend.books.models import Orphan
from backend.db import event_log, outbox
from backend.db.outbox import OutboxMessage
from backend.jobs import runner
from backend.jobs.runner import Step
from backend.jobs.steps import issue, poison
from backend.kernel.errors import UnavailableError
from backend.ledger import names
from backend.rewards.models import Reward
from backend.rewards.rules import RewardState
from backend.rulebook import service as editions
from backend.rulebook.edition_errors import EditionUnknownError
from backend.rulebook.models import Edition
from backend.workflows import restore
from tests.support import builders
from tests.support.builders import GLASS_UNITS, ROOT, Terminal
from tests.support.fake_refunds import selector
from tests.support.fakes import BASE_FEE_WEI
from tests.support.works import CONFIRMATIONS, Works

SECOND_TEXT = (ROOT / "backend/rulebook/editions/amp-2026-2.yaml").read_text()


def _told_staff(works: Works) -> list[str]:
    with works.database.reading() as session:
        rows = event_log.after(session, 0, audience=event_log.STAFF)
        return [row.kind for row in rows]


def test_a_mint_of_somebody_else_is_found_and_stops_issuance(
    works: Works, kiosk: Terminal, alice: Account
) -> None:
    # I-5
    works.run(1)
    tx_hash = works.node.mint_behind_our_back(5_000)
    works.steps()
    works.claim(alice.id, kiosk.slot_code())

    works.run()

    assert [(row.tx_hash, row.units) for row in works.all(Orphan)] == [(tx_hash, 5_000)]
    assert "orphan_mint_found" in _told_staff(works)
    assert works.node.books.is_paused
    assert works.states(Reward) == [RewardState.READY]


def test_a_stranger_on_a_dropped_branch_accuses_nobody(works: Works) -> None:
    works.run(1)
    works.node.mint_behind_our_back(5_000)
    with works.node.without("estimate_gas"):
        works.steps()
    assert len(works.all(Orphan)) == 1

    works.node.reorganise(1, forget=True)
    works.run(2)

    assert works.all(Orphan) == []


@pytest.mark.parametrize("forget", [False, True])
def test_a_reorganisation_below_what_was_final_is_repaired(
    works: Works, kiosk: Terminal, alice: Account, *, forget: bool
) -> None:
    works.claim(alice.id, kiosk.slot_code())
    works.run()
    assert works.states(Batch) == [BatchState.CONFIRMED]

    works.node.reorganise(4, forget=forget)
    assert works.node.books.units == {}
    works.run(6)

    assert works.states(Batch) == [BatchState.CONFIRMED]
    assert sum(works.node.books.units.values()) == GLASS_UNITS
    assert works.units(names.confirmed(alice.id)) == GLASS_UNITS
    assert ("batch_reopened" in _told_staff(works)) == forget


def test_a_transaction_that_offers_too_little_is_replaced_under_its_nonce(
    works: Works, kiosk: Terminal, alice: Account
) -> None:
    works.claim(alice.id, kiosk.slot_code())
    works.steps()
    works.node.base_fee_wei_now = 20 * BASE_FEE_WEI

    works.run(8)

    attempts = works.all(Attempt)
    assert len(attempts) > 1
    assert {attempt.batch_id for attempt in attempts} == {works.all(Batch)[0].id}
    assert works.units(names.confirmed(alice.id)) == GLASS_UNITS


def test_one_poisoned_reward_is_set_aside_and_the_others_are_paid(
    works: Works, kiosk: Terminal
) -> None:
    people = [builders.make_citizen(works.database, works.clock) for _ in range(5)]
    with works.node.without():
        for seq, person in enumerate(people):
            works.claim(person.id, kiosk.slot_code(seq=seq), key=f"person-{seq}")
        works.steps()
    bad = works.all(Reward)[2]
    works.node.poisoned = {bad.reward_id: "EcoToken_NotCitizen"}

    works.run()

    states = {reward.reward_id: reward.state for reward in works.all(Reward)}
    assert states.pop(bad.reward_id) == RewardState.QUARANTINED
    assert set(states.values()) == {RewardState.CONFIRMED}
    assert "reward_quarantined" in _told_staff(works)


def test_a_paused_contract_quarantines_nobody(
    works: Works, kiosk: Terminal, alice: Account
) -> None:
    works.claim(alice.id, kiosk.slot_code())
    works.node.refuses["issue"] = "EcoToken_MintPaused"

    works.run(3)

    assert works.states(Reward) == [RewardState.READY]


@pytest.mark.parametrize("name", sorted(poison.POISON | poison.TOO_LARGE))
def test_the_contracts_know_each_error_that_we_listen_for(name: str) -> None:
    assert selector(name)


def test_what_the_signer_refuses_does_not_jam_the_nonces_behind_it(
    works: Works, kiosk: Terminal, alice: Account
) -> None:
    works.wallet.denies = lambda body: str(body.get("request_id", "")).endswith("/mint")
    works.claim(alice.id, kiosk.slot_code())
    works.run(2)
    works.wallet.denies = lambda _: False
    bob = builders.make_citizen(works.database, works.clock)

    works.claim(bob.id, kiosk.slot_code(), key="key-of-bob")
    works.run()

    assert works.units(names.confirmed(bob.id)) == GLASS_UNITS
    assert BatchKind.GAP_FILLER in {batch.kind for batch in works.all(Batch)}


def test_an_edition_is_published_and_governs_from_its_instant(works: Works) -> None:
    with works.database.transaction() as session:
        edition = editions.draft(
            session, source_text=SECOND_TEXT, author_account_id="samia", at=works.clock.now()
        )
        builders.finish_forecast(session, edition.number)
        editions.approve(session, edition.number, approver_account_id="luc")

    works.run()

    stored = next(row for row in works.all(Edition) if row.number == 2)
    document_hash, effective_from_s = works.node.books.editions[2]
    assert stored.state == "published"
    assert document_hash.hex() == stored.document_hash
    assert stored.effective_from is not None
    assert effective_from_s == int(stored.effective_from.timestamp())
    assert "edition_published" in _told_staff(works)


def test_nothing_is_issued_under_a_document_that_the_chain_does_not_have(
    works: Works, kiosk: Terminal, alice: Account
) -> None:
    works.run(1)
    known, works.node.document = works.node.document, bytes(32)
    works.claim(alice.id, kiosk.slot_code())
    works.run()
    assert works.states(Reward) == [RewardState.READY]
    with pytest.raises(EditionUnknownError, match="0" * 64):
        issue.reserve_mints(works.context)

    works.node.document = known
    works.run()

    assert works.units(names.confirmed(alice.id)) == GLASS_UNITS


def test_a_restored_database_forgets_nothing_that_the_chain_knows(
    works: Works, kiosk: Terminal, alice: Account
) -> None:
    # The rows say that nothing was sent; the chain has minted it meanwhile.
    with works.node.without():
        works.claim(alice.id, kiosk.slot_code())
        works.steps()
    (reward,) = works.all(Reward)
    works.node.mine()
    works.node.books.consumed.add(reward.reward_id)
    works.node.mine(CONFIRMATIONS)
    with works.database.transaction() as session:
        restore.mark(session, backup_taken_at=works.clock.now(), now=works.clock.advance(hours=24))

    works.run(6)

    assert works.states(Reward) == [RewardState.CONFIRMED]
    assert works.units(names.confirmed(alice.id)) == GLASS_UNITS
    assert works.node.books.incarnation == builders.INCARNATION + 1
    assert [b.kind for b in works.all(Batch)] == [BatchKind.OPEN_INCARNATION]


def test_a_step_that_fails_leaves_the_others_alone(works: Works) -> None:
    ran: list[str] = []

    def waits(_: object) -> bool:
        raise UnavailableError("node", "The node is away.")

    def breaks(_: object) -> bool:
        raise ZeroDivisionError

    def works_well(_: object) -> bool:
        ran.append("well")
        return True

    steps = [Step("waits", waits), Step("breaks", breaks), Step("well", works_well)]

    assert runner.run_once(works.context, steps)

    assert ran == ["well"]
    assert [step.pause_s for step in steps] == [0.5, runner.MAX_PAUSE_S, 0.0]


def test_a_runner_that_is_told_to_stop_finishes_the_step_and_not_the_pass(works: Works) -> None:
    ran: list[str] = []

    def told(_: object) -> bool:
        ran.append("told")
        return True

    def late(_: object) -> bool:
        ran.append("late")
        return True

    steps = [Step("told", told), Step("late", late)]

    runner.run_once(works.context, steps, is_over=lambda: bool(ran))

    assert ran == ["told"]


def test_mail_that_cannot_be_made_or_delivered_keeps_nobody_waiting(works: Works) -> None:
    good = {"to": "alice@test.example", "subject": "Code", "text": "123456"}
    payloads = [
        {"to": "nobody@test.example"},
        good | {"subject": "two\nlines"},
        good | {"to": "full@test.example"},
        good,
    ]
    works.mail.refuses = {"full@test.example"}
    with works.database.transaction() as session:
        for number, payload in enumerate(payloads):
            outbox.enqueue(
                session,
                kind="mail",
                dedupe_key=f"mail/{number}",
                payload=payload,
                at=works.clock.now(),
            )

    works.steps()

    assert [message["To"] for message in works.mail.delivered] == ["alice@test.example"]
    by_key = {row.dedupe_key: (row.state, row.attempts) for row in works.all(OutboxMessage)}
    assert by_key.pop("mail/3") == ("done", 1)
    assert set(by_key.values()) == {("waiting", 1)}


def test_a_held_tranche_is_minted_when_its_time_has_come(works: Works, alice: Account) -> None:
    bin_ = builders.make_bin(works.database, works.clock, materials=("organic",))
    works.claim(alice.id, bin_.deposit_code(material="organic", mass_g=2_000))
    works.run()
    before = works.units(names.confirmed(alice.id))

    works.clock.advance(days=35)
    works.run()

    assert (before, works.units(names.confirmed(alice.id))) == (140, 200)
    assert len(works.node.books.consumed) == 2


def test_a_refused_claim_costs_no_transaction(works: Works, alice: Account) -> None:
    bin_ = builders.make_bin(works.database, works.clock)
    works.claim(alice.id, bin_.deposit_code(material="paper"))

    works.run(2)

    assert [claim.state for claim in works.all(Claim)] == [ClaimState.REFUSED]
    assert works.all(Batch) == []
