"""What is refused where real customers are: settings that work, and must not.

Each is harmless on a developer's machine. Together they are what an installation is most often
broken by: data in the clear, certificates that nobody checks, keys that everybody knows.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from hosted_numbers import temporal_profile
from hosted_numbers.encryption.key_ring import KeyRing
from hosted_numbers.errors import SettingsError

if TYPE_CHECKING:  # settings call this
    from hosted_numbers.settings import Settings

SIMULATED_ACCOUNT: Final = "AC" + "0123456789abcdef" * 2
"""The account of ``make dev`` and ``make demo``."""

_WEAK: Final = frozenset(
    {
        "",
        "12345",  # the token of the examples in Twilio's documentation
        "api-key",
        "changeme",
        "password",
        "secret",
        "test",
        "token",
        "your_auth_token",
    }
)
_WEAK_DIGESTS: Final = frozenset(hashlib.sha256(each.encode()).hexdigest() for each in _WEAK)
_STANDARD_WEBHOOKS_EXAMPLE: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
_NO: Final = frozenset({"", "0", "f", "false", "no", "off"})


def refuse_unsafe(settings: "Settings", environment: Mapping[str, str]) -> None:
    """Refuse settings that are unsafe in production.

    Args:
        settings: of this process.
        environment: for what the SDK reads by itself.

    Raises:
        SettingsError: it names every variable that is unsafe, and why, without its value; or the
            Temporal profile cannot be read.
    """
    if found := list(unsafe(settings, environment)):
        raise SettingsError(
            f"In production this is refused: {'; '.join(found)}.",
            "Correct it and start again (docs/operations.md says how each is meant).",
        )


def unsafe(settings: "Settings", environment: Mapping[str, str]) -> Iterator[str]:
    """Each variable that is unsafe in production, a colon, and why.

    Raises:
        SettingsError: the Temporal profile cannot be read.
    """
    yield from _addresses(settings)
    yield from _known_secrets(settings)
    yield from _temporal(settings, environment)


def _addresses(settings: "Settings") -> Iterator[str]:
    if urlsplit(settings.public_base_url or "https:").scheme != "https":
        yield "PUBLIC_BASE_URL: codes, documents and sessions would travel in the clear by http"
    if urlsplit(settings.hosted_numbers_notification_url or "https:").scheme.lower() != "https":
        yield "HOSTED_NUMBERS_NOTIFICATION_URL: events would travel in the clear by http"
    if urlsplit(settings.hosted_numbers_blob_store).scheme == "memory":
        yield "HOSTED_NUMBERS_BLOB_STORE: memory forgets people's documents with the process"
    if settings.hosted_numbers_operator_header and any(
        network.prefixlen == 0 for network in settings.hosted_numbers_trusted_proxies
    ):
        yield "HOSTED_NUMBERS_TRUSTED_PROXIES: anybody could name themselves an operator"


def _known_secrets(settings: "Settings") -> Iterator[str]:
    if settings.twilio_account_sid == SIMULATED_ACCOUNT:
        yield "TWILIO_ACCOUNT_SID: it is the simulator's account"
    for name in (
        "twilio_auth_token",
        "twilio_secondary_auth_token",
        "twilio_api_secret",
        "twilio_webhook_key_secret",
    ):
        secret = getattr(settings, name)
        if secret is not None and secret.get_secret_value() in _WEAK:
            yield f"{name.upper()}: it is empty or one that everybody knows"
    if any(key.sha256 in _WEAK_DIGESTS for key in settings.hosted_numbers_api_keys):
        yield "HOSTED_NUMBERS_API_KEYS: one is of a key that everybody knows"
    if any(
        secret.get_secret_value() == _STANDARD_WEBHOOKS_EXAMPLE
        for secret in settings.hosted_numbers_notification_secrets
    ):
        yield "HOSTED_NUMBERS_NOTIFICATION_SECRETS: one is the example of Standard Webhooks"
    if settings.hosted_numbers_encryption_keys is not None:
        ring = KeyRing(settings.hosted_numbers_encryption_keys.get_secret_value())
        if any(len(set(key.secret)) == 1 for key in ring.keys.values()):
            yield "HOSTED_NUMBERS_ENCRYPTION_KEYS: one is not random (encryption-keys new)"


def _temporal(settings: "Settings", environment: Mapping[str, str]) -> Iterator[str]:
    unchecked = environment.get("TEMPORAL_TLS_DISABLE_HOST_VERIFICATION", "")
    if unchecked.strip().lower() not in _NO:
        yield "TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: whoever is on the way could be Temporal"
    profile = temporal_profile.load()
    if not (
        temporal_profile.uses_tls(profile)
        or temporal_profile.stays_here(profile)
        or settings.hosted_numbers_temporal_plaintext
    ):
        yield (
            "TEMPORAL_ADDRESS: it is another host, without TLS (TEMPORAL_TLS=true; or "
            "HOSTED_NUMBERS_TEMPORAL_PLAINTEXT=true where the network itself is safe)"
        )
