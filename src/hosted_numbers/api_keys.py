"""API keys as the settings name them: by their SHA-256, with scopes, an expiry, one customer.

A key is 256 random bits, so a plain hash keeps it as safe as a slow one would. The gateway never
sees a key but in a request; ``new_api_key`` makes one, which is shown once.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator

from hosted_numbers.formats import CustomerReference

Scope = Literal[
    "orders:read", "orders:write", "codes:write", "bills:write", "payloads:decode", "admin"
]

SCOPES: Final[tuple[Scope, ...]] = (
    "orders:read",
    "orders:write",
    "codes:write",
    "bills:write",
    "payloads:decode",
    "admin",
)
"""What a key may be allowed; ``admin`` allows everything."""


class ApiKey(BaseModel):
    """One accepted key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="In lower-case hex")]
    name: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$", description="Names the key in the log")
    ]
    scopes: frozenset[Scope] = frozenset({"admin"})
    expires: AwareDatetime | None = Field(default=None, description="Not taken from then on")
    customer: CustomerReference | None = Field(
        default=None, description="The only customer whose orders the key reaches"
    )

    @field_validator("scopes")
    @classmethod
    def _some(cls, value: frozenset[Scope]) -> frozenset[Scope]:
        if not value:
            raise ValueError("a key without scopes could do nothing")
        return value

    def allows(self, scope: Scope) -> bool:
        """Whether the key may do what needs this scope."""
        return scope in self.scopes or "admin" in self.scopes

    def is_valid(self, now: datetime) -> bool:
        """Whether the key has not expired."""
        return self.expires is None or now < self.expires


def new_api_key(name: str, **fields: object) -> tuple[str, ApiKey]:
    """A new random key, which nothing else knows, and its entry for the settings."""
    key = secrets.token_urlsafe(32)
    return key, ApiKey.model_validate({"sha256": digest(key), "name": name, **fields})


def digest(key: str) -> str:
    """SHA-256 of a key, in hex."""
    return hashlib.sha256(key.encode("utf-8", errors="surrogateescape")).hexdigest()


def find(keys: Iterable[ApiKey], given: str) -> ApiKey | None:
    """The entry of a key that a request carries, expired or not; None for an unknown one.

    Every entry is compared, so that the time it takes tells nothing.
    """
    wanted = digest(given)
    found = [each for each in keys if hmac.compare_digest(wanted, each.sha256)]
    return found[0] if found else None


def parsed(text: str) -> list[dict[str, object]]:
    """The entries of ``HOSTED_NUMBERS_API_KEYS``: digests with commas between, or a JSON list.

    Raises:
        ValueError: it is neither.
    """
    if text.lstrip().startswith("["):
        entries = json.loads(text)
        if not all(isinstance(each, dict) for each in entries):
            raise ValueError("each API key of the list is a JSON object")
        return list(entries)
    digests = [part.strip().lower() for part in text.split(",") if part.strip()]
    return [{"sha256": each, "name": each[:8]} for each in digests]
