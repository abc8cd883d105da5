"""PINs and passkeys with which citizens prove payments that are too large to go unasked."""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlmodel import Session, col, or_, select
from webauthn import verify_authentication_response
from webauthn.helpers import decode_credential_public_key
from webauthn.helpers.exceptions import WebAuthnException

from wallet_service import accounts, models, schemas
from wallet_service.errors import InvalidRequestError, PolicyDeniedError, WalletError
from wallet_service.keystore import KEY_BYTES, AccountVault
from wallet_service.limits import SpendLimits
from wallet_service.wallet import Envelope, Wallet, perform_once

PIN = "pin"
PASSKEY = "passkey"
_PIN_SHAPE = re.compile(r"[0-9]{4,12}", re.ASCII)
_SEAL_INFO = b"calanque/pin/v1"
_FACTOR_TAG = b"calanque/factor/v1"
# A sealed PIN's key is used once, so a constant nonce is safe (as in HPKE's single-shot mode).
_SEAL_NONCE = bytes(12)
_HASHER = Argon2Hasher()


class PINWrongError(WalletError):
    """The PIN is not the enrolled one; the failure was counted."""

    def __init__(self, factor_id: int | None) -> None:
        denied = PolicyDeniedError("pin_wrong", "The PIN is wrong.")
        super().__init__(denied.kind, denied.code, denied.message)
        self.factor_id = factor_id


@dataclass(frozen=True)
class Claim:
    """A proof and what it must cover.

    Args:
        address: Account whose factor must have made the proof.
        digest: 32 bytes that the citizen agreed to.
        proof: What came with the request.
    """

    address: str
    digest: bytes
    proof: schemas.PINProof | schemas.PasskeyProof


def pin_key(vault: AccountVault) -> bytes:
    """Return the X25519 public key to which pages and processes seal a PIN."""
    return _sealing_key(vault).public_key().public_bytes_raw()


def seal_pin(public_key: bytes, pin: str, digest: bytes) -> str:
    """Seal a PIN so that only the wallet service opens it, and only for this digest.

    The backend and the pages carry their own copy of these few lines (docs/wallet.md).
    """
    ephemeral = X25519PrivateKey.generate()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(public_key))
    sender = ephemeral.public_key().public_bytes_raw()
    key = _seal_key(shared, sender, public_key)
    sealed = sender + AESGCM(key).encrypt(_SEAL_NONCE, pin.encode(), digest)
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def enrolment_digest(address: str) -> bytes:
    """Return what a PIN is sealed for when it is enrolled."""
    return sha256(_FACTOR_TAG + b"/enrol/" + address.encode()).digest()


def replacement_digest(address: str, material: str) -> bytes:
    """Return what an old factor must prove to replace it at once.

    Args:
        material: The `sealed` text of the new PIN, or the `public_key` text of the new passkey.
    """
    return sha256(_FACTOR_TAG + b"/replace/" + f"{address}/{material}".encode()).digest()


def enrol_pin(wallet: Wallet, address: str, body: schemas.PINIn) -> schemas.FactorOut:
    """Enrol or replace the PIN of an account.

    Returns:
        When it counts from: at once for a first factor or with a proof, else after a delay in
        which the citizen can be warned.
    Raises:
        InvalidRequestError: The sealed text does not open to 4 to 12 digits.
        UnknownError: No such account here.
    """

    def first(session: Session, now: datetime) -> schemas.FactorOut:
        account = accounts.known(session, address)
        pin = _opened_pin(wallet.vault, body.sealed, enrolment_digest(account.address))
        active_from = _active_from(wallet, session, account.address, body.sealed, body.proof, now)
        verifier = _HASHER.hash(_bound(account.address, pin)).encode()
        row = models.Factor(
            address=account.address,
            kind=PIN,
            verifier=wallet.vault.seal(verifier, place=_place(account.address, PIN)),
            active_from=active_from,
        )
        session.add(row)
        return _answer(row)

    return perform_once(
        wallet,
        Envelope.of("factor", body, path=address),
        first=first,
        again=lambda session: _newest(session, accounts.known(session, address).address, PIN),
        on_refusal=count_failure,
    )


def enrol_passkey(wallet: Wallet, address: str, body: schemas.PasskeyIn) -> schemas.FactorOut:
    """Enrol a further passkey of an account; see `enrol_pin` for when it counts from.

    Raises:
        PolicyDeniedError: The relying party is not in the policy.
        InvalidRequestError: The public key is not a COSE key.
        UnknownError: No such account here.
    """

    def first(session: Session, now: datetime) -> schemas.FactorOut:
        account = accounts.known(session, address)
        if body.rp_id not in _limits(wallet).passkey_rp_ids:
            raise PolicyDeniedError("rp_id_denied", f"Passkeys of {body.rp_id} do not count here.")
        public_key = _from_base64url(body.public_key)
        _check_cose(public_key)
        row = models.Factor(
            address=account.address,
            kind=PASSKEY,
            verifier=wallet.vault.seal(public_key, place=_place(account.address, PASSKEY)),
            credential_id=_from_base64url(body.credential_id),
            rp_id=body.rp_id,
            active_from=_active_from(
                wallet, session, account.address, body.public_key, body.proof, now
            ),
        )
        session.add(row)
        return _answer(row)

    return perform_once(
        wallet,
        Envelope.of("factor", body, path=address),
        first=first,
        again=lambda session: _newest(session, accounts.known(session, address).address, PASSKEY),
        on_refusal=count_failure,
    )


def verify(wallet: Wallet, session: Session, claim: Claim, now: datetime) -> str:
    """Check that the citizen agreed to a digest.

    Returns:
        The kind of the proof.
    Raises:
        PINWrongError: Wrong PIN; `count_failure` must record it.
        PolicyDeniedError: No factor that counts, a locked PIN, or an assertion that fails.
    Effects: resets the PIN's failures, or stores the passkey's counter.
    """
    if isinstance(claim.proof, schemas.PINProof):
        _verify_pin(wallet, session, claim, claim.proof, now)
        return PIN
    _verify_passkey(wallet, session, claim, claim.proof, now)
    return PASSKEY


def count_failure(wallet: Wallet, session: Session, refusal: WalletError, now: datetime) -> None:
    """Record a wrong PIN, and lock it after too many; other refusals leave no trace here."""
    if not isinstance(refusal, PINWrongError):
        return
    row = session.get_one(models.Factor, refusal.factor_id)
    limits = _limits(wallet)
    row.failures += 1
    if row.failures >= limits.pin_attempts_max:
        row.failures = 0
        row.locked_until = now + timedelta(seconds=limits.pin_lock_s)
    session.add(row)


def _verify_pin(
    wallet: Wallet, session: Session, claim: Claim, proof: schemas.PINProof, now: datetime
) -> None:
    row = _active(session, claim.address, PIN, now)
    if row is None:
        _no_factor()
    if row.locked_until is not None and row.locked_until > now:
        raise PolicyDeniedError("pin_locked", "Too many wrong PINs; wait before the next try.")
    pin = _opened_pin(wallet.vault, proof.sealed, claim.digest)
    verifier = wallet.vault.open(row.verifier, place=_place(claim.address, PIN))
    if not _HASHER.verify(_bound(claim.address, pin), verifier.decode()):
        raise PINWrongError(row.id)
    row.failures = 0
    session.add(row)


def _verify_passkey(
    wallet: Wallet, session: Session, claim: Claim, proof: schemas.PasskeyProof, now: datetime
) -> None:
    credential_id = _from_base64url(str(proof.assertion.get("id", "")))
    row = _active(session, claim.address, PASSKEY, now, credential_id=credential_id)
    if row is None:
        _no_factor()
    try:
        verified = verify_authentication_response(
            credential=proof.assertion,
            expected_challenge=claim.digest,
            expected_rp_id=row.rp_id,
            expected_origin=list(_limits(wallet).passkey_origins),
            credential_public_key=wallet.vault.open(
                row.verifier, place=_place(claim.address, PASSKEY)
            ),
            credential_current_sign_count=row.sign_count,
            require_user_verification=True,
        )
    except WebAuthnException as error:
        raise PolicyDeniedError("passkey_refused", "The passkey's answer does not hold.") from error
    row.sign_count = verified.new_sign_count
    session.add(row)


def _active_from(
    wallet: Wallet,
    session: Session,
    address: str,
    material: str,
    proof: schemas.PINProof | schemas.PasskeyProof | None,
    now: datetime,
) -> datetime:
    if proof is not None:
        verify(wallet, session, Claim(address, replacement_digest(address, material), proof), now)
        return now
    has_factor = session.exec(
        select(models.Factor.id).where(col(models.Factor.address) == address).limit(1)
    ).first()
    delay_s = 0 if has_factor is None else _limits(wallet).factor_delay_s
    return now + timedelta(seconds=delay_s)


def _active(
    session: Session, address: str, kind: str, now: datetime, *, credential_id: bytes | None = None
) -> models.Factor | None:
    """Return the newest factor of this kind whose time has come."""
    return session.exec(
        select(models.Factor)
        .where(
            col(models.Factor.address) == address,
            col(models.Factor.kind) == kind,
            col(models.Factor.active_from) <= now,
            or_(credential_id is None, col(models.Factor.credential_id) == credential_id),
        )
        .order_by(col(models.Factor.active_from).desc(), col(models.Factor.id).desc())
        .limit(1)
    ).first()


def _newest(session: Session, address: str, kind: str) -> schemas.FactorOut:
    row = session.exec(
        select(models.Factor)
        .where(col(models.Factor.address) == address, col(models.Factor.kind) == kind)
        .order_by(col(models.Factor.id).desc())
        .limit(1)
    ).one()
    return _answer(row)


def _opened_pin(vault: AccountVault, sealed_text: str, digest: bytes) -> str:
    sealed = _from_base64url(sealed_text)
    private = _sealing_key(vault)
    sender = sealed[:KEY_BYTES]
    try:
        shared = private.exchange(X25519PublicKey.from_public_bytes(sender))
        key = _seal_key(shared, sender, private.public_key().public_bytes_raw())
        pin = AESGCM(key).decrypt(_SEAL_NONCE, sealed[KEY_BYTES:], digest).decode("ascii")
    except (InvalidTag, ValueError) as error:
        raise InvalidRequestError(
            "pin_sealed_wrongly", "The PIN was not sealed to this instance for this purpose."
        ) from error
    if not _PIN_SHAPE.fullmatch(pin):
        raise InvalidRequestError("pin_shape", "A PIN has 4 to 12 digits.")
    return pin


def _sealing_key(vault: AccountVault) -> X25519PrivateKey:
    return X25519PrivateKey.from_private_bytes(vault.sealing_secret())


def _seal_key(shared: bytes, sender: bytes, receiver: bytes) -> bytes:
    return HKDF(
        algorithm=SHA256(), length=KEY_BYTES, salt=sender + receiver, info=_SEAL_INFO
    ).derive(shared)


def _from_base64url(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise InvalidRequestError("base64_malformed", "Expected base64url text.") from error


def _check_cose(public_key: bytes) -> None:
    try:
        decode_credential_public_key(public_key)
    except Exception as error:
        # The CBOR reader behind it raises its own family besides WebAuthnException.
        raise InvalidRequestError("cose_malformed", "The public key is not a COSE key.") from error


def _no_factor() -> NoReturn:
    raise PolicyDeniedError("factor_missing", "No factor of this kind counts for this account yet.")


def _limits(wallet: Wallet) -> SpendLimits:
    if wallet.policy.spend is None:
        raise PolicyDeniedError("payments_denied", "This instance signs no payments.")
    return wallet.policy.spend


def _bound(address: str, pin: str) -> str:
    return f"{address}:{pin}"


def _place(address: str, kind: str) -> str:
    return f"factor/{kind}/{address}"


def _answer(row: models.Factor) -> schemas.FactorOut:
    return schemas.FactorOut(kind=row.kind, active_from=row.active_from.isoformat())
