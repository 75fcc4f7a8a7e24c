"""Access tokens that the Temporal UI passes on: whom its identity provider let read payloads.

A token is a JWT (RFC 9068). It is taken with the provider's signature, for our audience, from the
issuer that is named, while it lasts. The provider's keys (RFC 7517) come from one URL of the
settings, never from a token; an unknown key is looked for once in a while, so that whoever sends
nonsense does not make the gateway ask the provider all the time.

Its modules take half a second to import, so it is imported where the settings want it.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final, Self

import httpx
import jwt

from hosted_numbers.errors import SettingsError
from hosted_numbers.gateway.principals import Principal
from hosted_numbers.gateway.problems import RETRY_AFTER, Problem
from hosted_numbers.settings import Settings

_log = logging.getLogger(__name__)

ALGORITHMS: Final = (
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "PS256",
    "PS384",
    "PS512",
    "RS256",
    "RS384",
    "RS512",
)
"""Those by which a public key can check and not sign (RFC 8725, section 3.1)."""
KEEP: Final = timedelta(minutes=10)
"""How long fetched keys are used: one that the provider withdrew is not taken for longer."""
PAUSE: Final = timedelta(seconds=10)
"""Between two fetches, whatever is asked for meanwhile."""
_PATIENCE: Final = timedelta(seconds=5)
_LARGEST: Final = 256_000  # bytes
_PUBLIC: Final = frozenset({"EC", "OKP", "RSA"})
_CLOCKS_DIFFER: Final = timedelta(seconds=30)
_WRONG: Final[Mapping[type[Exception], str]] = {
    jwt.ExpiredSignatureError: "it has expired",
    jwt.InvalidAudienceError: "it is for another audience",
    jwt.InvalidIssuerError: "another issuer made it",
    jwt.MissingRequiredClaimError: "it does not say for whom, by whom and until when it is",
    jwt.InvalidSignatureError: "its signature is wrong",
}


class AccessTokens:
    """The holders of one identity provider's tokens.

    Args:
        url: where its public keys are (JWKS).
        audience: what a token must be for.
        issuer: who must have made it.
        clock: seconds, for the age of the keys.
    """

    def __init__(
        self,
        url: str,
        audience: str,
        issuer: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._audience = audience
        self._issuer = issuer
        self._clock = clock
        self._tls = httpx.create_ssl_context()
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = self._tried_at = float("-inf")
        self._fetching = asyncio.Lock()

    @classmethod
    def by_settings(cls, settings: Settings, url: str) -> Self:
        """The provider of the settings.

        Raises:
            SettingsError: audience or issuer is missing; a token for anything would be taken.
        """
        audience = settings.hosted_numbers_codec_jwt_audience
        issuer = settings.hosted_numbers_codec_jwt_issuer
        if not audience or not issuer:
            raise SettingsError(
                "HOSTED_NUMBERS_CODEC_JWKS_URL is set without what its tokens must say.",
                "Set HOSTED_NUMBERS_CODEC_JWT_AUDIENCE and HOSTED_NUMBERS_CODEC_JWT_ISSUER.",
            )
        return cls(url, audience, issuer)

    async def principal(self, token: str) -> Principal:
        """Who holds the token.

        Raises:
            Problem: 401, it is not taken; 503, the provider's keys cannot be had.
        """
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in ALGORITHMS:
                raise _refused("its algorithm is not taken")
            key = await self._key(str(header.get("kid", "")))
            claims = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=self._audience,
                issuer=self._issuer,
                leeway=_CLOCKS_DIFFER,
                options={"require": ["aud", "exp", "iss", "sub"]},
            )
        except (jwt.PyJWTError, ValueError) as error:
            raise _refused(_WRONG.get(type(error), "it cannot be read")) from None
        return Principal.decoder(claims["sub"])

    async def _key(self, key_id: str) -> jwt.PyJWK:
        if not self._knows(key_id):
            async with self._fetching:
                if not self._knows(key_id):
                    await self._look_again()
        if not self._knows(key_id):
            raise _refused("its key is none of the identity provider's")
        return self._keys[key_id]

    def _knows(self, key_id: str) -> bool:
        return self._is_fresh() and key_id in self._keys

    def _is_fresh(self) -> bool:
        return self._clock() - self._fetched_at < KEEP.total_seconds()

    async def _look_again(self) -> None:
        if self._clock() - self._tried_at >= PAUSE.total_seconds():
            self._tried_at = self._clock()
            try:
                self._keys = await self._fetched()
                self._fetched_at = self._clock()
            except (httpx.HTTPError, jwt.PyJWTError, OSError, TypeError, ValueError) as error:
                _log.warning("The identity provider's keys: %s", type(error).__name__)
        if not self._is_fresh():
            raise _unavailable()

    async def _fetched(self) -> dict[str, jwt.PyJWK]:
        body = bytearray()
        async with (
            asyncio.timeout(_PATIENCE.total_seconds()),
            httpx.AsyncClient(verify=self._tls, trust_env=False) as client,
            # as it is, since a few bytes can be unpacked to many
            client.stream("GET", self._url, headers={"Accept-Encoding": "identity"}) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                raise ValueError(answer.status_code)
            async for piece in answer.aiter_raw():
                body += piece
                if len(body) > _LARGEST:
                    raise ValueError(_LARGEST)
        found = json.loads(body)
        if not isinstance(found, dict):
            raise TypeError(type(found))
        return {
            key.key_id: key
            for key in jwt.PyJWKSet.from_dict(found)
            if key.key_id and key.key_type in _PUBLIC and key.public_key_use in {None, "sig"}
        }


def _refused(why: str) -> Problem:
    return Problem(
        401,
        "access-token-refused",
        "The access token is not taken",
        detail=f"The access token is not taken: {why}.",
        next_step="Sign in to the Temporal UI again. If that does not help, compare "
        "HOSTED_NUMBERS_CODEC_JWT_AUDIENCE and HOSTED_NUMBERS_CODEC_JWT_ISSUER with what the "
        "identity provider puts into its tokens.",
        headers={"WWW-Authenticate": 'Bearer realm="hosted-numbers", error="invalid_token"'},
    )


def _unavailable() -> Problem:
    return Problem(
        503,
        "identity-provider-unavailable",
        "The identity provider's keys cannot be had",
        detail="The access token cannot be checked: the identity provider does not answer with its "
        "keys at HOSTED_NUMBERS_CODEC_JWKS_URL.",
        next_step="Try again shortly; if it stays, open that URL from the gateway's machine.",
        headers=RETRY_AFTER,
    )
