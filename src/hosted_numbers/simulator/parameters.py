"""Reading Twilio's forms: repeated keys, required ones, and one check for each kind of value.

Each check raises ``TwilioError`` with the code that Twilio's catalogue of errors names for it.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Final, Self
from urllib.parse import parse_qsl, urlsplit

from hosted_numbers.simulator import machine
from hosted_numbers.simulator.errors import TwilioError, invalid, missing
from hosted_numbers.simulator.sids import is_sid

_E164: Final = re.compile(r"\+[1-9]\d{1,14}", re.ASCII)
_NORTH_AMERICAN: Final = re.compile(r"\+1[2-9]\d{2}[2-9]\d{6}", re.ASCII)
_EMAIL: Final = re.compile(r"[^@\s,;<>]+@[^@\s,;<>.]+(\.[^@\s,;<>.]+)+")
_EXTENSION: Final = re.compile(r"[0-9#*w]+", re.ASCII)
_CONTACT_NUMBER: Final = re.compile(r"\+?[0-9 ().-]{7,24}", re.ASCII)

# fmt: off
_NEITHER_US_NOR_CANADA: Final = frozenset({
    "242", "246", "264", "268", "284", "340", "345", "441", "473", "649", "658", "664", "670",
    "671", "684", "721", "758", "767", "784", "787", "809", "829", "849", "868", "869", "876",
    "939",
})
# fmt: on
"""Area codes under +1 that belong to other countries and territories of their own ISO code."""

_LONGEST_NAME: Final = 128
_DOCUMENTED_FRIENDLY_NAME: Final = 64
_LONGEST_CALL_DELAY: Final = 60


class Parameters:
    """The decoded parameters of a form. Of a single-valued key sent twice the last counts.

    Args:
        pairs: names and values as they came.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in pairs:
            self._values[name].append(value)

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Decode a raw ``application/x-www-form-urlencoded`` body.

        Raises:
            TwilioError: 20001, the body is not UTF-8.
        """
        try:
            return cls(
                parse_qsl(
                    body.decode(), keep_blank_values=True, errors="strict", max_num_fields=2000
                )
            )
        except ValueError:
            raise TwilioError(20001, "The post body is not a form in UTF-8") from None

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str) -> str | None:
        """A single value; None where it is absent or empty."""
        values = self._values.get(name)
        return (values[-1] or None) if values else None

    def required(self, name: str) -> str:
        """A single value that must be there.

        Raises:
            TwilioError: 20001.
        """
        value = self.text(name)
        if value is None:
            raise missing(name)
        return value

    def many(self, name: str) -> list[str]:
        """All values of a repeated key; empty ones do not count, so one empty value clears."""
        return [value for value in self._values.get(name, ()) if value]


def phone_number(value: str) -> str:
    """E.164 (22102) of the United States or Canada (22103)."""
    if _E164.fullmatch(value) is None:
        raise TwilioError(22102)
    if not value.startswith("+1") or value[2:5] in _NEITHER_US_NOR_CANADA:
        raise TwilioError(22103)
    if _NORTH_AMERICAN.fullmatch(value) is None:
        raise TwilioError(22102)
    return value


def contact_number(value: str) -> str:
    """The signer's number, in any usual writing: its format is documented nowhere (20001)."""
    if _CONTACT_NUMBER.fullmatch(value) is None:
        raise invalid("ContactPhoneNumber")
    return value


def sms_capability(value: str) -> None:
    """``true`` (22119)."""
    if value.lower() != "true":
        raise TwilioError(22119)


def email(value: str) -> str:
    """One e-mail address (22104)."""
    if _EMAIL.fullmatch(value) is None:
        raise TwilioError(22104)
    return value


def url(value: str) -> str:
    """An absolute http or https URL (22105)."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        raise TwilioError(22105) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or re.search(r"\s", value):
        raise TwilioError(22105)
    return value


def method(value: str) -> str:
    """GET or POST (22106)."""
    if value.upper() not in {"GET", "POST"}:
        raise TwilioError(22106)
    return value.upper()


def account_sid(value: str) -> str:
    """An AC SID (20001)."""
    if not is_sid(value, "AC"):
        raise invalid("AccountSid")
    return value


def application_sid(value: str) -> str:
    """An AP SID (22108)."""
    if not is_sid(value, "AP"):
        raise TwilioError(22108)
    return value


def address_sid(value: str) -> str:
    """An AD SID (22109)."""
    if not is_sid(value, "AD"):
        raise TwilioError(22109)
    return value


def document_sid(value: str, *, strict: bool) -> str:
    """An RI SID, or where it is not ``strict`` an RD SID too (22118)."""
    if not is_sid(value, "RI", *(() if strict else ("RD",))):
        raise TwilioError(22118)
    return value


def unique_name(value: str) -> str:
    """At most 128 characters (22115)."""
    if len(value) > _LONGEST_NAME:
        raise TwilioError(22115)
    return value


def friendly_name(value: str, *, strict: bool) -> str:
    """At most 128 characters, or where it is ``strict`` 64 (22116)."""
    if len(value) > (_DOCUMENTED_FRIENDLY_NAME if strict else _LONGEST_NAME):
        raise TwilioError(22116)
    return value


def extension(value: str) -> str:
    """Digits, ``#``, ``*`` and ``w``, at least one (22117)."""
    if _EXTENSION.fullmatch(value) is None:
        raise TwilioError(22117)
    return value


def call_delay(value: str) -> int:
    """0 to 60 seconds (20001); Twilio's page says 0-30 in one place and 0 to 60 in another."""
    if not value.isascii() or not value.isdigit() or int(value[:5]) > _LONGEST_CALL_DELAY:
        raise invalid("CallDelay")
    return int(value)


def verification_type(value: str) -> str:
    """``phone-call`` or ``phone-bill`` (22120)."""
    if value not in {machine.PHONE_CALL, machine.PHONE_BILL}:
        raise TwilioError(22120)
    return value


def order_status(value: str) -> str:
    """A status of a HostedNumberOrder (22111)."""
    if value not in machine.ORDER_STATUSES:
        raise TwilioError(22111)
    return value


def document_status(value: str, allowed: Collection[str]) -> str:
    """A status of an AuthorizationDocument among those ``allowed`` (22122)."""
    if value not in allowed:
        raise TwilioError(22122)
    return value
