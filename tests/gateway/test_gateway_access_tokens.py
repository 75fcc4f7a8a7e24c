"""Access tokens of the Temporal UI's identity provider: which are taken, by whose keys."""

import asyncio
import base64
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from hosted_numbers.gateway import access_tokens
from hosted_numbers.gateway.access_tokens import KEEP, PAUSE, AccessTokens
from hosted_numbers.gateway.problems import Problem
from tests.gateway.codec import (
    DECODE,
    NAMESPACE,
    ORIGIN,
    SECRET,
    asking,
    encrypted,
    gateway_that_decodes,
    values_of,
)
from tests.listening import listening

pytestmark = pytest.mark.security("S15")

AUDIENCE, ISSUER = "https://numbers.example.com/codec", "https://idp.example.com/"
SUBJECT: Final = "person@canary.example.com"
KEYS: Final[dict[str, Any]] = {
    "RS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}
STRANGER: Final = ec.generate_private_key(ec.SECP256R1())
SHARED: Final = b"a secret that should not stand among public keys"


def published(key_id: str, algorithm: str, key: Any, **more: object) -> dict[str, Any]:
    """A public key as the provider shows it."""
    shown = jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key(), as_dict=True)
    return {**shown, "kid": key_id, "alg": algorithm} | more


def all_keys() -> list[dict[str, Any]]:
    """What the provider publishes, with keys among them that sign no tokens."""
    encryption = published("for-encryption", "ES256", STRANGER, use="enc")
    nameless = {
        name: value for name, value in published("", "ES256", STRANGER).items() if name != "kid"
    }
    secret = base64.urlsafe_b64encode(SHARED).decode().rstrip("=")
    return [
        *(published(name, name, key, use="sig") for name, key in KEYS.items()),
        encryption,
        nameless,
        {"kty": "oct", "k": secret, "kid": "shared", "alg": "HS256"},
        {"kty": "of the future", "kid": "future"},
    ]


@dataclass
class Provider:
    """An identity provider's keys on loopback.

    Attributes:
        url: where they are.
        answer: what is sent, whole; by default the keys.
        asked: how often.
        silent: whether it takes connections and says nothing.
    """

    url: str = ""
    answer: bytes = field(
        default_factory=lambda: http_answer(json.dumps({"keys": all_keys()}).encode())
    )
    asked: int = 0
    silent: bool = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        await reader.readuntil(b"\r\n\r\n")
        self.asked += 1
        if self.silent:
            await reader.read()
        else:
            writer.write(self.answer)
            await writer.drain()


def http_answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """An answer of a server that closes."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


@asynccontextmanager
async def serving(provider: Provider) -> AsyncIterator[Provider]:
    """The provider, as long as it is needed."""
    async with listening(provider.serve) as address:
        provider.url = f"http://{address}/jwks"
        yield provider


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    """It listens."""
    async with serving(Provider()) as found:
        yield found


@dataclass
class Clock:
    """Seconds that pass when they are told to."""

    now: float = 0

    def __call__(self) -> float:
        """What it shows."""
        return self.now


def claims(**changes: object) -> dict[str, Any]:
    """What a good token says; None leaves a claim out."""
    now = datetime.now(UTC)
    said = {
        "aud": ["https://other.example.com", AUDIENCE],
        "iss": ISSUER,
        "sub": SUBJECT,
        "iat": now,
        "exp": now + timedelta(hours=1),
        **changes,
    }
    return {name: value for name, value in said.items() if value is not None}


def signed(
    algorithm: str = "ES256", key: Any = None, kid: str | None = None, **said: object
) -> str:
    """A token, as the provider signs it."""
    return jwt.encode(
        claims(**said),
        KEYS[algorithm] if key is None else key,
        algorithm,
        headers={"kid": algorithm if kid is None else kid},
    )


def by_hand(header: dict[str, Any], signature: bytes = b"") -> str:
    """A token that no library would make."""
    said = {**claims(), "iat": 0, "exp": 4_000_000_000}
    parts = [json.dumps(header).encode(), json.dumps(said).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def pem() -> bytes:
    """The provider's public key as a text, which a careless reader takes for a shared secret."""
    public = KEYS["RS256"].public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return bytes(public.public_bytes(serialization.Encoding.PEM, form))


def confused() -> str:
    """A token that is signed with the public key, by an algorithm of shared secrets."""
    algorithm = jwt.get_algorithm_by_name("HS256")
    unsigned = by_hand({"alg": "HS256", "kid": "RS256"}).rstrip(".")
    signature = algorithm.sign(unsigned.encode(), pem())
    return f"{unsigned}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


async def reading(provider: Provider, token: str) -> httpx.Response:
    """What the gateway answers a page of the Temporal UI that passes a token on."""
    app = gateway_that_decodes(
        hosted_numbers_codec_jwks_url=provider.url,
        hosted_numbers_codec_jwt_audience=AUDIENCE,
        hosted_numbers_codec_jwt_issuer=ISSUER,
    )
    headers = NAMESPACE | ORIGIN | {"Authorization": f"Bearer {token}"}
    async with asking(app, None) as http:
        return await http.post("/codec/decode", json=await encrypted(SECRET), headers=headers)


@pytest.mark.parametrize("algorithm", sorted(KEYS))
async def test_a_person_of_the_provider_reads(
    provider: Provider, algorithm: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With a token by any of its keys; the log knows them by a digest, and has no token."""
    caplog.set_level(logging.INFO, "hosted_numbers")
    token = signed(algorithm)

    assert await values_of(await reading(provider, token)) == [SECRET]

    assert "Decoding by access-token person-" in caplog.text
    for canary in (SUBJECT, SECRET, token, token.rpartition(".")[2]):
        assert canary not in caplog.text


LONG_AGO: Final = datetime(2020, 1, 1, tzinfo=UTC)
BAD: Final[dict[str, tuple[str, str]]] = {
    "expired": ("it has expired", "exp"),
    "another audience": ("another audience", "aud"),
    "another issuer": ("another issuer", "iss"),
    "no audience": ("does not say", "aud"),
    "no issuer": ("does not say", "iss"),
    "no end": ("does not say", "exp"),
    "nobody": ("does not say", "sub"),
}


@pytest.mark.parametrize("wrong", sorted(BAD))
async def test_a_token_that_is_not_for_us_is_refused(
    provider: Provider, wrong: str, caplog: pytest.LogCaptureFixture
) -> None:
    """401 that says why, without what the token says; and a line in the log."""
    why, claim = BAD[wrong]
    value: object = None
    if wrong == "expired":
        value = LONG_AGO
    elif wrong.startswith("another"):
        value = "https://canary.example.com"
    said: dict[str, Any] = {claim: value}
    answer = await reading(provider, signed(**said))

    assert (answer.status_code, answer.json()["code"]) == (401, "access-token-refused")
    assert why in answer.json()["detail"]
    assert "invalid_token" in answer.headers["www-authenticate"]
    assert answer.headers["access-control-allow-origin"] == ORIGIN["Origin"]
    assert f"Decoding is refused: The access token is not taken: {why}"[:50] in caplog.text
    assert "canary" not in answer.text + caplog.text


def forged() -> dict[str, str]:
    """Tokens that the provider did not sign."""
    good = signed()
    header, body, signature = good.split(".")
    mac = jwt.encode(claims(), SHARED, "HS256", headers={"kid": "shared"})
    return {
        "alg none": by_hand({"alg": "none", "kid": "ES256"}),
        "alg None": by_hand({"alg": "None", "kid": "ES256"}),
        "no alg": by_hand({"kid": "ES256"}),
        "alg of no name": by_hand({"alg": ["ES256"], "kid": "ES256"}),
        "public key as a secret": confused(),
        "shared secret": mac,
        "shared secret, said to be public": by_hand({"alg": "RS256", "kid": "shared"}, b"x"),
        "another's key": signed("ES256", STRANGER),
        "a key for encryption": signed("ES256", STRANGER, "for-encryption"),
        "a key of another kind": signed("ES256", kid="RS256"),
        "an unknown key": signed("ES256", STRANGER, "elsewhere"),
        "no key": by_hand({"alg": "ES256"}, b"x" * 64),
        "a key that it brings along": by_hand(
            {"alg": "ES256", "jwk": published("mine", "ES256", STRANGER)}, b"x" * 64
        ),
        "no signature": f"{header}.{body}.",
        "another body": f"{header}.{body[:-4]}AAAA.{signature}",
        "two parts": f"{header}.{body}",
        "no token": "nonsense",
        "no ASCII": "ä.ö.ü",
    }


@pytest.mark.parametrize("name", sorted(forged()))
async def test_a_forged_token_is_refused(provider: Provider, name: str) -> None:
    """Whatever algorithm or key it names."""
    with pytest.raises(Problem) as refusal:
        await AccessTokens(provider.url, AUDIENCE, ISSUER).principal(forged()[name])

    assert (refusal.value.status, refusal.value.code) == (401, "access-token-refused")
    assert refusal.value.next_step


async def test_a_token_opens_nothing_else(provider: Provider) -> None:
    """It reads payloads; the API and the pages know no such caller."""
    app = gateway_that_decodes(
        hosted_numbers_codec_jwks_url=provider.url,
        hosted_numbers_codec_jwt_audience=AUDIENCE,
        hosted_numbers_codec_jwt_issuer=ISSUER,
    )
    async with asking(app, signed()) as http:
        decoded = await http.post(DECODE, json={"payloads": []})
        others = [await http.get(path) for path in ("/v1/hosted-number-orders", "/", "/docs")]

    assert decoded.status_code == 200
    assert [answer.status_code for answer in others] == [401] * 3


async def test_a_key_is_taken_where_tokens_are_too(provider: Provider) -> None:
    """The command line has an API key; the provider is not asked for it."""
    app = gateway_that_decodes(
        hosted_numbers_codec_jwks_url=provider.url,
        hosted_numbers_codec_jwt_audience=AUDIENCE,
        hosted_numbers_codec_jwt_issuer=ISSUER,
    )
    async with asking(app) as http:
        answer = await http.post(DECODE, json={"payloads": []})
        empty = await http.post(DECODE, json={}, headers={"Authorization": "Bearer "})

    assert (answer.status_code, empty.status_code, provider.asked) == (200, 401, 0)


async def test_keys_are_kept_for_a_while(provider: Provider) -> None:
    """One fetch for many at once; a withdrawn key is not taken for longer than that."""
    clock = Clock()
    tokens = AccessTokens(provider.url, AUDIENCE, ISSUER, clock)
    await asyncio.gather(*(tokens.principal(signed()) for _ in range(10)))
    assert provider.asked == 1

    provider.answer = http_answer(json.dumps({"keys": [all_keys()[0]]}).encode())
    clock.now = KEEP.total_seconds() - 1
    await tokens.principal(signed("ES256"))
    clock.now = KEEP.total_seconds()
    with pytest.raises(Problem, match="401"):
        await tokens.principal(signed("ES256"))
    await tokens.principal(signed("RS256"))
    assert provider.asked == 2


async def test_a_new_key_is_looked_for_once_in_a_while(provider: Provider) -> None:
    """A rotated key is found; who sends nonsense does not make the gateway ask and ask."""
    clock = Clock()
    tokens = AccessTokens(provider.url, AUDIENCE, ISSUER, clock)
    new = published("new", "ES256", STRANGER)
    token = signed("ES256", STRANGER, "new")
    for _ in range(5):
        with pytest.raises(Problem, match="401"):
            await tokens.principal(token)
    assert provider.asked == 1

    provider.answer = http_answer(json.dumps({"keys": [new]}).encode())
    clock.now = PAUSE.total_seconds()
    assert (await tokens.principal(token)).allows("payloads:decode")
    assert provider.asked == 2


ANSWERS: Final = {
    "an error": http_answer(b"{}", "500 Internal Server Error"),
    "a way elsewhere": http_answer(b"", "302 Found", "Location: http://127.0.0.1:1/jwks"),
    "no JSON": http_answer(b"<html>"),
    "no UTF-8": http_answer(b"\xff"),
    "no object": http_answer(b"[]"),
    "no keys": http_answer(b'{"keys": []}'),
    "keys of no kind": http_answer(b'{"keys": "x"}'),
    "too much": http_answer(b'{"keys": []}' + b" " * 300_000),
    "half": http_answer(b'{"keys": []}')[:-5],
}


@pytest.mark.parametrize("answer", sorted(ANSWERS))
async def test_a_provider_without_keys_lets_nobody_in(
    provider: Provider, answer: str, caplog: pytest.LogCaptureFixture
) -> None:
    """503 with a next step, at once the second time; it goes on when the provider is back."""
    clock = Clock()
    tokens = AccessTokens(provider.url, AUDIENCE, ISSUER, clock)
    well, provider.answer = provider.answer, ANSWERS[answer]
    for _ in range(2):
        with pytest.raises(Problem) as refusal:
            await tokens.principal(signed())
        assert (refusal.value.status, refusal.value.code) == (503, "identity-provider-unavailable")
    assert provider.asked == 1
    assert "The identity provider's keys" in caplog.text

    provider.answer = well
    clock.now = PAUSE.total_seconds()
    assert (await tokens.principal(signed())).allows("payloads:decode")


async def test_a_silent_provider_is_not_waited_for(
    provider: Provider, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor one that does not listen: 503 with Retry-After to the page."""
    monkeypatch.setattr(access_tokens, "_PATIENCE", timedelta(seconds=0.1))
    provider.silent = True
    silent = await reading(provider, signed())
    away = await reading(Provider(url=f"http://127.0.0.1:{closed_port}/jwks"), signed())

    for answer in (silent, away):
        assert (answer.status_code, answer.json()["code"]) == (503, "identity-provider-unavailable")
        assert answer.headers["retry-after"]


async def test_keys_that_are_at_hand_outlast_a_provider_that_is_away(provider: Provider) -> None:
    """For as long as they are kept."""
    clock = Clock()
    tokens = AccessTokens(provider.url, AUDIENCE, ISSUER, clock)
    await tokens.principal(signed())
    provider.answer = ANSWERS["an error"]
    clock.now = PAUSE.total_seconds()
    with pytest.raises(Problem, match="401"):
        await tokens.principal(signed(kid="unknown"))
    assert provider.asked == 2
    assert (await tokens.principal(signed())).allows("payloads:decode")
