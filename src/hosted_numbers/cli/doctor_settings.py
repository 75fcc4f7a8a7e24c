"""What ``doctor`` makes of the settings of the process that it runs beside.

Each process has its own, so what is not set here may well be set elsewhere, and is no fault.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from hosted_numbers import temporal_profile
from hosted_numbers.cli.checks import Check
from hosted_numbers.cli.lazily import lazily
from hosted_numbers.documents.virus_scan import VirusScanner
from hosted_numbers.endpoints import endpoint
from hosted_numbers.errors import HostedNumbersError, SettingsError
from hosted_numbers.settings import Settings
from hosted_numbers.twilio import Credentials
from hosted_numbers.twilio.errors import AuthenticationError, NotFoundError
from hosted_numbers.twilio.look import Look, look

if TYPE_CHECKING:
    from hosted_numbers import blobs
else:
    blobs = lazily("hosted_numbers.blobs")

ABSENT: Final = "not set here"
SKEW: Final = timedelta(seconds=60)
"""Signed events and tokens are refused by clocks that are minutes off."""
_SCANNER_PATIENCE: Final = timedelta(seconds=5)


async def checks(settings: Settings) -> list[Check]:
    """One check for each part that settings decide.

    Args:
        settings: of this process.
    """
    return [
        Check("environment", True, settings.hosted_numbers_env),
        _way_to_temporal(),
        _public_address(settings),
        *await _twilio(settings),
        await _blob_store(settings),
        await _virus_scanner(settings),
        _api_keys(settings, datetime.now(UTC)),
        _callbacks(settings),
        _operators(settings),
        _notifications(settings),
    ]


def _way_to_temporal() -> Check:
    name = "way to Temporal"
    try:
        profile = temporal_profile.load()
    except SettingsError as error:
        return Check(name, False, error.reason, error.next_step)
    where = temporal_profile.address(profile)
    if temporal_profile.uses_tls(profile):
        return Check(name, True, f"{where}, by TLS")
    if temporal_profile.stays_here(profile):
        return Check(name, True, f"{where}, on this machine")
    return Check(name, True, f"{where}, in the clear: well in a closed network alone")


def _public_address(settings: Settings) -> Check:
    name, url = "public address", settings.public_base_url
    if url is None:
        return Check(name, True, ABSENT)
    parts = urlsplit(url)
    local = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    if parts.scheme == "https" or (local and settings.hosted_numbers_env == "development"):
        return Check(name, True, url)
    return Check(name, False, f"{url} is http", "Set PUBLIC_BASE_URL to https://… of your proxy.")


async def _twilio(settings: Settings) -> list[Check]:
    if settings.twilio_account_sid is None:
        return [Check("Twilio", True, ABSENT)]
    try:
        account, name, password = settings.twilio_login()
    except SettingsError as error:
        return [Check("Twilio", False, error.reason, error.next_step)]
    seen = await look(Credentials(name, password, account), settings.twilio_base_url)
    return [_access(seen, settings.twilio_base_url), *_clock(seen)]


def _access(seen: Look, base_url: str | None) -> Check:
    where = base_url or "Twilio"
    if seen.refusal is None:
        return Check("Twilio", True, f"{where} shows the account's orders")
    if isinstance(seen.refusal, AuthenticationError):
        fix = "Correct TWILIO_ACCOUNT_SID and TWILIO_API_KEY with its secret, or TWILIO_AUTH_TOKEN."
        return Check("Twilio", False, f"{where} refuses the credentials", fix)
    if isinstance(seen.refusal, NotFoundError):
        fix = "Ask Twilio to give the account access to Hosted Numbers (the preview API)."
        return Check("Twilio", False, "the account has no access to Hosted Numbers", fix)
    fix = "Look at https://status.twilio.com and at this machine's way out."
    return Check("Twilio", False, f"{where}: {seen.refusal}", fix)


def _clock(seen: Look) -> Iterator[Check]:
    if seen.ahead is None:
        return
    seconds = round(seen.ahead.total_seconds())
    if abs(seen.ahead) > SKEW:
        found = f"{abs(seconds)} seconds {'ahead of' if seconds > 0 else 'behind'} Twilio's"
        yield Check("clock", False, found, "Set the clock by NTP: timedatectl set-ntp true")
    else:
        yield Check("clock", True, "as Twilio's")


async def _blob_store(settings: Settings) -> Check:
    name = "blob store"
    if "hosted_numbers_blob_store" not in settings.model_fields_set:
        return Check(name, True, ABSENT)
    url = settings.hosted_numbers_blob_store
    try:
        if await blobs.BlobStore.at(url).reachable():
            return Check(name, True, f"{url} takes files")
    except HostedNumbersError as error:
        return Check(name, False, error.reason, error.next_step)
    fix = "Give this user the rights to write and delete there, and look at the room that is left."
    return Check(name, False, f"{url} takes no file", fix)


async def _virus_scanner(settings: Settings) -> Check:
    name, address = "virus scanner", settings.hosted_numbers_clamd_address
    if address is None:
        return Check(name, True, ABSENT)
    if await VirusScanner(address, _SCANNER_PATIENCE).answers():
        return Check(name, True, f"{address} answers")
    fix = "Start clamd, or correct HOSTED_NUMBERS_CLAMD_ADDRESS; until then no file is taken."
    return Check(name, False, f"{address} does not answer", fix)


def _api_keys(settings: Settings, now: datetime) -> Check:
    keys = settings.hosted_numbers_api_keys
    if not keys:
        return Check("API keys", True, ABSENT)
    expired = [key.name for key in keys if not key.is_valid(now)]
    if expired:
        found = f"{', '.join(expired)} expired"
        return Check("API keys", False, found, "hosted-numbers api-key NAME makes another.")
    return Check("API keys", True, ", ".join(key.name for key in keys))


def _callbacks(settings: Settings) -> Check:
    if settings.twilio_webhook_key_sid and settings.twilio_webhook_key_secret:
        return Check("callbacks", True, "checked by the shared key")
    if settings.twilio_auth_token:
        return Check("callbacks", True, "checked by the auth token")
    return Check("callbacks", True, ABSENT)


def _operators(settings: Settings) -> Check:
    if settings.hosted_numbers_operator_header:
        if settings.hosted_numbers_trusted_proxies:
            return Check("operators", True, "signed in by a proxy")
        fix = "Set HOSTED_NUMBERS_TRUSTED_PROXIES to the proxy's address."
        return Check("operators", False, "no proxy is believed", fix)
    if settings.hosted_numbers_operator_password_hash:
        return Check("operators", True, "sign in by a password")
    return Check("operators", True, ABSENT)


def _notifications(settings: Settings) -> Check:
    try:
        found = endpoint(settings)
    except SettingsError as error:
        return Check("notifications", False, error.reason, error.next_step)
    return Check("notifications", True, f"to {found.host}:{found.port}" if found else ABSENT)
