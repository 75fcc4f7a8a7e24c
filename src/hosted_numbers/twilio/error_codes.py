"""Twilio's error codes that these resources answer with, each in a few words.

Source: the error catalogue at https://www.twilio.com/docs/api/errors, one page per code.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

MEANINGS: Final[Mapping[int, str]] = MappingProxyType(
    {
        10001: "account is not active",
        10002: "trial account may not do this",
        18024: "file cannot be processed",
        20001: "required parameter missing",
        20003: "authentication failed",
        20404: "not found",
        20429: "too many requests",
        20500: "internal error at Twilio",
        20503: "Twilio is not available",
        21609: "callback URL is not valid",
        21628: "address is not valid",
        21629: "address is not valid",
        21645: "SupportingDocument is in a bundle and cannot be deleted",
        21646: "SupportingDocument is under review and cannot be deleted",
        22100: "maximum of verification attempts reached",
        22101: "HostedNumberOrder SIDs missing, malformed or unknown",
        22102: "phone number is not E.164",
        22103: "country is not supported",
        22104: "e-mail address is malformed",
        22105: "URL is malformed",
        22106: "method must be GET or POST",
        22107: "AuthorizationDocument cannot be changed in its status",
        22108: "application SID is malformed or unknown",
        22109: "address SID is malformed or unknown",
        22110: "number cannot be hosted",
        22111: "not a HostedNumberOrder status",
        22112: "status cannot be applied to the order as it is",
        22113: "verification code is wrong or expired",
        22114: "order is not in a status to be verified",
        22115: "unique name is too long",
        22116: "friendly name is too long",
        22117: "extension has other characters than digits, #, * and w",
        22118: "verification document SID is malformed or of another type",
        22119: "SMS capability must be true",
        22120: "verification type must be phone-call or phone-bill",
        22121: "hosted number cannot be transferred",
        22122: "AuthorizationDocument status must be opened or signing",
        22123: "verification call cannot be placed",
        22207: "attributes are not JSON",
        22208: "status and attributes cannot be changed at once",
        22209: "not a SupportingDocument status",
        22210: "SupportingDocument type is missing or unknown",
        22211: "friendly name is missing",
        70002: "document type is unknown",
        70051: "API key lacks the permission",
    }
)
"""Code to meaning. A code that is not here is still carried by the error, without words."""

CREDENTIALS: Final[frozenset[int]] = frozenset({10001, 10002, 20003, 70051})
"""Codes that blame the credentials or the account, whatever HTTP status they come with."""

RATE_LIMITED: Final = 20429
"""The code that comes with 429, whatever 4xx a proxy makes of it."""
