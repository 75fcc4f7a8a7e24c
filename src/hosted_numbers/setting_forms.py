"""The forms of single settings: what a rate, an origin, an address, a signing key looks like.

A form takes what stands in the environment, and says in its error what would be right, without the
value.
"""

import base64
import ipaddress
import os
import re
from pathlib import Path
from typing import Annotated, Final, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo
from pydantic_settings import NoDecode

from hosted_numbers.documents.virus_scan import connector

LOOPBACK: Final = "127.0.0.1"
BLOB_STORES: Final = frozenset({"az", "file", "gs", "memory", "s3"})
_ORIGIN: Final = re.compile(r"(https?)://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
_HERE: Final = re.compile(r"localhost|127(\.[0-9]{1,3}){3}|\[?::1\]?")
_HIGHEST_PORT: Final = 65_535
_KEY_BYTES: Final = range(24, 65)  # Standard Webhooks
_SHORTEST_SWEEP: Final = 10  # seconds; a sweep of many orders takes as long


def _listed(value: object) -> object:
    """What has commas between."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _rate(value: str) -> str:
    if not re.fullmatch(
        r"[1-9][0-9]{0,8} ?/ ?([1-9][0-9]{0,3} ?)?(second|minute|hour|day)s?", value
    ):
        raise ValueError("a rate is written as 5/minute or 100/2 hours")
    return value


def _argon2(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().startswith("$argon2id$"):
        raise ValueError("an argon2 hash begins with $argon2id$: hosted-numbers operator-password")
    return value


def _signing_key(value: SecretStr) -> SecretStr:
    encoded = value.get_secret_value()
    try:
        key = base64.b64decode(encoded.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if not encoded.startswith("whsec_") or len(key) not in _KEY_BYTES:
        raise ValueError("a signing key is whsec_ and 24 to 64 bytes in base64")
    return value


def _production(info: ValidationInfo) -> bool:
    return info.data.get("hosted_numbers_env") == "production"


def _origin(value: str, info: ValidationInfo) -> str:
    """As browsers send it: in lower case, without the port that the scheme implies."""
    parts = _ORIGIN.fullmatch(value.lower())
    if parts is None:
        raise ValueError(
            "an origin is http:// or https://, a host, a port if it has one, and no slash or path "
            "behind them"
        )
    scheme, host, port = parts.groups(default="")
    if _production(info) and scheme == "http" and not _HERE.fullmatch(host):
        raise ValueError("in production an origin is https://, or on loopback")
    implied = {"http": ":80", "https": ":443"}[scheme]
    return f"{scheme}://{host}{port if port != implied else ''}"


def _jwks_url(value: str, info: ValidationInfo) -> str:
    parts = urlsplit(value)
    here = not _production(info) and _HERE.fullmatch(parts.hostname or "")
    if not parts.hostname or parts.scheme not in ({"http", "https"} if here else {"https"}):
        raise ValueError("it is an https:// URL, or http:// on loopback in development")
    if parts.username is not None or parts.fragment:
        raise ValueError("it has no user name and no fragment")
    return value


def _clamd_address(value: str) -> str:
    connector(value)
    return value


def _sweep_seconds(value: float) -> float:
    if 0 < value < _SHORTEST_SWEEP:
        raise ValueError("10 seconds at least, or 0 for no sweep")
    return value


def _listening_address(value: str) -> str:
    """``host:port`` with an address for a host, as a name could have several."""
    host, _, port = value.rpartition(":")
    try:
        ipaddress.ip_address((host or LOOPBACK).removeprefix("[").removesuffix("]"))
    except ValueError:
        port = ""
    if not re.fullmatch(r"[1-9][0-9]{0,4}", port) or int(port) > _HIGHEST_PORT:
        raise ValueError("it is a port, or an IP address and a port, such as 127.0.0.1:9464")
    return f"{host or LOOPBACK}:{port}"


def _otlp_endpoint(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("it is a URL, such as http://127.0.0.1:4318/v1/traces")
    return value


def _base_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("a base URL begins with http:// or https:// and a host")
    if parts.query or parts.fragment or parts.username:
        raise ValueError("a base URL has no query, no fragment and no user name")
    return value.rstrip("/")


def _of_twilio(value: str, info: ValidationInfo) -> str:
    """In production the credentials and the customers' data go to Twilio alone."""
    parts = urlsplit(value)
    if _production(info) and (
        parts.scheme != "https" or not f".{parts.hostname}".endswith(".twilio.com")
    ):
        raise ValueError("in production it is left out, or https:// and a host of Twilio's")
    return value


def _blob_store(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in BLOB_STORES:
        known = ", ".join(f"{scheme}://" for scheme in sorted(BLOB_STORES))
        raise ValueError(f"a blob store is a URL that begins with one of {known}")
    if parts.query or parts.fragment or parts.username:
        raise ValueError("a blob store's URL has no query, no fragment and no user name")
    if parts.scheme == "file" and (parts.netloc or not parts.path.strip("/")):
        raise ValueError("a local blob store is file:// and an absolute path")
    return value.rstrip("/") if parts.path.strip("/") else value


def blobs_of_this_machine() -> str:
    """Where the XDG base directories put data, as a ``file://`` URL."""
    given = Path(os.environ.get("XDG_DATA_HOME", ""))
    try:
        data = given if given.is_absolute() else Path.home() / ".local" / "share"
    except RuntimeError:  # a user without a home
        data = Path("/var/lib")
    return (data / "hosted-numbers" / "blobs").as_uri()


Listed: Final = BeforeValidator(_listed)
"""A list is written with commas between; ``NoDecode`` beside it, as it is no JSON."""

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Networks: TypeAlias = Annotated[tuple[Network, ...], NoDecode, Listed]
Words: TypeAlias = Annotated[tuple[str, ...], NoDecode, Listed]
Ports: TypeAlias = Annotated[tuple[int, ...], NoDecode, Listed]
Origins: TypeAlias = Annotated[
    tuple[Annotated[str, AfterValidator(_origin)], ...], NoDecode, Listed
]
SigningKeys: TypeAlias = Annotated[
    tuple[Annotated[SecretStr, AfterValidator(_signing_key)], ...], NoDecode, Listed
]
Rate: TypeAlias = Annotated[str, AfterValidator(_rate)]
PasswordHash: TypeAlias = Annotated[SecretStr, AfterValidator(_argon2)]
BaseUrl: TypeAlias = Annotated[str, AfterValidator(_base_url)]
TwilioUrl: TypeAlias = Annotated[BaseUrl, AfterValidator(_of_twilio)]
JwksUrl: TypeAlias = Annotated[str, AfterValidator(_jwks_url)]
OtlpEndpoint: TypeAlias = Annotated[str, AfterValidator(_otlp_endpoint)]
ListeningAddress: TypeAlias = Annotated[str, AfterValidator(_listening_address)]
ScannerAddress: TypeAlias = Annotated[str, AfterValidator(_clamd_address)]
BlobStoreUrl: TypeAlias = Annotated[str, AfterValidator(_blob_store)]
SweepSeconds: TypeAlias = Annotated[float, Field(ge=0, le=86_400), AfterValidator(_sweep_seconds)]
DeploymentName: TypeAlias = Annotated[str, Field(pattern=r"^[^_.:\s][^.:\s]{0,254}$")]
# two underscores at the front are the server's own
BuildId: TypeAlias = Annotated[str, Field(pattern=r"^[^_\s]\S{0,254}$")]
