"""Which secrets sign callbacks: auth tokens, a shared key, and no way around our own choice."""

import functools
import re
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hosted_numbers.contract import OrderChanged
from hosted_numbers.errors import SettingsError
from hosted_numbers.gateway.app import create_app
from hosted_numbers.gateway.webhook import Webhook
from hosted_numbers.simulator.callbacks import Delivery, outgoing
from hosted_numbers.simulator.config import SimulatorConfig
from hosted_numbers.twilio.signatures import Algorithm, sign
from hosted_numbers.validation import NewHostedNumberOrder
from tests.gateway.orders_in_memory import (
    NUMBER,
    ORDER,
    PUBLIC,
    TOKEN,
    OrdersInMemory,
    settings_of_gateway,
)

PATH = "/callbacks/twilio"
URL = PUBLIC + PATH
KEY = "SharedKey1"
SECRET = "secret-of-the-shared-key"
SECONDARY = "98765432109876543210987654321098"
SIGNATURE = "X-Twilio-Signature"
SIGNED_WITH = "X-Twilio-Webhooks-Signature-Settings"
PARAMETERS = {
    "Status": "pending-loa",
    "HostedNumberOrderSid": "HR" + "a" * 32,
    "PhoneNumber": NUMBER,
}
FORM = urlencode(PARAMETERS).encode()
BY_KEY = f"key={KEY},algorithm=HMAC_SHA256"
GENUINE = sign(SECRET, URL, PARAMETERS, algorithm="HMAC_SHA256")

TOKEN_ALONE: dict[str, object] = {}
ROTATING: dict[str, object] = {"twilio_secondary_auth_token": SECONDARY}
SHARED_KEY: dict[str, object] = {
    "twilio_webhook_key_sid": KEY,
    "twilio_webhook_key_secret": SECRET,
}
MOVING: dict[str, object] = {
    **SHARED_KEY,
    **ROTATING,
    "hosted_numbers_webhook_token_accepted": True,
}

Headers = list[tuple[str, str]]


def by(secret: str, algorithm: Algorithm = "HMAC_SHA1", settings: str | None = None) -> Headers:
    """The headers of a callback that is signed like this."""
    signature = [(SIGNATURE, sign(secret, URL, PARAMETERS, algorithm=algorithm))]
    return signature + ([(SIGNED_WITH, settings)] if settings is not None else [])


async def sent(
    app: FastAPI, headers: Headers, body: bytes = FORM, path: str = PATH, method: str = "POST"
) -> int:
    """The status that such a callback is answered with."""
    content_type = [("Content-Type", "application/x-www-form-urlencoded")]
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://gateway.test"
    ) as http:
        answer = await http.request(method, path, content=body, headers=headers + content_type)
    assert answer.status_code in {204, 403}
    if answer.status_code == 403:
        assert answer.json()["code"] == "bad-signature"
    return answer.status_code


TOKENS = by(TOKEN)
SECONDARYS = by(SECONDARY)
KEYS = by(SECRET, "HMAC_SHA256", BY_KEY)


@pytest.mark.security("S1")
@pytest.mark.parametrize(
    ("changes", "headers", "status"),
    [
        pytest.param(TOKEN_ALONE, TOKENS, 204, id="token"),
        pytest.param(
            TOKEN_ALONE, by(TOKEN, settings="algorithm=HMAC_SHA1"), 204, id="token, in words"
        ),
        pytest.param(TOKEN_ALONE, SECONDARYS, 403, id="a token that is not ours"),
        pytest.param(TOKEN_ALONE, KEYS, 403, id="a key where none is"),
        pytest.param(
            TOKEN_ALONE,
            by(TOKEN, "HMAC_SHA256", "algorithm=HMAC_SHA256"),
            403,
            id="the token by the key's algorithm",
        ),
        pytest.param(ROTATING, TOKENS, 204, id="rotation, primary"),
        pytest.param(ROTATING, SECONDARYS, 204, id="rotation, secondary"),
        pytest.param(ROTATING, by(SECRET), 403, id="rotation, neither"),
        pytest.param(SHARED_KEY, KEYS, 204, id="key"),
        pytest.param(SHARED_KEY, TOKENS, 403, id="downgrade to the token"),
        pytest.param(
            SHARED_KEY, by(TOKEN, settings="algorithm=HMAC_SHA1"), 403, id="downgrade in words"
        ),
        pytest.param(SHARED_KEY, by(SECRET), 403, id="the secret by the token's algorithm"),
        pytest.param(
            SHARED_KEY, by(SECRET, settings=f"key={KEY},algorithm=HMAC_SHA1"), 403, id="key, SHA-1"
        ),
        pytest.param(
            SHARED_KEY,
            by(SECRET, "HMAC_SHA256", "key=Another,algorithm=HMAC_SHA256"),
            403,
            id="unknown key",
        ),
        pytest.param(
            SHARED_KEY, by(SECRET, "HMAC_SHA256", "algorithm=HMAC_SHA256"), 403, id="no key's name"
        ),
        pytest.param(SHARED_KEY, by(SECRET, "HMAC_SHA256"), 403, id="no header"),
        pytest.param(SHARED_KEY, by(SECRET, "HMAC_SHA256", ""), 403, id="empty header"),
        pytest.param(
            SHARED_KEY,
            by(SECRET, "HMAC_SHA256", f"key={KEY},algorithm=HMAC_SHA512"),
            403,
            id="unknown algorithm",
        ),
        pytest.param(SHARED_KEY, [*KEYS, (SIGNED_WITH, BY_KEY)], 403, id="the header twice"),
        pytest.param(SHARED_KEY, [*KEYS, KEYS[0]], 403, id="the signature twice"),
        pytest.param(SHARED_KEY, [(SIGNED_WITH, BY_KEY)], 403, id="no signature"),
        pytest.param(SHARED_KEY, by(TOKEN, "HMAC_SHA256", BY_KEY), 403, id="another secret"),
        pytest.param(MOVING, KEYS, 204, id="moving, key"),
        pytest.param(MOVING, TOKENS, 204, id="moving, token"),
        pytest.param(MOVING, SECONDARYS, 204, id="moving, secondary token"),
        pytest.param(MOVING, by(TOKEN, settings=BY_KEY), 403, id="moving, mixed up"),
    ],
)
async def test_the_policy_is_ours(
    changes: dict[str, object], headers: Headers, status: int
) -> None:
    """Whatever the request's own header says."""
    orders = OrdersInMemory()
    app = create_app(settings_of_gateway(**changes), orders)

    assert await sent(app, headers) == status
    assert orders.untouched


@pytest.mark.security("S1")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"twilio_auth_token": None}, "Set TWILIO_AUTH_TOKEN"),
        ({"twilio_auth_token": ""}, "Set TWILIO_AUTH_TOKEN"),
        ({"twilio_secondary_auth_token": ""}, "TWILIO_SECONDARY_AUTH_TOKEN is empty"),
        ({**SHARED_KEY, "twilio_webhook_key_secret": ""}, "TWILIO_WEBHOOK_KEY_SECRET is empty"),
        ({**SHARED_KEY, "twilio_webhook_key_secret": " "}, "TWILIO_WEBHOOK_KEY_SECRET is empty"),
        ({"twilio_webhook_key_sid": KEY}, "Set TWILIO_WEBHOOK_KEY_SECRET"),
        ({"twilio_webhook_key_secret": SECRET}, "Set TWILIO_WEBHOOK_KEY_SID"),
        ({**MOVING, "twilio_auth_token": None}, "Set TWILIO_AUTH_TOKEN"),
        ({**SHARED_KEY, "public_base_url": None}, "Set PUBLIC_BASE_URL"),
    ],
)
def test_half_a_secret_or_an_empty_one_does_not_start(
    changes: dict[str, object], said: str
) -> None:
    """The variable is named, its value is not."""
    with pytest.raises(SettingsError) as error:
        create_app(settings_of_gateway(**changes), OrdersInMemory())

    assert said in str(error.value)
    assert SECRET not in str(error.value)


@pytest.mark.security("S17")
def test_with_a_shared_key_the_token_is_not_needed() -> None:
    """And one that is there signs nothing."""
    for token in (None, TOKEN):
        webhook = Webhook.by_settings(settings_of_gateway(**SHARED_KEY, twilio_auth_token=token))

        assert webhook.auth_tokens == ()


@pytest.mark.security("S18")
def test_the_secrets_are_not_shown() -> None:
    """By repr, as a log or a traceback might."""
    shown = repr(Webhook.by_settings(settings_of_gateway(**MOVING)))

    assert KEY in shown
    assert not any(secret in shown for secret in (TOKEN, SECONDARY, SECRET))


@functools.cache
def gateway_of_examples() -> tuple[FastAPI, OrdersInMemory]:
    """One gateway for all examples: none of them may leave a trace in it."""
    orders = OrdersInMemory()
    return create_app(settings_of_gateway(**SHARED_KEY), orders), orders


def flipped(text: bytes, place: int, bit: int) -> bytes:
    """The text with one bit changed."""
    place %= len(text)
    return text[:place] + bytes([text[place] ^ (1 << bit)]) + text[place + 1 :]


@pytest.mark.fault("F22")
@pytest.mark.security("S1")
@settings(max_examples=60)
@given(place=st.integers(0, 1_000), bit=st.integers(0, 7))
async def test_any_flipped_bit_of_the_body_is_a_forgery(place: int, bit: int) -> None:
    """Unless it spells the same parameters."""
    app, orders = gateway_of_examples()
    body = flipped(FORM, place, bit)

    assume(parse_qsl(body.decode("latin-1")) != parse_qsl(FORM.decode()))  # %2b is %2B

    assert await sent(app, KEYS, body) == 403
    assert orders.untouched


@pytest.mark.fault("F22")
@pytest.mark.security("S1")
@settings(max_examples=60)
@given(place=st.integers(0, 1_000), bit=st.integers(0, 6))
async def test_any_flipped_bit_of_the_query_is_a_forgery(place: int, bit: int) -> None:
    """The URL is signed as it was sent, byte for byte."""
    app, orders = gateway_of_examples()
    query = flipped(FORM, place, bit).decode("ascii")
    assume(re.fullmatch(r"[!$-;=?-Z_a-z~]+", query))  # what a client sends as it is
    signature = sign(SECRET, f"{URL}?{FORM.decode()}", algorithm="HMAC_SHA256")
    headers = [(SIGNATURE, signature), (SIGNED_WITH, BY_KEY)]

    assert await sent(app, headers, b"", f"{PATH}?{query}", "GET") == 403
    assert orders.untouched


@pytest.mark.fault("F22")
@pytest.mark.security("S1")
@settings(max_examples=60)
@given(place=st.integers(0, 1_000), bit=st.integers(0, 6))
async def test_any_flipped_bit_of_the_signature_is_a_forgery(place: int, bit: int) -> None:
    """Every one counts."""
    app, orders = gateway_of_examples()
    signature = flipped(GENUINE.encode(), place, bit).decode("latin-1")

    assert await sent(app, [(SIGNATURE, signature), (SIGNED_WITH, BY_KEY)]) == 403
    assert orders.untouched


@pytest.mark.parametrize("by_key", [False, True], ids=["token", "key"])
@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("genuine", [True, False], ids=["genuine", "forged"])
async def test_what_the_simulator_signs_is_taken(
    *, by_key: bool, method: str, genuine: bool
) -> None:
    """From Twilio's side to the order: the whole way, by either kind of secret."""
    secrets = {"webhook_key": KEY, "webhook_secret": SECRET} if by_key else {}
    config = SimulatorConfig.model_validate(
        {"account_sid": "AC" + "1" * 32, "auth_token": TOKEN, **secrets}
    )
    request = outgoing(
        Delivery(
            "HR" + "a" * 32,
            NUMBER,
            "verified",
            method,
            URL,
            datetime(2026, 1, 1, tzinfo=UTC),
            genuine=genuine,
        ),
        config,
    )
    orders = OrdersInMemory()
    orders.open[NUMBER] = NewHostedNumberOrder.model_validate(ORDER)
    orders.statuses[NUMBER] = "pending-verification"
    app = create_app(settings_of_gateway(**(SHARED_KEY if by_key else TOKEN_ALONE)), orders)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as http:
        answer = await http.request(
            request.method, request.url, data=request.form or None, headers=request.headers
        )

    assert answer.status_code == (204 if genuine else 403)
    assert orders.hints == ([(NUMBER, OrderChanged(status="verified"))] if genuine else [])
