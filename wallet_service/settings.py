"""Settings of one instance, from the environment or a TOML file."""

import tomllib
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from wallet_service.errors import StartupError
from wallet_service.limits import Instance, Policy

_PACKAGED_POLICIES = Path(__file__).parent / "policies"


class WalletSettings(BaseSettings):
    """Where an instance listens and keeps its keys."""

    model_config = SettingsConfigDict(env_prefix="WALLET_", extra="forbid")

    instance: Instance = Field(description="issuance or guardian")
    socket: Path = Field(description="Unix socket to listen on; its file gets mode 0600")
    store: Path = Field(description="SQLite file of keys and journal")
    kek_file: Path = Field(description="file of the key-encryption key, mode 0600")
    policy_file: Path | None = Field(
        None, description="policy; the packaged local one when not set"
    )
    pkcs11_module: Path | None = Field(None, description="PKCS#11 library that holds service keys")
    pkcs11_token: str = Field("", description="label of the PKCS#11 token")
    pkcs11_pin_file: Path | None = Field(None, description="file of the token's PIN, mode 0600")


def read_settings(config: Path | None) -> WalletSettings:
    """Read settings from a TOML file, or from `WALLET_…` when there is none.

    Raises:
        StartupError: A setting is missing or malformed; the message names it.
    """
    try:
        if config is None:
            return WalletSettings()
        return WalletSettings(**tomllib.loads(config.read_text()))
    except OSError as error:
        raise StartupError(f"{config} cannot be read: {error.strerror}.") from error
    except tomllib.TOMLDecodeError as error:
        raise StartupError(f"{config} is not TOML: {error}.") from error
    except ValidationError as error:
        raise StartupError(f"Wallet settings: {_problems(error)}.") from error


def read_policy(settings: WalletSettings) -> Policy:
    """Read the policy of an instance.

    Raises:
        StartupError: Unreadable, not a policy, or written for the other instance.
    """
    path = settings.policy_file or _PACKAGED_POLICIES / f"{settings.instance}.toml"
    try:
        policy = Policy.model_validate(tomllib.loads(path.read_text()))
    except OSError as error:
        raise StartupError(f"{path} cannot be read: {error.strerror}.") from error
    except tomllib.TOMLDecodeError as error:
        raise StartupError(f"{path} is not TOML: {error}.") from error
    except ValidationError as error:
        raise StartupError(f"{path}: {_problems(error)}.") from error
    if policy.instance is not settings.instance:
        raise StartupError(f"{path} is for the {policy.instance} instance, not this one.")
    return policy


def _problems(error: ValidationError) -> str:
    # The input itself is left out: a mistyped setting may be a secret.
    return "; ".join(
        f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
        for problem in error.errors(include_input=False, include_url=False)
    )
