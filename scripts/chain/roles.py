"""The manifest: who may call what, with which delay, and the limits; read from a file, checked, no chain access."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OPEN = "OPEN"
"""Anyone may call; the function protects itself by a signature."""
AUTHORITY = "AUTHORITY"
"""Only the access manager itself may call, on an admin's order."""
KIND = "KIND"
"""Only a contract whose account in the token has the right kind may call."""
UNBOUND = (OPEN, AUTHORITY, KIND)
CONTRACTS = ("EcoToken", "RewardIssuer", "RuleBook", "RedemptionDesk")
MANAGER = "PointsAccessManager"
FOLDER = Path(__file__).with_name("manifest")


class ManifestError(Exception):
    """The manifest contradicts itself or the contracts."""


@dataclass(frozen=True)
class Member:
    """One account that holds a role."""

    account: str
    """Name in the accounts file, or of a contract."""
    delay_seconds: int


@dataclass(frozen=True)
class Role:
    """A role of the access manager."""

    name: str
    id: int
    admin: str
    guardian: str
    grant_delay_seconds: int
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Manifest:
    """A deployment as it must be."""

    name: str
    is_local: bool
    settings: dict[str, Any]
    roles: dict[str, Role]
    functions: dict[str, dict[str, str]]
    kinds: dict[str, int]
    """Accounts that are no citizens: name and kind in the token."""
    target_admin_delay_seconds: int
    digest: str

    def role_of(self, contract: str, signature: str) -> int | None:
        """Return the id of the role that may call a function, `None` when it is open or the manager's own."""
        name = self.functions[contract][signature]
        return None if name in UNBOUND else self.roles[name].id

    def account_names(self) -> set[str]:
        """Return the names of accounts, contracts excepted, that hold a role."""
        held = {member.account for role in self.roles.values() for member in role.members}
        return (held | set(self.kinds)) - set(CONTRACTS)


def load(path: Path) -> Manifest:
    """Read a manifest and check that its names fit together.

    Raises:
        ManifestError: A name is unknown, an id is used twice, or a production manifest breaks a rule of its own.
    """
    raw_bytes = path.read_bytes()
    raw = json.loads(raw_bytes)
    roles = {name: _role(name, fields) for name, fields in raw["roles"].items()}
    manifest = Manifest(
        name=raw["name"],
        is_local=raw["is_local"],
        settings=raw["settings"],
        roles=roles,
        functions=raw["functions"],
        kinds=raw["kinds"],
        target_admin_delay_seconds=raw.get("target_admin_delay_seconds", 0),
        digest=hashlib.sha256(raw_bytes).hexdigest(),
    )
    _check_names(manifest)
    return manifest


def signature_of(item: dict[str, Any]) -> str:
    """Return the canonical signature of an ABI function, for example `issue(uint32,bytes32,bytes32[])`."""
    return f"{item['name']}({','.join(_type_of(part) for part in item['inputs'])})"


def check_covers(manifest: Manifest, contract: str, abi: list[dict[str, Any]]) -> None:
    """Check that the manifest names every function that changes state, and no other.

    Raises:
        ManifestError: A function is missing or unknown.
    """
    # The closed ERC-20 functions are pure, so they are not listed.
    writing = {
        signature_of(item)
        for item in abi
        if item["type"] == "function" and item["stateMutability"] not in ("view", "pure")
    }
    listed = set(manifest.functions[contract])
    if writing != listed:
        raise ManifestError(
            f"{contract}: missing in the manifest {sorted(writing - listed)}, unknown {sorted(listed - writing)}"
        )


def _type_of(part: dict[str, Any]) -> str:
    kind: str = part["type"]
    if not kind.startswith("tuple"):
        return kind
    inner = ",".join(_type_of(field) for field in part["components"])
    return f"({inner}){kind.removeprefix('tuple')}"


def _role(name: str, fields: dict[str, Any]) -> Role:
    return Role(
        name=name,
        id=fields["id"],
        admin=fields.get("admin", "ADMIN"),
        guardian=fields.get("guardian", "ADMIN"),
        grant_delay_seconds=fields.get("grant_delay_seconds", 0),
        members=tuple(Member(m["account"], m["delay_seconds"]) for m in fields["members"]),
    )


def _check_names(manifest: Manifest) -> None:
    roles = manifest.roles
    if len({role.id for role in roles.values()}) != len(roles):
        raise ManifestError("a role id is used twice")
    if roles["ADMIN"].id != 0:
        raise ManifestError("ADMIN is role 0 of the access manager")
    for role in roles.values():
        unknown = {role.admin, role.guardian} - set(roles)
        if unknown:
            raise ManifestError(f"{role.name}: unknown roles {sorted(unknown)}")
    for contract, functions in manifest.functions.items():
        unknown = set(functions.values()) - set(roles) - set(UNBOUND)
        if contract not in CONTRACTS or unknown:
            raise ManifestError(f"{contract}: unknown contract or roles {sorted(unknown)}")
    if not manifest.is_local and any(member.delay_seconds == 0 for member in roles["ADMIN"].members):
        raise ManifestError("outside local chains every admin acts with a delay")
