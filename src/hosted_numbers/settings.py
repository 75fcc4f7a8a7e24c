"""Settings: one frozen model, read once at the edge, from the environment.

Each secret may also be given as a file: ``TWILIO_AUTH_TOKEN_FILE=/run/secrets/token`` in place of
``TWILIO_AUTH_TOKEN``. Temporal's own settings (``TEMPORAL_ADDRESS``, ``TEMPORAL_PROFILE`` and the
rest) are read by the SDK, in ``hosted_numbers.temporal``.

Each process asks only for what it needs, so a worker runs without the gateway's API keys.
"""

import base64
import ipaddress
import os
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal, Self, TypeAlias
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings.sources import InitSettingsSource

from hosted_numbers import api_keys
from hosted_numbers.api_keys import ApiKey
from hosted_numbers.errors import SettingsError

CALLBACK_PATH = "/callbacks/twilio"
BLOB_STORES: Final = frozenset({"az", "file", "gs", "memory", "s3"})
_FILE = "_FILE"


def _rate(value: str) -> str:
    """A rate as the ``limits`` library writes it, such as ``5/minute``."""
    if not re.fullmatch(
        r"[1-9][0-9]{0,8} ?/ ?([1-9][0-9]{0,3} ?)?(second|minute|hour|day)s?", value
    ):
        raise ValueError("a rate is written as 5/minute or 100/2 hours")
    return value


Rate: TypeAlias = Annotated[str, AfterValidator(_rate)]
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


def _blobs_of_this_machine() -> str:
    """Where the XDG base directories put data, as a ``file://`` URL."""
    given = Path(os.environ.get("XDG_DATA_HOME", ""))
    try:
        data = given if given.is_absolute() else Path.home() / ".local" / "share"
    except RuntimeError:  # a user without a home
        data = Path("/var/lib")
    return (data / "hosted-numbers" / "blobs").as_uri()


class Settings(BaseSettings):
    """Everything that is set from outside. Field names are the variables' in lower case."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    hosted_numbers_env: Literal["development", "production"] = "development"
    twilio_account_sid: Annotated[str | None, Field(pattern=r"^AC[0-9a-fA-F]{32}$")] = None
    twilio_auth_token: SecretStr | None = None
    twilio_api_key: Annotated[str | None, Field(pattern=r"^SK[0-9a-fA-F]{32}$")] = None
    twilio_api_secret: SecretStr | None = None
    twilio_base_url: str | None = None
    public_base_url: str | None = None
    twilio_secondary_auth_token: SecretStr | None = None
    """Also accepted under a callback while the account's tokens are rotated."""
    twilio_webhook_key_sid: Annotated[str | None, Field(pattern=r"^[A-Za-z0-9_-]{2,128}$")] = None
    """Names the shared key that Twilio signs callbacks with, in place of the auth token."""
    twilio_webhook_key_secret: SecretStr | None = None
    hosted_numbers_webhook_token_accepted: bool = False
    """Beside a shared key, take the auth token's signature too: only while moving to the key."""
    hosted_numbers_api_keys: Annotated[tuple[ApiKey, ...], NoDecode] = ()
    """SHA-256 of each accepted API key, in hex, with commas between; or a JSON list of entries."""
    hosted_numbers_operator_password_hash: SecretStr | None = None
    """The operator's password as an argon2 hash (``hosted-numbers operator-password``)."""
    hosted_numbers_operator_header: Annotated[
        str | None, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$")
    ] = None
    """The header in which a trusted proxy names the person whom it has signed in."""
    hosted_numbers_trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = ()
    """Addresses or networks of these proxies, with commas between."""
    hosted_numbers_session_idle_minutes: Annotated[float, Field(gt=0, le=1440)] = 60.0
    hosted_numbers_session_hours: Annotated[float, Field(gt=0, le=168)] = 12.0
    hosted_numbers_rate_limit_starts: Rate = "600/minute"
    """Orders that one API key or operator may start."""
    hosted_numbers_rate_limit_codes: Rate = "5/minute"
    """Codes that may be entered for one order, and by one API key or operator for each order."""
    hosted_numbers_rate_limit_uploads: Rate = "20/hour"
    """Files that may be sent for one order."""
    hosted_numbers_rate_limit_sign_ins: Rate = "10/minute"
    """Passwords that may be tried from one address; ten times as many from all."""
    hosted_numbers_rate_limit_store: SecretStr = SecretStr("memory://")
    """Where the limits are counted: ``memory://``, or ``redis://…`` for several gateways."""
    hosted_numbers_requests_at_once: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Requests that one API key or operator may have under way; event streams included."""
    hosted_numbers_notification_url: str | None = None
    """Where events of orders are sent: https, or http on loopback in development."""
    hosted_numbers_notification_secrets: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    """``whsec_…`` keys that events are signed with; two while they are rotated."""
    hosted_numbers_notification_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Where given, the only hosts that events are sent to."""
    hosted_numbers_notification_ports: Annotated[tuple[int, ...], NoDecode] = (443,)
    hosted_numbers_blob_store: Annotated[str, Field(default_factory=_blobs_of_this_machine)]
    """Where bills are kept: a URL of ``file``, ``s3``, ``gs``, ``az`` or ``memory``."""
    hosted_numbers_document_retention_days: Annotated[float, Field(ge=0, le=3650)] = 30.0
    """Days that an order's files outlive it."""
    hosted_numbers_temporal_ui_url: str = "http://127.0.0.1:8233"
    hosted_numbers_twilio_deadline_seconds: Annotated[float, Field(gt=0, le=10)] = 10.0
    hosted_numbers_twilio_connections: Annotated[int, Field(ge=1, le=100)] = 10
    hosted_numbers_temporal_deadline_seconds: Annotated[float, Field(gt=0, le=60)] = 4.0
    hosted_numbers_answer_deadline_seconds: Annotated[float, Field(gt=0, le=60)] = 20.0
    hosted_numbers_graceful_shutdown_seconds: Annotated[float, Field(ge=0, le=300)] = 20.0

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

    @field_validator(
        "hosted_numbers_trusted_proxies",
        "hosted_numbers_notification_secrets",
        "hosted_numbers_notification_hosts",
        "hosted_numbers_notification_ports",
        mode="before",
    )
    @classmethod
    def _list(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("hosted_numbers_operator_password_hash")
    @classmethod
    def _argon2(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith("$argon2id$"):
            raise ValueError(
                "an argon2 hash begins with $argon2id$: hosted-numbers operator-password"
            )
        return value

    @field_validator("hosted_numbers_notification_secrets")
    @classmethod
    def _signing_keys(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for each in value:
            encoded = each.get_secret_value()
            try:
                key = base64.b64decode(encoded.removeprefix("whsec_"), validate=True)
            except ValueError:
                key = b""
            if not encoded.startswith("whsec_") or not 24 <= len(key) <= 64:  # noqa: PLR2004 - Standard Webhooks
                raise ValueError("a signing key is whsec_ and 24 to 64 bytes in base64")
        return value

    @field_validator("twilio_base_url", "public_base_url", "hosted_numbers_temporal_ui_url")
    @classmethod
    def _base_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("a base URL begins with http:// or https:// and a host")
        if parts.query or parts.fragment or parts.username:
            raise ValueError("a base URL has no query, no fragment and no user name")
        return value.rstrip("/")

    @field_validator("twilio_base_url")
    @classmethod
    def _twilio_itself(cls, value: str | None, info: ValidationInfo) -> str | None:
        """In production the credentials and the customers' data go to Twilio alone."""
        if value is not None and info.data.get("hosted_numbers_env") == "production":
            parts = urlsplit(value)
            if parts.scheme != "https" or not f".{parts.hostname}".endswith(".twilio.com"):
                raise ValueError("in production it is left out, or https:// and a host of Twilio's")
        return value

    @field_validator("hosted_numbers_blob_store")
    @classmethod
    def _blob_store(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in BLOB_STORES:
            known = ", ".join(f"{scheme}://" for scheme in sorted(BLOB_STORES))
            raise ValueError(f"a blob store is a URL that begins with one of {known}")
        if parts.query or parts.fragment or parts.username:
            raise ValueError("a blob store's URL has no query, no fragment and no user name")
        if parts.scheme == "file" and (parts.netloc or not parts.path.strip("/")):
            raise ValueError("a local blob store is file:// and an absolute path")
        return value.rstrip("/") if parts.path.strip("/") else value

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
        files = InitSettingsSource(settings_cls, _named_files(settings_cls, os.environ))
        return init_settings, env_settings, files

    @classmethod
    def read(cls) -> Self:
        """The settings of this process.

        Raises:
            SettingsError: it names each variable that is wrong, without its value.
        """
        try:
            return cls()
        except ValidationError as error:
            wrong = "; ".join(
                f"{str(detail['loc'][0]).upper()}: {detail['msg']}" for detail in error.errors()
            )
            raise SettingsError(
                f"Settings are wrong: {wrong}.", "Correct them and start again."
            ) from None

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

    def graceful_shutdown(self) -> timedelta:
        """How long a worker that is told to stop lets running activities finish."""
        return timedelta(seconds=self.hosted_numbers_graceful_shutdown_seconds)

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


def _named_files(settings: type[BaseSettings], environment: Mapping[str, str]) -> dict[str, str]:
    """What the files named by ``…_FILE`` variables hold, by field; one trailing newline goes."""
    found = {}
    for field in settings.model_fields:
        path = environment.get(field.upper() + _FILE)
        if path is None:
            continue
        if field.upper() in environment:
            raise SettingsError(
                f"{field.upper()} and {field.upper()}{_FILE} are both set.", "Unset one of them."
            )
        try:
            found[field] = Path(path).read_text(encoding="utf-8").removesuffix("\n")
        except OSError as error:
            raise SettingsError(
                f"The file of {field.upper()}{_FILE} cannot be read: {error.strerror}.",
                "Correct the path or its permissions.",
            ) from None
    return found
