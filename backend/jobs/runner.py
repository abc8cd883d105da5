"""The loop of the jobs process: steps in order, each with its own patience after a failure."""

import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from backend.books import queries as book_queries
from backend.chain import deployment
from backend.chain.contracts import Contracts
from backend.chain.errors import CallRevertedError
from backend.chain.pool import NodePool
from backend.chain.roster import Roster
from backend.db.engine import Database
from backend.jobs import metrics
from backend.jobs.carpool_register import CarpoolRegister, NoRegister, RegisterClient
from backend.jobs.context import Context
from backend.jobs.gbfs import BikeFeeds
from backend.jobs.instruments import STEP_FAILURES
from backend.jobs.mail import MaildirTransport, MailTransport, SMTPTransport
from backend.jobs.steps import (
    addresses,
    cancellations,
    carpool,
    custody,
    decide,
    editions,
    factors,
    fill,
    forecasts,
    guard,
    index,
    issue,
    mail,
    market,
    merchants,
    offers,
    payouts,
    recover,
    refunds,
    replace,
    rides,
    send,
    settlement,
    sweep,
    tidy,
    trips,
    weigh,
)
from backend.jobs.wallet_client import WalletClient
from backend.kernel import logs
from backend.kernel.clock import SystemClock
from backend.kernel.errors import EcoError, ErrorKind
from backend.settings import Settings
from backend.workflows import restore

IDLE_S = 0.05
"""Sleep when no step had anything to do: a verdict comes a few milliseconds after its claim."""
POLL_CHAIN_S = 0.25
"""How often the chain is asked when nothing else calls for it."""
RECONCILE_S = 300.0
"""The books are compared with the chain so often; each comparison asks the node per account."""
TIDY_S = 600.0
"""How often sessions and one-time codes that are over are deleted."""
WEIGH_S = 60.0
"""How often rounds are looked at that close by themselves after two days."""
REGISTER_S = 30.0
"""How often journeys are looked for that the carpool register is to be asked about."""
MAX_PAUSE_S = 10.0

log = structlog.get_logger()


@dataclass
class Step:
    """A step with its rhythm.

    Attributes:
        run: Does a bounded piece of work; True when there may be more at once.
        every_s: Least time between two runs that found nothing.
        is_safe_in_recovery: True when it may run before a restore is finished.
    """

    name: str
    run: Callable[[Context], bool]
    every_s: float = 0.0
    is_safe_in_recovery: bool = False
    not_before_s: float = 0.0
    pause_s: float = field(default=0.0)


def steps() -> list[Step]:
    """Return the steps in the order of a point's life."""
    return [
        Step("trips", trips.TripJudge().run, every_s=0.1),
        Step("rides", rides.decide_rides, every_s=0.5),
        Step("decide", decide.decide_pending),
        Step("rounds", weigh.close_rounds, every_s=WEIGH_S),
        Step("balances", weigh.settle_overdue, every_s=WEIGH_S),
        Step("release", decide.release_held, every_s=1.0),
        Step("addresses", addresses.provide_addresses, every_s=0.1),
        Step("incarnation", editions.reserve_incarnation, every_s=0.5),
        Step("publications", editions.reserve_publications, every_s=0.5),
        Step("cancellations", editions.reserve_cancellations, every_s=0.5),
        Step("forecasts", forecasts.start_forecast, every_s=0.5),
        Step("registrations", merchants.reserve_registrations, every_s=0.5),
        Step("mints", issue.reserve_mints, every_s=0.1),
        Step("wallet-facts", factors.note_wallet, every_s=60.0),
        Step("factors", factors.enrol_factors, every_s=0.1),
        Step("authorise", market.sign_payments, every_s=0.05),
        Step("spends", market.reserve_spends, every_s=0.1),
        Step("wallet-proofs", custody.verify_signatures, every_s=0.2),
        Step("announce-moves", custody.announce, every_s=0.5),
        Step("withdraw-moves", custody.withdraw, every_s=0.5),
        Step("move-points", custody.execute, every_s=0.5),
        Step("call-off", cancellations.sign_cancellations, every_s=0.2),
        Step("cancel-payments", cancellations.reserve_cancellations, every_s=0.2),
        Step("closings", payouts.close_days, every_s=60.0),
        Step("refunds", refunds.reserve_refunds, every_s=0.2),
        Step("cash-outs", settlement.reserve_cash_outs, every_s=0.2),
        Step("payouts", payouts.owe_missed, every_s=60.0),
        Step("holds", payouts.release_lapsed, every_s=60.0),
        Step("bank", payouts.deliver_files, every_s=0.5),
        Step("solvency", payouts.note_solvency, every_s=60.0),
        Step("guard", guard.pause_on_orphans, every_s=0.2),
        Step("sign", send.sign_reserved),
        Step("send", send.send_signed),
        Step("watch", send.watch_sent, every_s=POLL_CHAIN_S),
        Step("confirm", send.confirm_mined, every_s=POLL_CHAIN_S),
        Step("index", index.index_blocks, every_s=POLL_CHAIN_S, is_safe_in_recovery=True),
        Step("sweep", sweep.sweep_confirmed, every_s=1.0),
        Step("fill", fill.fill_gaps, every_s=5.0),
        Step("replace", replace.replace_stuck, every_s=2.0),
        Step("recover", recover.recover_after_restore, every_s=1.0, is_safe_in_recovery=True),
        Step("offers", offers.release_lapsed, every_s=5.0),
        Step("expire", market.expire_requests, every_s=5.0),
        Step("reconcile", metrics.Reconciler().run, every_s=RECONCILE_S),
        Step("mail", mail.deliver_mails, every_s=0.2, is_safe_in_recovery=True),
        Step("forget-trips", trips.forget_old, every_s=TIDY_S, is_safe_in_recovery=True),
        Step("lone-rides", rides.give_up_rides, every_s=TIDY_S),
        Step("carpool", carpool.ask_register, every_s=REGISTER_S),
        Step("freezes", tidy.lift_overdue_freezes, every_s=TIDY_S),
        Step("phones", tidy.forget_phones, every_s=TIDY_S, is_safe_in_recovery=True),
        Step("unclaimed", tidy.expire_unclaimed_points, every_s=60.0),
        Step("tidy", tidy.purge_accounts, every_s=TIDY_S, is_safe_in_recovery=True),
        Step("tidy_partners", tidy.forget_partner_trips, every_s=TIDY_S),
    ]


def run_once(
    context: Context, due: Sequence[Step], *, is_over: Callable[[], bool] = lambda: False
) -> bool:
    """Run each step that is due; a failing one waits, the others go on.

    Args:
        is_over: Asked before each step: a pass is some fifty of them, each of which may wait
            for an answer.
    """
    did_any = False
    try:
        with context.database.reading() as session:
            is_recovering = book_queries.open_restoration(session) is not None
    except SQLAlchemyError as error:
        log.warning("database_away", reason=type(error).__name__)
        return False
    for step in due:
        if is_over():
            break
        if is_recovering and not step.is_safe_in_recovery:
            continue
        if time.monotonic() >= step.not_before_s:
            did_any = _run_step(context, step) or did_any
    return did_any


def _run_step(context: Context, step: Step) -> bool:
    try:
        did_any = step.run(context)
    except EcoError as error:
        STEP_FAILURES.labels(step.name).inc()
        # Waiting, not giving up: the work stays in its table, whatever the reason.
        step.pause_s = min(max(step.pause_s * 2, 0.5), MAX_PAUSE_S)
        step.not_before_s = time.monotonic() + step.pause_s
        is_expected = error.kind == ErrorKind.UNAVAILABLE or isinstance(error, CallRevertedError)
        log_line = log.warning if is_expected else log.error
        log_line("step_waits", step=step.name, code=error.code, detail=str(error))
        return False
    except Exception:
        STEP_FAILURES.labels(step.name).inc()
        step.pause_s = MAX_PAUSE_S
        step.not_before_s = time.monotonic() + step.pause_s
        log.exception("step_failed", step=step.name)
        return False
    step.pause_s = 0.0
    step.not_before_s = 0.0 if did_any else time.monotonic() + step.every_s
    return did_any


def connect(settings: Settings) -> Context:
    """Open every connection that the steps need.

    Raises:
        EcoError: Node, wallet service or deployment is missing or does not fit.
    """
    deployed = deployment.load(settings.deployment_file)
    node = NodePool(
        Roster(
            [settings.node_url, *settings.fallback_node_urls],
            chain_id=deployed.chain_id,
            genesis_hash=deployed.genesis_hash,
        )
    )
    node.check()
    wallet, guardian = WalletClient(settings.wallet_socket), WalletClient(settings.guardian_socket)
    for client in (wallet, guardian):
        client.pin_deployment(
            chain_id=deployed.chain_id,
            genesis_hash=deployed.genesis_hash,
            contracts=deployed.contracts,
        )
    return Context(
        database=Database(settings.database_url),
        clock=SystemClock(),
        node=node,
        contracts=Contracts(deployed),
        wallet=wallet,
        guardian=guardian,
        register=_register(settings),
        bikes=BikeFeeds(settings.gbfs_urls),
        mail=_mail(settings),
        mail_from=settings.mail_from,
        linger=timedelta(milliseconds=settings.linger_ms),
        confirmations_min=settings.confirmations_min,
        batch_max_items=settings.batch_max_items,
        publication_margin=timedelta(seconds=settings.publication_margin_s),
        region_codes=settings.region_codes,
        partner_keys=settings.partner_key_bytes,
        key_addresses={**guardian.keys(), **wallet.keys()},
        rate_micro_cents_per_unit=settings.rate_micro_cents_per_unit,
        sepa_folder=settings.sepa_folder,
        public_url=settings.public_url,
        custody_cooldown=timedelta(seconds=settings.custody_cooldown_s),
    )


def _register(settings: Settings) -> CarpoolRegister:
    if not settings.register_url:
        return NoRegister()
    return RegisterClient(settings.register_url, settings.register_key_pairs, SystemClock())


def _mail(settings: Settings) -> MailTransport:
    if settings.mail_transport == "smtp":
        return SMTPTransport(settings.smtp_url)
    return MaildirTransport(settings.maildir)


def main() -> int:
    """Run until SIGTERM or SIGINT; finish the step under way first.

    Returns:
        0 after a signal, 1 when something needed is missing at the start.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    settings = Settings()
    logs.configure(settings.log_level)
    try:
        context = connect(settings)
    except EcoError as error:
        log.error("cannot_start", code=error.code, detail=str(error))  # noqa: TRY400 - no bug
        return 1
    with context.database.transaction() as session:
        if restore.mark_if_copied(
            session, home=context.database.fingerprint(), now=context.clock.now()
        ):
            log.warning("database_was_copied", next="a new incarnation, after a scan of the chain")
    metrics.serve(context, settings.metrics_port)
    todo = steps()
    log.info("jobs_started", chain_id=context.contracts.deployment.chain_id)
    while not stop.is_set():
        if not run_once(context, todo, is_over=stop.is_set):
            stop.wait(IDLE_S)
    log.info("jobs_stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
