"""Twilio's request signature, ``X-Twilio-Signature``: pure functions over texts.

The signed text is the URL as Twilio was told it, byte for byte and without fragment; for a form
body, each distinct (name, value) follows in ascending order with nothing between. The signature is
the base64 of its HMAC-SHA1 under the account's auth token. A JSON body is signed by its hash in the
URL's ``bodySHA256``. Source: https://www.twilio.com/docs/usage/security#validating-requests

Build the URL from the configured public address, never from the Host header: whoever sends a
request chooses that. The signature has no time in it, so a genuine request can be replayed: a
callback is a hint to look at the order, never the truth about it.

``X-Twilio-Webhooks-Signature-Settings`` (shared keys, HMAC-SHA256) is not spoken here: a receiver
refuses a request that names another algorithm than HMAC_SHA1.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias
from urllib.parse import parse_qs, urlsplit

SIGNATURE_HEADER: Final = "X-Twilio-Signature"
BODY_HASH_PARAMETER: Final = "bodySHA256"

Parameters: TypeAlias = Mapping[str, str | Sequence[str]] | Iterable[tuple[str, str]]
"""Decoded form parameters, by name or as pairs. Empty for GET: they are in the URL already."""

_AUTHORITY = re.compile(
    r"""(?P<scheme>https?)://
        (?P<userinfo>[^/?#]*@)?
        (?P<host>\[[^\]/?#@]*\]|[^:/?#@\[\]]+)
        (?P<port>:[0-9]+)?
        (?P<rest>[/?].*|)""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def sign(auth_token: str, url: str, params: Parameters = ()) -> str:
    """Return the signature that Twilio sends with a request.

    Args:
        auth_token: the account's auth token.
        url: the full URL; a fragment is left out.
        params: the decoded parameters of a form body; nothing for GET and for JSON.

    Raises:
        ValueError: the token is empty, or a text has no UTF-8 form.
    """
    return _signature(auth_token, _without_fragment(url) + _joined(params))


def verify(
    auth_tokens: str | Sequence[str], url: str, params: Parameters, signature: str | None
) -> bool:
    """Whether a request without a body, or with a form, was signed with one of the tokens.

    The URL counts with and without its port, as Twilio signs it either way. It fails closed: no
    token, no signature or a text that cannot be signed is False, and empty tokens are passed over.

    Args:
        auth_tokens: the auth token, or during a rotation the primary and the secondary.
        url: the public URL as configured at Twilio, with the raw query of the request.
        params: the decoded parameters of a form body, blank values kept, nothing trimmed.
        signature: the value of ``X-Twilio-Signature``, None where the header is missing.
    """
    tokens = [auth_tokens] if isinstance(auth_tokens, str) else auth_tokens
    if not signature:
        return False
    try:
        suffix = _joined(params)
        genuine = [
            _signature(token, spelling + suffix)
            for spelling in _spellings(_without_fragment(url))
            for token in tokens
            if token
        ]
    except (TypeError, ValueError):
        return False
    given = signature.encode("utf-8", errors="replace")
    # Counted, not any(): how many comparisons are made must not depend on the signature.
    return sum(hmac.compare_digest(given, each.encode("ascii")) for each in genuine) > 0


def verify_body(
    auth_tokens: str | Sequence[str], url: str, body: bytes, signature: str | None
) -> bool:
    """Whether a request with another body than a form (JSON) was signed with one of the tokens.

    Both must hold: the signature over the URL, and the URL's one ``bodySHA256`` over the body.

    Args:
        auth_tokens: as for ``verify``.
        url: as for ``verify``; without ``bodySHA256`` the body is not signed, which is False.
        body: the raw bytes as received.
        signature: the value of ``X-Twilio-Signature``, None where the header is missing.
    """
    try:
        claimed = parse_qs(urlsplit(url).query).get(BODY_HASH_PARAMETER, [])
    except ValueError:
        return False
    if len(claimed) != 1:
        return False
    actual = hashlib.sha256(body).hexdigest().encode("ascii")
    same_body = hmac.compare_digest(claimed[0].encode("utf-8", errors="replace"), actual)
    return verify(auth_tokens, url, (), signature) and same_body


def _signature(auth_token: str, text: str) -> str:
    if not auth_token:
        raise ValueError("the auth token must not be empty: anyone could sign with it")
    digest = hmac.digest(auth_token.encode("utf-8"), text.encode("utf-8"), "sha1")
    return base64.b64encode(digest).decode("ascii")


def _joined(params: Parameters) -> str:
    return "".join(name + value for name, value in sorted(set(_pairs(params))))


def _pairs(params: Parameters) -> Iterable[tuple[str, str]]:
    if not isinstance(params, Mapping):
        return params
    return (
        (name, value)
        for name, values in params.items()
        for value in ([values] if isinstance(values, str) else values)
    )


def _without_fragment(url: str) -> str:
    return url.partition("#")[0]


def _spellings(url: str) -> list[str]:
    """The URL as given, and with its port dropped or the scheme's default port added.

    By hand, as urllib would lower the case of the scheme and drop an empty query, and the official
    validator's split at the first colon breaks user information and IPv6 addresses.
    """
    parts = _AUTHORITY.fullmatch(url)
    if parts is None:
        return [url]
    before = f"{parts['scheme']}://{parts['userinfo'] or ''}{parts['host']}"
    other_port = "" if parts["port"] else _DEFAULT_PORTS[parts["scheme"].lower()]
    return [url, before + other_port + parts["rest"]]
