"""Twilio's request signature, ``X-Twilio-Signature``: pure functions over texts.

The signed text is the URL as Twilio was told it, byte for byte and without fragment; for a form
body, each distinct (name, value) follows in ascending order with nothing between. The signature is
the base64 of its HMAC-SHA1 under the account's auth token. A JSON body is signed by its hash in the
URL's ``bodySHA256``. Source: https://www.twilio.com/docs/usage/security#validating-requests

A request that carries ``X-Twilio-Webhooks-Signature-Settings: key=…,algorithm=HMAC_SHA256`` is
signed by HMAC-SHA256 under the secret of the shared key that it names. Source: Twilio's official
validator, from its version 9.13 on. Whoever sends a request also chooses this header, so the
receiver says which algorithms and keys it takes; the header only tells which of them is meant.

Build the URL from the configured public address, never from the Host header: whoever sends a
request chooses that. The signature has no time in it, so a genuine request can be replayed: a
callback is a hint to look at the order, never the truth about it.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias
from urllib.parse import parse_qs, urlsplit

SIGNATURE_HEADER: Final = "X-Twilio-Signature"
SIGNED_WITH_HEADER: Final = "X-Twilio-Webhooks-Signature-Settings"
BODY_HASH_PARAMETER: Final = "bodySHA256"

Parameters: TypeAlias = Mapping[str, str | Sequence[str]] | Iterable[tuple[str, str]]
"""Decoded form parameters, by name or as pairs. Empty for GET: they are in the URL already."""

Algorithm: TypeAlias = Literal["HMAC_SHA1", "HMAC_SHA256"]
"""As Twilio names it: the auth token's, and the shared keys'."""

_DIGESTS: Final[Mapping[Algorithm, str]] = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}

_AUTHORITY = re.compile(
    r"""(?P<scheme>https?)://
        (?P<userinfo>[^/?#]*@)?
        (?P<host>\[[^\]/?#@]*\]|[^:/?#@\[\]]+)
        (?P<port>:[0-9]+)?
        (?P<rest>[/?].*|)""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


class SignedWith(NamedTuple):
    """What a request says that it is signed with."""

    algorithm: Algorithm
    key: str | None = None
    """The shared key's id; None is the auth token."""

    def __str__(self) -> str:
        """The header's value."""
        return f"{f'key={self.key},' if self.key else ''}algorithm={self.algorithm}"


def signed_with(headers: Sequence[str]) -> SignedWith:
    """Read a request's ``X-Twilio-Webhooks-Signature-Settings``.

    Args:
        headers: the value of each such header; no header means HMAC-SHA1 with the auth token.

    Raises:
        ValueError: it is there twice or malformed, or names an algorithm or a part that is unknown.
    """
    if not headers:
        return SignedWith("HMAC_SHA1")
    if len(headers) > 1:
        raise ValueError("the header is there more than once")
    pairs = [part.strip().partition("=")[::2] for part in headers[0].split(",")]
    parts = dict(pairs)
    if len(parts) < len(pairs) or not {"algorithm"} <= set(parts) <= {"algorithm", "key"}:
        raise ValueError("it is not key=…,algorithm=…")
    for algorithm in _DIGESTS:
        if parts["algorithm"] == algorithm:
            return SignedWith(algorithm, parts.get("key"))
    raise ValueError("the algorithm is unknown")


def sign(
    secret: str, url: str, params: Parameters = (), *, algorithm: Algorithm = "HMAC_SHA1"
) -> str:
    """Return the signature that Twilio sends with a request.

    Args:
        secret: the account's auth token, or with HMAC_SHA256 the shared key's secret.
        url: the full URL; a fragment is left out.
        params: the decoded parameters of a form body; nothing for GET and for JSON.
        algorithm: how it is signed.

    Raises:
        ValueError: the secret is empty, or a text has no UTF-8 form.
    """
    return _signature(secret, _without_fragment(url) + _joined(params), algorithm)


def verify(
    secrets: str | Sequence[str],
    url: str,
    params: Parameters,
    signature: str | None,
    *,
    algorithm: Algorithm = "HMAC_SHA1",
) -> bool:
    """Whether a request without a body, or with a form, was signed with one of the secrets.

    The URL counts with and without its port, as Twilio signs it either way. It fails closed: no
    secret, no signature or a text that cannot be signed is False, and empty secrets are passed
    over.

    Args:
        secrets: the auth token, or during a rotation the primary and the secondary; with
            HMAC_SHA256 the shared key's secret.
        url: the public URL as configured at Twilio, with the raw query of the request.
        params: the decoded parameters of a form body, blank values kept, nothing trimmed.
        signature: the value of ``X-Twilio-Signature``, None where the header is missing.
        algorithm: how the receiver expects it to be signed.
    """
    accepted = [secrets] if isinstance(secrets, str) else secrets
    if not signature:
        return False
    try:
        suffix = _joined(params)
        genuine = [
            _signature(secret, spelling + suffix, algorithm)
            for spelling in _spellings(_without_fragment(url))
            for secret in accepted
            if secret
        ]
    except (TypeError, ValueError):
        return False
    given = signature.encode("utf-8", errors="replace")
    # Counted, not any(): how many comparisons are made must not depend on the signature.
    return sum(hmac.compare_digest(given, each.encode("ascii")) for each in genuine) > 0


def verify_body(
    secrets: str | Sequence[str],
    url: str,
    body: bytes,
    signature: str | None,
    *,
    algorithm: Algorithm = "HMAC_SHA1",
) -> bool:
    """Whether a request with another body than a form (JSON) was signed with one of the secrets.

    Both must hold: the signature over the URL, and the URL's one ``bodySHA256`` over the body.

    Args:
        secrets: as for ``verify``.
        url: as for ``verify``; without ``bodySHA256`` the body is not signed, which is False.
        body: the raw bytes as received.
        signature: the value of ``X-Twilio-Signature``, None where the header is missing.
        algorithm: as for ``verify``.
    """
    try:
        claimed = parse_qs(urlsplit(url).query).get(BODY_HASH_PARAMETER, [])
    except ValueError:
        return False
    if len(claimed) != 1:
        return False
    actual = hashlib.sha256(body).hexdigest().encode("ascii")
    same_body = hmac.compare_digest(claimed[0].encode("utf-8", errors="replace"), actual)
    return verify(secrets, url, (), signature, algorithm=algorithm) and same_body


def _signature(secret: str, text: str, algorithm: Algorithm) -> str:
    if not secret:
        raise ValueError("the auth token or secret must not be empty: anyone could sign with it")
    digest = hmac.digest(secret.encode("utf-8"), text.encode("utf-8"), _DIGESTS[algorithm])
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
