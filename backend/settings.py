"""All settings of the backend; only app, cli and jobs.runner read them."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

MIN_SECRET_BYTES = 32


class Settings(BaseSettings):
    """Read from the environment with the prefix CALANQUE_, and from `.env`.

    DATABASE_URL is read without the prefix too, since platforms set it so.
    """

    model_config = SettingsConfigDict(
        env_prefix="CALANQUE_", env_file=".env", extra="ignore", populate_by_name=True
    )

    database_url: str = Field(
        default="sqlite:///var/calanque.db",
        validation_alias="DATABASE_URL",
        description="SQLAlchemy URL; SQLite file or PostgreSQL (postgresql+psycopg://).",
    )
    node_url: str = Field(
        default="http://127.0.0.1:8545", description="JSON-RPC address of the chain node."
    )
    fallback_node_urls: tuple[str, ...] = Field(
        default=(),
        description="More nodes of the same chain, asked when the first one fails or lags; a JSON "
        "list of addresses.",
    )
    deployment_file: Path = Field(
        default=Path("deployments/31337.json"), description="Written by the deploy script."
    )
    wallet_socket: Path = Field(
        default=Path("var/wallet.sock"), description="Unix socket of wallet service A."
    )
    guardian_socket: Path = Field(
        default=Path("var/guardian.sock"), description="Unix socket of wallet service B."
    )
    public_url: str = Field(
        default="http://127.0.0.1:8000", description="Where citizens reach the pages."
    )
    is_demo: bool = Field(
        default=False, description="Shows the local mailbox and demo logins; never in production."
    )
    linger_ms: int = Field(
        default=900_000,
        ge=0,
        description="How long a mint batch waits for company, so that block times do not tell when "
        "somebody acted. Unit: milliseconds.",
    )
    confirmations_min: int = Field(
        default=12, ge=1, description="Blocks on top of a transaction before it counts."
    )
    batch_max_items: int = Field(
        default=200,
        ge=1,
        le=250,
        description="Rewards per mint batch; 250 at their dearest fit the gas of one transaction.",
    )
    rate_micro_cents_per_unit: int = Field(
        default=100_000,
        ge=1,
        description="What a merchant is paid per unit, in millionths of a euro cent; one point "
        "(100 units) is ten euro cents at 100,000.",
    )
    payer_name: str = Field(
        default="Métropole (compte de démonstration)",
        description="Holder of the account that merchants are paid from, as files for the bank "
        "name it.",
    )
    payer_iban: str = Field(
        default="FR7630006000011234567890189",
        description="That account; the default is a textbook example and pays nobody.",
    )
    payer_bic: str = Field(default="AGRIFRPP", description="Code of its bank.")
    sepa_folder: Path = Field(
        default=Path("var/sepa"),
        description="Folder where released files are put for the bank's transfer client.",
    )
    publication_margin_s: int = Field(
        default=15,
        ge=0,
        description="Added to the on-chain notice so that a transaction mined late still meets it.",
    )
    custody_cooldown_s: int = Field(
        default=259_200,
        ge=0,
        description="Seconds between the announcement of a move to or from an own wallet and the "
        "move; not below the recoverer's delay in the contracts' manifest. Three days by default.",
    )
    region_codes: dict[str, str] = Field(
        default={"epci": "200054807", "aom": "200054807", "dep": "13", "reg": "93"},
        description="Codes of the whole territory that rules may name.",
    )
    trip_area: str = Field(
        default="43.10,4.65,43.85,5.90",
        description="Recorded trips touch this rectangle: south, west, north, east in degrees. "
        "The metropolis with a margin of about five kilometres.",
    )
    gtfs_sources: dict[str, str] = Field(
        default={},
        description="Timetables (GTFS): name to path or https:// address, for "
        "`calanque mobility import-gtfs NAME`; a JSON object.",
    )
    gbfs_urls: dict[str, str] = Field(
        default={},
        description="Public feeds of shared bikes (GBFS 2 or 3): name to the address of its "
        "`gbfs.json`; a JSON object. Rides from station to station are shown; they earn no more.",
    )
    mail_transport: Literal["maildir", "smtp"] = Field(
        default="maildir", description="Where mail goes: a local folder, or an SMTP server."
    )
    maildir: Path = Field(default=Path("var/mail"), description="Folder of the local mailbox.")
    smtp_url: str = Field(
        default="smtp://127.0.0.1:25", description="smtp:// or smtps:// with user and password."
    )
    mail_from: str = Field(
        default="Calanque <ne-pas-repondre@calanque.example>", description="Sender of mails."
    )
    metrics_port: int = Field(
        default=0,
        ge=0,
        le=65_535,
        description="Port on 127.0.0.1 where the jobs runner answers Prometheus; 0 for none.",
    )
    log_level: str = Field(default="INFO", description="Least level that is logged.")
    identity_secret: SecretStr | None = Field(
        default=None,
        description="At least 64 hex digits that key the pseudonyms of people whom carpool "
        "operators name; unset, journeys are not taken. Losing it forgets who travelled together.",
    )
    promise_secret: SecretStr | None = Field(
        default=None,
        description="At least 64 hex digits behind the key that vouches for phones and shops that "
        "pay and take payments without network; unset, nobody can. It moves no points: see "
        "docs/payments.md.",
    )
    register_url: str = Field(
        default="",
        description="Address of the national carpool register's API with its version, for example "
        "https://api.covoiturage.beta.gouv.fr/v3.3; empty, no journey is ever confirmed.",
    )
    register_keys: dict[int, SecretStr] = Field(
        default={},
        description="Key pairs at the register, a JSON object: device number of the operator to "
        '"access key:secret key".',
    )
    partner_keys: dict[int, SecretStr] = Field(
        default={},
        description="Secrets shared with schemes that pay for the same trips, a JSON object: "
        "device number of the partner to at least 64 hex digits.",
    )

    @field_validator("identity_secret", "promise_secret")
    @classmethod
    def _is_long_hex(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is not None and len(bytes.fromhex(value.get_secret_value())) < MIN_SECRET_BYTES:
            raise ValueError(f"{info.field_name} has fewer than 64 hex digits")
        return value

    @property
    def identity_secret_bytes(self) -> bytes | None:
        """The identity secret, or `None` when it is not set."""
        if self.identity_secret is None:
            return None
        return bytes.fromhex(self.identity_secret.get_secret_value())

    @property
    def promise_secret_bytes(self) -> bytes | None:
        """The promise secret, or `None` when it is not set."""
        if self.promise_secret is None:
            return None
        return bytes.fromhex(self.promise_secret.get_secret_value())

    @property
    def register_key_pairs(self) -> dict[int, tuple[str, str]]:
        """Operator's device number → its access key and secret key at the register."""
        pairs = {}
        for number, joined in self.register_keys.items():
            access_key, _, secret_key = joined.get_secret_value().partition(":")
            pairs[number] = access_key, secret_key
        return pairs

    @property
    def partner_key_bytes(self) -> dict[int, bytes]:
        """Partner's device number → the secret shared with it."""
        return {
            number: bytes.fromhex(key.get_secret_value())
            for number, key in self.partner_keys.items()
        }
