"""Settings: one frozen model, read once at the edge, from the environment.

Each secret may also be given as a file: ``TWILIO_AUTH_TOKEN_FILE=/run/secrets/token`` in place of
``TWILIO_AUTH_TOKEN``. Temporal's own settings (``TEMPORAL_ADDRESS``, ``TEMPORAL_PROFILE`` and the
rest) are read by the SDK, in ``hosted_numbers.temporal``.

Each process asks only for what it needs, so a worker runs without the gateway's API keys.
"""

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings.sources import InitSettingsSource

from hosted_numbers.errors import SettingsError

CALLBACK_PATH = "/callbacks/twilio"
BLOB_STORES: Final = frozenset({"az", "file", "gs", "memory", "s3"})
_FILE = "_FILE"


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
    hosted_numbers_api_keys: Annotated[tuple[str, ...], NoDecode] = ()
    """SHA-256 of each accepted API key, in hex, separated by commas."""
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
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip().lower() for part in value.split(",") if part.strip())
        return value

    @field_validator("hosted_numbers_api_keys")
    @classmethod
    def _digests(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(re.fullmatch(r"[0-9a-f]{64}", key) for key in value):
            raise ValueError("each API key is given as its SHA-256 in hex, 64 characters")
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
