"""One running instance, and the frame of every request: idempotent, logged, then answered."""

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel
from sqlmodel import Session

from wallet_service import models
from wallet_service.clock import Clock
from wallet_service.errors import ConflictError, ErrorKind, WalletError
from wallet_service.keystore import AccountVault
from wallet_service.limits import Policy
from wallet_service.signing.protocol import Signer
from wallet_service.store import Store, read_meta

Answer = TypeVar("Answer", bound=BaseModel)
Action = Callable[[Session, datetime], Answer]
RefusalHook = Callable[["Wallet", Session, WalletError, datetime], None]


class FrozenError(WalletError):
    """An operator stopped this instance; requests wait."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.UNAVAILABLE,
            "frozen",
            "This instance is frozen: run `python -m wallet_service unfreeze` once it is safe.",
        )


@dataclass(frozen=True)
class Wallet:
    """What a running instance works with."""

    policy: Policy
    store: Store
    clock: Clock
    vault: AccountVault
    signers: Mapping[str, Signer]
    # One request at a time: a refusal's record must be visible to the next request's judgement.
    turn: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True)
class Envelope:
    """Who asks what: the route, the caller's request id, and the body's hash."""

    route: str
    request_id: str
    body_hash: bytes

    @classmethod
    def of(cls, route: str, body: BaseModel, *, path: str = "") -> "Envelope":
        """Wrap a parsed body; `path` holds what the URL adds to it."""
        stored = json.dumps(body.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return cls(
            route=route,
            request_id=str(getattr(body, "request_id", "")),
            body_hash=hashlib.sha256(f"{route}\n{path}\n{stored}".encode()).digest(),
        )


def perform_once(
    wallet: Wallet,
    envelope: Envelope,
    *,
    first: Action[Answer],
    again: Callable[[Session], Answer],
    on_refusal: RefusalHook | None = None,
) -> Answer:
    """Do a request with a request id: the first time for real, later by its stored answer.

    Raises:
        ConflictError: The request id was used with another body.
    """

    def act(session: Session, now: datetime) -> tuple[Answer, str]:
        earlier = session.get(models.Request, envelope.request_id)
        if earlier is None:
            answer = first(session, now)
            session.add(
                models.Request(
                    request_id=envelope.request_id,
                    route=envelope.route,
                    body_hash=envelope.body_hash,
                    granted_at=now,
                )
            )
            return answer, "granted"
        if earlier.body_hash != envelope.body_hash:
            raise ConflictError(
                "request_id_reused",
                "This request id came with another body before; make a new id.",
            )
        return again(session), "repeated"

    return _logged(wallet, envelope, act, on_refusal)


def perform(wallet: Wallet, envelope: Envelope, action: Action[Answer]) -> Answer:
    """Do a request that is idempotent by its own nature."""
    return _logged(wallet, envelope, lambda session, now: (action(session, now), "granted"), None)


def log_unreadable(wallet: Wallet, route: str, body: bytes) -> None:
    """Log a request that could not even be parsed."""
    envelope = Envelope(route, "", hashlib.sha256(body).digest())
    with wallet.turn, wallet.store.transaction() as session:
        _log(session, envelope, "unreadable", wallet.clock.now())


def refuse_when_frozen(session: Session) -> None:
    """Let nothing be signed while an operator holds the instance.

    Raises:
        FrozenError: `freeze` was run on this store.
    """
    if read_meta(session, "frozen") is not None:
        raise FrozenError


def _logged(
    wallet: Wallet,
    envelope: Envelope,
    act: Callable[[Session, datetime], tuple[Answer, str]],
    on_refusal: RefusalHook | None,
) -> Answer:
    with wallet.turn:
        now = wallet.clock.now()
        try:
            with wallet.store.transaction() as session:
                answer, decision = act(session, now)
                _log(session, envelope, decision, now)
        except WalletError as refusal:
            with wallet.store.transaction() as session:
                _log(session, envelope, refusal.code, now)
                if on_refusal is not None:
                    on_refusal(wallet, session, refusal, now)
            raise
        except Exception:
            with wallet.store.transaction() as session:
                _log(session, envelope, "bug", now)
            raise
    return answer


def _log(session: Session, envelope: Envelope, decision: str, now: datetime) -> None:
    session.add(
        models.RequestLog(
            request_id=envelope.request_id,
            route=envelope.route,
            body_hash=envelope.body_hash,
            decision=decision,
            logged_at=now,
        )
    )
