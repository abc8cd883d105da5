"""Makes, opens and re-wraps the secrets of a store: its root and its service keys."""

import secrets
from collections.abc import Mapping
from pathlib import Path

from sqlmodel import Session, col, select

from wallet_service import models
from wallet_service.errors import StartupError
from wallet_service.hashing import checksummed
from wallet_service.keystore import (
    KEY_BYTES,
    AccountVault,
    KekRing,
    KeystoreCorruptError,
    address_of_secret,
    new_secret,
)
from wallet_service.limits import Instance
from wallet_service.signing.local import LocalSigner
from wallet_service.signing.protocol import Signer
from wallet_service.store import Store, read_meta, write_meta

LABELS: Mapping[Instance, tuple[str, ...]] = {
    Instance.ISSUANCE: ("minter", "rules", "registrar", "treasurer", "relayer", "recoverer"),
    Instance.GUARDIAN: ("guardian",),
}
"""Service keys of each instance; admin keys are in neither."""


def initialise(store: Store, ring: KekRing, instance: Instance) -> dict[str, str]:
    """Make the root and the service keys of a store, or find those made before.

    Returns:
        Address of each label.
    Raises:
        StartupError: The store belongs to the other instance.
    """
    with store.transaction() as session:
        found = read_meta(session, "instance")
        if found is None:
            write_meta(session, "instance", instance.encode())
            write_meta(
                session,
                "root",
                ring.seal(secrets.token_bytes(KEY_BYTES), place=_root_place(instance)),
            )
        elif found != instance.encode():
            raise StartupError(f"{store.path} belongs to the {found.decode()} instance.")
        for label in LABELS[instance]:
            if session.get(models.ServiceKey, label) is None:
                secret = new_secret()
                address = checksummed(address_of_secret(secret))
                sealed = ring.seal(secret, place=_key_place(instance, label, address))
                session.add(models.ServiceKey(label=label, address=address, sealed_secret=sealed))
    return addresses(store)


def addresses(store: Store) -> dict[str, str]:
    """Return the address of each service key, in the order of their making."""
    with store.transaction() as session:
        return {row.label: row.address for row in _service_keys(session)}


def open_vault(store: Store, ring: KekRing, instance: Instance) -> AccountVault:
    """Open the root of a store.

    Raises:
        StartupError: Never initialised, of the other instance, or sealed under another KEK.
    """
    with store.transaction() as session:
        found, sealed = read_meta(session, "instance"), read_meta(session, "root")
    if found is None or sealed is None:
        raise StartupError(f"{store.path} has no keys yet: run `python -m wallet_service init`.")
    if found != instance.encode():
        raise StartupError(f"{store.path} belongs to the {found.decode()} instance.")
    return AccountVault(ring.open(sealed, place=_root_place(instance)))


def open_signers(
    store: Store, ring: KekRing, instance: Instance, hsm: Mapping[str, Signer]
) -> dict[str, Signer]:
    """Open every service key, from the HSM where it holds the label, else from the store.

    Raises:
        StartupError: A key does not open, or opens to another address than recorded.
    """
    signers: dict[str, Signer] = {}
    with store.transaction() as session:
        rows = _service_keys(session)
    for row in rows:
        signer = hsm.get(row.label) or _stored_signer(ring, instance, row)
        if checksummed(signer.address) != row.address:
            raise KeystoreCorruptError(f"key {row.label} opens to another address than recorded")
        signers[row.label] = signer
    return signers


def rotate_kek(store: Store, kek_file: Path, instance: Instance) -> None:
    """Seal the root and every service key under a new KEK and forget the old one.

    A crash at any point leaves a file and a store that fit: the file holds both keys until
    the store's transaction has been committed. Account addresses do not change.

    Raises:
        StartupError: The file or the store does not open.
    """
    ring = KekRing.read(kek_file).with_new_key()
    ring.write(kek_file)
    with store.transaction() as session:
        root = read_meta(session, "root")
        if root is None:
            raise StartupError(f"{store.path} has no keys yet.")
        write_meta(session, "root", _resealed(ring, root, _root_place(instance)))
        for row in _service_keys(session):
            if row.sealed_secret is not None:
                place = _key_place(instance, row.label, row.address)
                row.sealed_secret = _resealed(ring, row.sealed_secret, place)
                session.add(row)
    store.forget_deleted_pages()
    ring.only_current().write(kek_file)


def adopt_hsm_key(store: Store, label: str, signer: Signer) -> None:
    """Record that a service key lives in the HSM, and drop the stored secret if there was one."""
    with store.transaction() as session:
        session.merge(models.ServiceKey(label=label, address=checksummed(signer.address)))
    store.forget_deleted_pages()


def _stored_signer(ring: KekRing, instance: Instance, row: models.ServiceKey) -> Signer:
    if row.sealed_secret is None:
        raise StartupError(f"key {row.label} lives in an HSM: set WALLET_PKCS11_MODULE.")
    place = _key_place(instance, row.label, row.address)
    return LocalSigner(ring.open(row.sealed_secret, place=place))


def _service_keys(session: Session) -> list[models.ServiceKey]:
    rows = session.exec(select(models.ServiceKey).order_by(col(models.ServiceKey.label))).all()
    return list(rows)


def _resealed(ring: KekRing, sealed: bytes, place: str) -> bytes:
    return ring.seal(ring.open(sealed, place=place), place=place)


def _root_place(instance: Instance) -> str:
    return f"root/{instance}"


def _key_place(instance: Instance, label: str, address: str) -> str:
    return f"service-key/{instance}/{label}/{address}"
