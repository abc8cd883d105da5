"""A citizen's phone without network, as the scripts of the pages make it."""

import itertools
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from backend.accounts.models import Account
from backend.accounts.rules import AccountKind, AccountState, Actor, permissions_of, roles_of
from backend.db.engine import Database
from backend.promises import codes
from backend.promises import service as promises
from backend.promises.codes import Promise
from backend.workflows import hand_in_promise
from tests.support.clock import FrozenClock

_numbers = itertools.count(1)


@dataclass
class Phone:
    """A key that never leaves the phone, and the pass that vouches for it."""

    key: ec.EllipticCurvePrivateKey
    pass_id: str = ""
    certificate: str = ""

    @classmethod
    def fresh(cls) -> "Phone":
        """Make a phone without a pass."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def certified(
        cls, issuer: ec.EllipticCurvePrivateKey, *, pass_id: str, expires_at: datetime
    ) -> "Phone":
        """Make a phone with a pass that no database knows."""
        phone = cls.fresh()
        phone.pass_id = pass_id
        phone.certificate = codes.certify_pass(
            issuer,
            pass_id=pass_id,
            public_key=phone.public_key,
            expires_at=expires_at,
            each_units=2_000,
        )
        return phone

    @property
    def public_key(self) -> str:
        """Its public half, hex."""
        return codes.public_of(self.key)


def promise_for(
    phone: Phone, *, merchant_id: str, units: int, signed_at: datetime, **changes: Any
) -> Promise:
    """Sign a promise as the phone does after its owner said yes."""
    facts: dict[str, Any] = {
        "pass_id": phone.pass_id,
        "merchant_id": merchant_id,
        "request": secrets.token_hex(8),
        "units": units,
        "signed_at": signed_at.replace(microsecond=0),
        "nonce": f"{next(_numbers):016x}",
    }
    unsigned = Promise(**{**facts, **changes}, signature=b"")
    signature = codes.sign(phone.key, unsigned.signed_bytes())
    return Promise(**{**facts, **changes}, signature=signature)


def give_pass(
    database: Database, clock: FrozenClock, account: Account, *, phone: Phone | None = None
) -> Phone:
    """Let a citizen's phone promise."""
    phone = phone or Phone.fresh()
    with database.transaction() as session:
        made = hand_in_promise.enrol(
            session,
            actor_of(account),
            public_key=phone.public_key,
            user_agent="",
            now=clock.now(),
        )
    phone.pass_id = made.id
    return phone


def allow(
    database: Database, clock: FrozenClock, merchant_id: str, *, clerk_units: int = 0
) -> None:
    """Let a shop take promises."""
    with database.transaction() as session:
        promises.set_limits(
            session,
            merchant_id,
            limit_units=10_000,
            clerk_units=clerk_units,
            decided_by="owner",
            at=clock.now(),
        )


def actor_of(account: Account) -> Actor:
    """Speak for an account."""
    kind, state = AccountKind(account.kind), AccountState(account.state)
    roles = roles_of(kind, ())
    return Actor(
        account_id=account.id,
        kind=kind,
        state=state,
        display_name="",
        language="fr",
        roles=roles,
        permissions=permissions_of(state, roles),
        session_id="",
        form_token="",
    )
