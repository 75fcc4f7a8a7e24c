"""Which URL and which addresses events may be sent to: the settings' endpoint, checked.

The URL is the one that we fetch ourselves, so it must not lead into our own network (SSRF; ASVS
V1.3.6, V13.2.4 and V13.2.5): https only, no user name, a port and a host of the lists, and only
addresses of the public internet. In development loopback is allowed too, by http and on any port.
"""

import ipaddress
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import httpx

from hosted_numbers.errors import SettingsError
from hosted_numbers.settings import Settings

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_URL: Final = "HOSTED_NUMBERS_NOTIFICATION_URL"
_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
"""All that is handed out of IPv6 (RFC 4291, section 2.4, and IANA's registry)."""
_TRANSLATED: Final = ipaddress.IPv6Network("64:ff9b::/96")
"""IPv4 addresses as networks without IPv4 see them (RFC 6052)."""


@dataclass(frozen=True)
class Endpoint:
    """Where events are sent.

    Attributes:
        url: whole; its path and query may be secret, so it is neither shown nor logged.
        secrets: ``whsec_…`` keys that each event is signed with.
        development: whether loopback is allowed.
    """

    url: httpx.URL = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    development: bool

    @property
    def host(self) -> str:
        """The host as DNS and TLS know it, without a port and in ASCII."""
        return self.url.raw_host.decode("ascii")

    @property
    def port(self) -> int:
        """The port, by the scheme where the URL names none."""
        return self.url.port or (443 if self.url.scheme == "https" else 80)

    def takes(self, address: str) -> bool:
        """Whether the host may stand at this address: it is public, or loopback in development."""
        there = ipaddress.ip_address(address)
        if self.development and _judged(there).is_loopback:
            return True
        return self.url.scheme == "https" and _public(there)


def endpoint(settings: Settings) -> Endpoint | None:
    """The endpoint of the settings, None where they name none.

    Raises:
        SettingsError: it is not one that events may be sent to, or nothing signs them. The message
            names the variable, never its value.
    """
    if settings.hosted_numbers_notification_url is None:
        return None
    secrets = tuple(
        secret.get_secret_value() for secret in settings.hosted_numbers_notification_secrets
    )
    if not secrets:
        raise SettingsError(
            f"{_URL} is set, and no key to sign events with.",
            "Set HOSTED_NUMBERS_NOTIFICATION_SECRETS to whsec_ and 32 random bytes in base64.",
        )
    development = settings.hosted_numbers_env == "development"
    found = Endpoint(_parsed(settings.hosted_numbers_notification_url), secrets, development)
    _check(found, settings)
    return found


def _parsed(url: str) -> httpx.URL:
    try:
        found = httpx.URL(url)
    except httpx.InvalidURL:
        found = httpx.URL()
    if found.scheme not in {"http", "https"} or not found.host:
        raise _wrong("is not a URL of https:// and a host", "Correct it.")
    if found.userinfo:
        raise _wrong("holds a user name", "Take it out; events are signed instead.")
    return found


def _check(found: Endpoint, settings: Settings) -> None:
    here = found.development and _named_loopback(found.host)
    if found.url.scheme == "http" and not here:
        raise _wrong(
            "is http; only loopback may be, and only in development", "Set it to an https:// URL."
        )
    if _literal(found.host) is not None and not found.takes(found.host):
        raise _wrong("leads into a private network", "Set it to a public host.")
    if not here and found.port not in settings.hosted_numbers_notification_ports:
        raise _wrong(
            "names a port that is not allowed",
            "Correct it, or add the port to HOSTED_NUMBERS_NOTIFICATION_PORTS.",
        )
    hosts = {host.lower() for host in settings.hosted_numbers_notification_hosts}
    if hosts and not {found.host, found.url.host} & hosts:
        raise _wrong(
            "names a host that is not allowed",
            "Correct it, or add the host to HOSTED_NUMBERS_NOTIFICATION_HOSTS.",
        )


def _wrong(what: str, next_step: str) -> SettingsError:
    return SettingsError(f"{_URL} {what}.", next_step)


def _named_loopback(host: str) -> bool:
    literal = _literal(host)
    return host == "localhost" or (literal is not None and _judged(literal).is_loopback)


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _judged(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, or the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _public(address: Address) -> bool:
    judged = _judged(address)
    if judged.version == 6 and judged not in _GLOBAL_UNICAST:  # noqa: PLR2004 - IP's own version
        return False
    return judged.is_global and not judged.is_multicast
