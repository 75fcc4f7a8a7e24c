"""Settings: one frozen model, read once at the edge, from the environment.

Each secret may also be given as a file: ``TWILIO_AUTH_TOKEN_FILE=/run/secrets/token`` in place of
``TWILIO_AUTH_TOKEN``. Temporal's own settings (``TEMPORAL_ADDRESS``, ``TEMPORAL_PROFILE`` and the
rest) are read by the SDK, in ``hosted_numbers.temporal``.

Each process asks only for what it needs, so a worker runs without the gateway's API keys.
"""

import os
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings.sources import InitSettingsSource

from hosted_numbers import api_keys, setting_files
from hosted_numbers.api_keys import ApiKey
from hosted_numbers.encryption.key_ring import KeyRing
from hosted_numbers.errors import SettingsError
from hosted_numbers.setting_forms import (
    BaseUrl,
    BlobStoreUrl,
    BuildId,
    DeploymentName,
    JwksUrl,
    ListeningAddress,
    Networks,
    Origins,
    OtlpEndpoint,
    PasswordHash,
    Ports,
    Rate,
    ScannerAddress,
    SigningKeys,
    SweepSeconds,
    TwilioUrl,
    Words,
    blobs_of_this_machine,
)

CALLBACK_PATH = "/callbacks/twilio"


class Settings(BaseSettings):
    """Everything that is set from outside. Field names are the variables' in lower case."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    hosted_numbers_env: Literal["development", "production"] = "development"
    """Where this runs. In ``production`` what is unsafe is refused (docs/operations.md)."""
    twilio_account_sid: Annotated[str | None, Field(pattern=r"^AC[0-9a-fA-F]{32}$")] = None
    """The account, ``AC…``."""
    twilio_auth_token: SecretStr | None = None
    """The account's token, which Twilio signs its callbacks with; a worker without an API key signs
    in with it too."""
    twilio_api_key: Annotated[str | None, Field(pattern=r"^SK[0-9a-fA-F]{32}$")] = None
    """An API key, ``SK…``: better than the token, as it can be restricted and revoked."""
    twilio_api_secret: SecretStr | None = None
    """The API key's secret."""
    twilio_base_url: TwilioUrl | None = None
    """One base URL in place of every host of Twilio's, for the simulator; unset: Twilio itself."""
    public_base_url: BaseUrl | None = None
    """The gateway as Twilio reaches it; callbacks and their signature are computed from it."""
    twilio_secondary_auth_token: SecretStr | None = None
    """The account's second auth token, accepted too while the tokens are rotated."""
    twilio_webhook_key_sid: Annotated[str | None, Field(pattern=r"^[A-Za-z0-9_-]{2,128}$")] = None
    """Names the shared key that Twilio signs callbacks with (HMAC-SHA256), in place of the auth
    token, whose signature is then refused."""
    twilio_webhook_key_secret: SecretStr | None = None
    """The shared key itself."""
    hosted_numbers_webhook_token_accepted: bool = False
    """Beside a shared key, take the auth token's signature too: only while moving to the key."""
    hosted_numbers_api_keys: Annotated[tuple[ApiKey, ...], NoDecode] = ()
    """The SHA-256 of each API key that backends may use, in hex, with commas between; or a JSON
    list with scopes, expiry and customer (docs/api.md). ``hosted-numbers api-key`` makes one."""
    hosted_numbers_operator_password_hash: PasswordHash | None = None
    """The operator's password as an argon2 hash: ``hosted-numbers operator-password``."""
    hosted_numbers_operator_header: Annotated[
        str | None, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$")
    ] = None
    """The header in which a trusted proxy names the person whom it has signed in
    (docs/operator-pages.md)."""
    hosted_numbers_trusted_proxies: Networks = ()
    """Addresses or networks of the proxies that are believed, with commas between."""
    hosted_numbers_session_idle_minutes: Annotated[float, Field(gt=0, le=1440)] = 60.0
    """Minutes without doing anything after which an operator is signed out."""
    hosted_numbers_session_hours: Annotated[float, Field(gt=0, le=168)] = 12.0
    """Hours after which an operator is signed out in any case."""
    hosted_numbers_rate_limit_starts: Rate = "600/minute"
    """Orders that one API key or operator may start, such as ``5/minute``."""
    hosted_numbers_rate_limit_codes: Rate = "5/minute"
    """Codes that may be entered for one order, and by one API key or operator for each order."""
    hosted_numbers_rate_limit_uploads: Rate = "20/hour"
    """Files that may be sent for one order."""
    hosted_numbers_rate_limit_imports: Rate = "60/hour"
    """Bulk files (docs/bulk-import.md) that one API key or operator may send or have checked."""
    hosted_numbers_rate_limit_decodings: Rate = "6000/minute"
    """Requests to the codec endpoint (docs/codec-endpoint.md) that one API key, operator or holder
    of a token may send."""
    hosted_numbers_rate_limit_sign_ins: Rate = "10/minute"
    """Passwords that may be tried from one address; ten times as many from all."""
    hosted_numbers_rate_limit_store: SecretStr = SecretStr("memory://")
    """Where the limits are counted: ``memory://``, or ``redis://…`` for several gateways."""
    hosted_numbers_requests_at_once: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Requests that one API key or operator may have under way; event streams included."""
    hosted_numbers_notification_url: str | None = None
    """Where events (docs/notifications.md) are sent: https, or http on loopback in development."""
    hosted_numbers_notification_secrets: SigningKeys = ()
    """``whsec_…`` keys that events are signed with; two, with a comma between, in a rotation."""
    hosted_numbers_notification_hosts: Words = ()
    """Where given, the only hosts that events are sent to."""
    hosted_numbers_notification_ports: Ports = (443,)
    """The ports that events may be sent to."""
    hosted_numbers_blob_store: Annotated[BlobStoreUrl, Field(default_factory=blobs_of_this_machine)]
    """Where bills and other files are kept: ``file:///directory``, ``s3://bucket/prefix``,
    ``gs://bucket/prefix``, ``az://container/prefix`` or ``memory:///``; unset:
    ``hosted-numbers/blobs`` in ``$XDG_DATA_HOME`` or ``~/.local/share``."""
    hosted_numbers_encryption_keys: SecretStr | None = None
    """The ring of keys that payloads and files are encrypted with (docs/encryption.md), the same
    for all, best as a file. Required in production."""
    hosted_numbers_codec_origins: Origins = ()
    """Exact origins of the Temporal UI, with commas between, that may read payloads through the
    codec endpoint (docs/codec-endpoint.md); unset: it is off."""
    hosted_numbers_codec_jwks_url: JwksUrl | None = None
    """The public keys of the identity provider whose access tokens the Temporal UI passes on."""
    hosted_numbers_codec_jwt_audience: str | None = None
    """What such a token must be for."""
    hosted_numbers_codec_jwt_issuer: str | None = None
    """Whom it must come from."""
    hosted_numbers_document_retention_days: Annotated[float, Field(ge=0, le=3650)] = 30.0
    """Days that an order's files outlive it (docs/retention.md)."""
    hosted_numbers_clamd_address: ScannerAddress | None = None
    """ClamAV's daemon, ``host:port`` or ``unix:/path``, which has to find each file clean
    (docs/security.md#the-virus-scanner); unset: none."""
    hosted_numbers_bulk_window: Annotated[int, Field(ge=1, le=100_000)] = 200
    """Orders of one bulk import (docs/bulk-import.md) that may be on their way to Twilio; with so
    many no further row is started."""
    hosted_numbers_sweep_seconds: SweepSeconds = 60.0
    """Seconds between two looks of the status sweep (docs/sweep.md) at Twilio for all orders: 10 to
    86400; 0: never."""
    hosted_numbers_temporal_ui_url: BaseUrl = "http://127.0.0.1:8233"
    """The Temporal UI, for links to it."""
    hosted_numbers_activities_per_second: Annotated[float | None, Field(gt=0, le=100_000)] = None
    """Activities that Temporal gives out for all workers together, the same value on each; unset:
    no limit. It is a bound on the account's requests, a few for each activity, and costs throughput
    (docs/benchmarks.md#the-rate-of-a-task-queue), as activities are then never given out with a
    workflow task."""
    hosted_numbers_twilio_deadline_seconds: Annotated[float, Field(gt=0, le=10)] = 10.0
    """For one request to Twilio in all; at most 10."""
    hosted_numbers_twilio_connections: Annotated[int, Field(ge=1, le=100)] = 10
    """Requests to Twilio at once."""
    hosted_numbers_temporal_deadline_seconds: Annotated[float, Field(gt=0, le=60)] = 4.0
    """For one call to Temporal."""
    hosted_numbers_answer_deadline_seconds: Annotated[float, Field(gt=0, le=60)] = 20.0
    """How long a person waits for a verdict."""
    hosted_numbers_graceful_shutdown_seconds: Annotated[float, Field(ge=0, le=300)] = 20.0
    """How long running work may finish when the process is told to end."""
    hosted_numbers_alive_file: Path | None = None
    """A file that the worker touches every few seconds, for probes (docs/operations.md#health)."""
    hosted_numbers_temporal_plaintext: bool = False
    """In production, let the connection to a Temporal on another host go without TLS: only where
    the network itself encrypts, or is the machine's own."""
    hosted_numbers_log_format: Literal["console", "json"] | None = None
    """How a process writes its log (docs/telemetry.md): ``console``, lines for people, or ``json``;
    unset: ``json`` in production."""
    hosted_numbers_metrics_address: ListeningAddress | None = None
    """``host:port``, or a port of 127.0.0.1, where Prometheus finds a process's metrics; unset:
    none (docs/telemetry.md)."""
    hosted_numbers_otlp_endpoint: OtlpEndpoint | None = None
    """Where traces are sent, by OTLP over HTTP, such as ``http://127.0.0.1:4318/v1/traces``; it
    takes the extra ``tracing`` (docs/telemetry.md)."""
    temporal_deployment_name: DeploymentName | None = None
    """The Worker Deployment of a worker (docs/deploys.md); the variable is that of Temporal's
    Worker Controller."""
    temporal_worker_build_id: BuildId | None = None
    """Its version there: a release, an image's digest, or what the controller makes up."""

    @field_validator("hosted_numbers_api_keys", mode="before")
    @classmethod
    def _entries(cls, value: object) -> object:
        return api_keys.parsed(value) if isinstance(value, str) else value

    @field_validator("hosted_numbers_api_keys")
    @classmethod
    def _distinct(cls, value: tuple[ApiKey, ...]) -> tuple[ApiKey, ...]:
        for names in ([key.sha256 for key in value], [key.name for key in value]):
            if len(set(names)) < len(names):
                raise ValueError("two API keys have the same digest or the same name")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment, then files that it names; nothing is read from a ``.env``."""
        del dotenv_settings, file_secret_settings
        files = InitSettingsSource(
            settings_cls, setting_files.contents(settings_cls.model_fields, os.environ)
        )
        return init_settings, env_settings, files

    @classmethod
    def read(cls) -> Self:
        """The settings of this process.

        Raises:
            SettingsError: it names each variable that is wrong or, in production, unsafe, without
                its value.
        """
        try:
            settings = cls()
        except ValidationError as error:
            wrong = "; ".join(
                f"{str(detail['loc'][0]).upper()}: {detail['msg']}" for detail in error.errors()
            )
            raise SettingsError(
                f"Settings are wrong: {wrong}.", "Correct them and start again."
            ) from None
        if settings.hosted_numbers_env == "production":
            from hosted_numbers import production  # noqa: PLC0415 - it loads Temporal's client

            production.refuse_unsafe(settings, os.environ)
        return settings

    def twilio_login(self) -> tuple[str, str, str]:
        """Account SID, user name and password for Twilio's API: an API key goes before the token.

        Raises:
            SettingsError: neither is given, or only half of it.
        """
        account = self.twilio_account_sid
        if account and self.twilio_api_key and self.twilio_api_secret:
            return account, self.twilio_api_key, self.twilio_api_secret.get_secret_value()
        if account and self.twilio_auth_token and not self.twilio_api_key:
            return account, account, self.twilio_auth_token.get_secret_value()
        raise SettingsError(
            "Twilio's credentials are incomplete.",
            "Set TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN, or with TWILIO_API_KEY and "
            "TWILIO_API_SECRET.",
        )

    def webhook_token(self) -> str:
        """The auth token that Twilio signs its callbacks with.

        Raises:
            SettingsError: it is missing or empty; callbacks could then be forged.
        """
        token = self.twilio_auth_token.get_secret_value() if self.twilio_auth_token else ""
        if not token:
            raise SettingsError(
                "Callbacks cannot be checked without the account's auth token.",
                "Set TWILIO_AUTH_TOKEN.",
            )
        return token

    def key_ring(self) -> KeyRing | None:
        """The keys to encrypt with; None in development where there are none.

        A ring that is given as a file is read again when a key turns up that is not on it.

        Raises:
            SettingsError: it is no ring, or there is none in production.
        """
        variable = "HOSTED_NUMBERS_ENCRYPTION_KEYS"
        if self.hosted_numbers_encryption_keys is None:
            if self.hosted_numbers_env == "production":
                raise SettingsError(
                    "Without keys, people's data would stand in Temporal as it is.",
                    f"Make a ring with: hosted-numbers encryption-keys new; set {variable}_FILE.",
                )
            return None
        path = os.environ.get(variable + setting_files.SUFFIX)
        reread = partial(Path(path).read_text, encoding="utf-8") if path else None
        return KeyRing(self.hosted_numbers_encryption_keys.get_secret_value(), reread)

    def log_format(self) -> Literal["console", "json"]:
        """How the log is written: where nothing is said, for machines in production alone."""
        if self.hosted_numbers_log_format is not None:
            return self.hosted_numbers_log_format
        return "json" if self.hosted_numbers_env == "production" else "console"

    def metrics_address(self) -> tuple[str, int] | None:
        """The IP address and the port to show metrics at; None for no metrics."""
        if self.hosted_numbers_metrics_address is None:
            return None
        host, _, port = self.hosted_numbers_metrics_address.rpartition(":")
        return host.removeprefix("[").removesuffix("]"), int(port)

    def worker_version(self) -> tuple[str, str] | None:
        """Deployment and build id of a worker; None where deploys are not versioned.

        Raises:
            SettingsError: one is given without the other.
        """
        name, build = self.temporal_deployment_name, self.temporal_worker_build_id
        if name and build:
            return name, build
        if name or build:
            raise SettingsError(
                "A worker's version is a deployment and a build id, and one of them is missing.",
                "Set TEMPORAL_DEPLOYMENT_NAME and TEMPORAL_WORKER_BUILD_ID, or neither.",
            )
        return None

    def graceful_shutdown(self) -> timedelta:
        """How long a worker that is told to stop lets running activities finish."""
        return timedelta(seconds=self.hosted_numbers_graceful_shutdown_seconds)

    def temporal_deadline(self) -> timedelta:
        """How long a call to Temporal may take."""
        return timedelta(seconds=self.hosted_numbers_temporal_deadline_seconds)

    def answer_deadline(self) -> timedelta:
        """How long to wait for what a person's act comes to, once it was taken."""
        return timedelta(seconds=self.hosted_numbers_answer_deadline_seconds)

    def sweep_pace(self) -> timedelta:
        """Between two ticks of the status sweep; zero for no sweep."""
        return timedelta(seconds=self.hosted_numbers_sweep_seconds)

    def document_retention(self) -> timedelta:
        """How long an order's files outlive it."""
        return timedelta(days=self.hosted_numbers_document_retention_days)

    def public_url(self) -> str:
        """The gateway as Twilio reaches it, without a trailing slash.

        Raises:
            SettingsError: it is not set.
        """
        if not self.public_base_url:
            raise SettingsError(
                "Callbacks and their signature are computed from the gateway's public address.",
                "Set PUBLIC_BASE_URL, such as https://numbers.example.com.",
            )
        return self.public_base_url
