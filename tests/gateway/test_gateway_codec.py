"""The codec endpoint: who reads which payloads through the gateway, and what is told of it."""

import base64
import json
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from temporalio.api.common.v1 import Payload

from hosted_numbers import converter
from hosted_numbers.encryption.codec import ENCODING, KEY_ID, EncryptionCodec
from hosted_numbers.gateway import codec_routes
from hosted_numbers.gateway.app import create_app
from hosted_numbers.gateway.pages.passwords import hashed
from tests.gateway.codec import (
    DECODE,
    NAMESPACE,
    OLD,
    ORIGIN,
    SECRET,
    UI,
    asking,
    body_of,
    encrypted,
    gateway_that_decodes,
    values_of,
)
from tests.gateway.orders_in_memory import KEY, OrdersInMemory, settings_of_gateway

pytestmark = pytest.mark.security("S15")

PASSWORD = "correct horse battery"


@pytest.fixture
def app() -> FastAPI:
    """A gateway that decodes."""
    return gateway_that_decodes()


@pytest.fixture
def audited(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """The endpoint's lines in the log; nothing that was sent stands anywhere in it."""
    caplog.set_level(logging.INFO, "hosted_numbers")
    lines: list[str] = []

    class Audit(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage().partition(" [")[0])

    logger = logging.getLogger("hosted_numbers.gateway.codec_routes")
    logger.addHandler(handler := Audit())
    yield lines
    logger.removeHandler(handler)
    assert SECRET not in caplog.text
    assert base64.b64encode(SECRET.encode()).decode() not in caplog.text


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        pytest.param(DECODE, {}, id="path"),
        pytest.param(DECODE, NAMESPACE, id="both"),
        pytest.param("/codec/decode", NAMESPACE, id="header"),
        pytest.param("/codec/decode?preserveStorageRefs=true", NAMESPACE | ORIGIN, id="UI"),
    ],
)
@pytest.mark.parametrize("key", ["reader", KEY])
async def test_what_was_encrypted_is_read_again(
    app: FastAPI, path: str, headers: dict[str, str], key: str, audited: list[str]
) -> None:
    """With the scope, or as admin; one line says who read how much under which keys."""
    body = await encrypted({"email": SECRET}, "second")
    body["payloads"] += (await encrypted("third", key=OLD))["payloads"]
    async with asking(app, key) as http:
        answer = await http.post(path, json=body, headers=headers)

    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert await values_of(answer) == [{"email": SECRET}, "second", "third"]
    assert audited == [
        f"Decoding by api-key {key}, namespace default, 3 payloads, keys new, old: done"
    ]


async def test_what_was_not_encrypted_comes_as_it_is(app: FastAPI, audited: list[str]) -> None:
    """A signal from the command line, an order of an older release, nothing at all."""
    plain = await converter.DATA_CONVERTER.encode([{"code": "0471"}, None])
    async with asking(app) as http:
        answer = await http.post(DECODE, json=body_of(*plain))
        empty = await http.post(DECODE, json={"payloads": []})

    assert answer.json() == body_of(*plain)
    assert (empty.status_code, empty.json()) == (200, {})
    assert [line.rpartition(", ")[2] for line in audited] == ["keys none: done"] * 2


@pytest.mark.parametrize(
    ("path", "headers", "told"),
    [
        pytest.param("/codec/other/decode", {}, "other", id="path"),
        pytest.param("/codec/decode", {"X-Namespace": "other"}, "other", id="header"),
        pytest.param(DECODE, {"X-Namespace": "other"}, "default, other", id="header differs"),
        pytest.param("/codec/other/decode", NAMESPACE, "default, other", id="path differs"),
        pytest.param("/codec/decode", {}, "unnamed", id="none"),
        pytest.param("/codec/decode?namespace=default", {}, "unnamed", id="query"),
        pytest.param("/codec/a%0Ab/decode", {}, "(of no known form)", id="forged line"),
    ],
)
async def test_another_namespace_is_refused(
    app: FastAPI, path: str, headers: dict[str, str], told: str, audited: list[str]
) -> None:
    """403, and the refusal is logged by its namespace."""
    async with asking(app) as http:
        answer = await http.post(path, json=await encrypted(SECRET), headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (403, "foreign-namespace")
    assert audited == [
        f"Decoding by api-key reader, namespace {told}, 0 payloads, keys none: foreign-namespace"
    ]


async def test_a_key_without_the_scope_reads_nothing(
    app: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    """403 that names the scope."""
    async with asking(app, "shop") as http:
        answer = await http.post(DECODE, json=await encrypted(SECRET))

    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient-scope")
    assert "API key shop lacks the scope payloads:decode" in caplog.text


@pytest.mark.parametrize("path", [DECODE, "/codec/decode"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        ORIGIN,
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer a.b.c"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Basic {KEY}"},
        {"Cookie": "__Host-session=wrong"} | ORIGIN,
        {"Cookie": f"api_key={KEY}"},
    ],
    ids=lambda headers: " ".join(headers) or "nothing",
)
async def test_nobody_reads_who_is_not_known(
    app: FastAPI, path: str, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """401, and a line in the log; also in the query a key does not count."""
    async with asking(app, None) as http:
        answer = await http.post(
            path,
            json=await encrypted(SECRET),
            headers=NAMESPACE | headers,
            params={"api_key": KEY, "access_token": KEY},
        )

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert answer.json()["next_step"]
    assert any(
        words in caplog.text for words in ("nobody signed in", "No credentials", "An unknown API")
    )


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/codec/encode", "nothing-encodes"),
        ("/codec/default/encode", "nothing-encodes"),
        ("/codec/default", "not-found"),
        ("/codec/default/download", "not-found"),
    ],
)
async def test_there_is_no_way_to_encode(app: FastAPI, path: str, code: str) -> None:
    """404 with the way to go for whoever is known, 401 for others."""
    async with asking(app, KEY) as http:
        known = await http.post(path, json={"payloads": []}, headers=NAMESPACE)
        got = await http.get(DECODE)
    async with asking(app, None) as http:
        unknown = await http.post(path, json={"payloads": []}, headers=NAMESPACE)

    assert (known.status_code, known.json()["code"]) == (404, code)
    assert known.json()["next_step"]
    assert unknown.status_code == 401
    assert got.status_code == 405


@pytest.mark.parametrize("path", [DECODE, "/codec/decode"])
@pytest.mark.parametrize("headers", [{}, ORIGIN], ids=["program", "page"])
async def test_it_is_off_by_default(path: str, headers: dict[str, str]) -> None:
    """404 that says how to switch it on; no page is told that it may ask."""
    app = create_app(settings_of_gateway(), OrdersInMemory())
    async with asking(app, KEY) as http:
        answer = await http.post(path, json={"payloads": []}, headers=NAMESPACE | headers)
        preflight = await http.options(path, headers=preflighting(UI))

    assert (answer.status_code, answer.json()["code"]) == (404, "codec-endpoint-off")
    assert "HOSTED_NUMBERS_CODEC_ORIGINS" in answer.json()["next_step"]
    for each in (answer, preflight):
        assert not [name for name in each.headers if name.startswith("access-control")]


def preflighting(origin: str, headers: str = "content-type,x-namespace") -> dict[str, str]:
    """What a browser asks before it sends the request of a page."""
    return {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": headers,
    }


FOREIGN = [
    "https://canary.example.com",
    "http://127.0.0.1:8234",
    "https://127.0.0.1:8233",
    "http://127.0.0.1",
    "http://127.0.0.1:8233.canary.example.com",
    "http://localhost:8233",
    UI.upper(),
    f"{UI}/",
    "null",
    "*",
    "",
]


@pytest.mark.parametrize("origin", FOREIGN)
async def test_a_foreign_page_reads_nothing(
    app: FastAPI, origin: str, caplog: pytest.LogCaptureFixture
) -> None:
    """403 to its question and to its request, with any key; no header lets it read the answer."""
    async with asking(app, KEY) as http:
        answers = [
            await http.options(DECODE, headers=preflighting(origin)),
            await http.post(DECODE, json=await encrypted(SECRET), headers={"Origin": origin}),
            await http.post(
                DECODE, json={}, headers=[("Origin", UI), ("Origin", origin), *NAMESPACE.items()]
            ),
        ]

    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign-origin")
        assert not [name for name in answer.headers if name.startswith("access-control")]
    assert caplog.text.count("Decoding is refused: foreign origin") == 3


async def test_the_temporal_uis_page_may_ask(app: FastAPI) -> None:
    """Its preflight, which has no credentials, is answered; so is what it then sends."""
    wanted = "authorization,authorization-extras,content-type,x-namespace"
    async with asking(app, None) as http:
        preflight = await http.options("/codec/decode", headers=preflighting(UI, wanted))
        other = await http.options(DECODE, headers=preflighting(UI, "x-other"))
        put = preflighting(UI) | {"Access-Control-Request-Method": "PUT"}
        refused = await http.options(DECODE, headers=put)
        nobody = await http.post(DECODE, json={}, headers=ORIGIN)

    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-methods"] == "POST"
    allowed = preflight.headers["access-control-allow-headers"].lower().split(", ")
    assert set(wanted.split(",")) <= set(allowed)
    assert "*" not in allowed
    assert (other.status_code, refused.status_code) == (400, 400)
    assert nobody.status_code == 401
    for answer in (preflight, nobody):
        assert answer.headers["access-control-allow-origin"] == UI
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert "Origin" in answer.headers["vary"]


async def test_no_other_path_is_shared_with_the_page(app: FastAPI) -> None:
    """CORS is for the codec endpoint alone."""
    async with asking(app, KEY) as http:
        answers = [
            await http.get("/v1/hosted-number-orders", headers=ORIGIN),
            await http.options("/v1/hosted-number-orders", headers=preflighting(UI)),
            await http.get("/health/live", headers=ORIGIN),
        ]

    for answer in answers:
        assert not [name for name in answer.headers if name.startswith("access-control")]


async def signed_in(http: httpx.AsyncClient) -> None:
    """Sign the operator in, as a browser does."""
    http.headers.pop("Authorization", None)
    own = {"Origin": "http://gateway.test", "Sec-Fetch-Site": "same-origin"}
    answer = await http.post("/sign-in", data={"password": PASSWORD}, headers=own)
    assert answer.status_code == 303, answer.text


def gateway_of_an_operator() -> FastAPI:
    """A gateway with a password, which a client without TLS can keep the cookie of."""
    return gateway_that_decodes(
        hosted_numbers_operator_password_hash=hashed(PASSWORD),
        public_base_url="http://gateway.test",
    )


async def test_the_signed_in_operator_reads_in_the_temporal_ui(audited: list[str]) -> None:
    """By the session's cookie, which counts only with the exact origin of the Temporal UI."""
    body = await encrypted(SECRET)
    async with asking(gateway_of_an_operator()) as http:
        await signed_in(http)
        read = await http.post("/codec/decode", json=body, headers=NAMESPACE | ORIGIN)
        no_page = await http.post("/codec/decode", json=body, headers=NAMESPACE)
        foreign = await http.post(
            "/codec/decode", json=body, headers=NAMESPACE | {"Origin": "https://canary.example.com"}
        )
        own = await http.post(
            "/codec/decode", json=body, headers=NAMESPACE | {"Origin": "http://gateway.test"}
        )
        bad_key = await http.post(
            "/codec/decode", json=body, headers=NAMESPACE | ORIGIN | {"Authorization": "Bearer x"}
        )

    assert await values_of(read) == [SECRET]
    assert (no_page.status_code, bad_key.status_code) == (401, 401)
    assert (foreign.status_code, own.status_code) == (403, 403)
    assert audited == [
        "Decoding by operator operator, namespace default, 1 payloads, keys new: done"
    ]


async def test_reading_does_not_keep_an_operator_signed_in() -> None:
    """The Temporal UI asks by itself, whether its person is there or not."""
    app = gateway_of_an_operator()
    async with asking(app) as http:
        await signed_in(http)
        [session] = app.state.desk.sessions._by_key.values()
        used = session.used
        answer = await http.post(DECODE, json=await encrypted(SECRET), headers=ORIGIN)
        assert (answer.status_code, session.used) == (200, used)
        page = await http.get("/docs", headers={"Accept": "text/html"})

    assert page.status_code == 200
    assert session.used > used


@pytest.mark.parametrize(
    ("payload", "named"),
    [
        pytest.param({"namespace": "other"}, "key new", id="of another namespace"),
        pytest.param({"metadata": {KEY_ID: b"gone"}}, "key gone", id="of a key that is gone"),
        pytest.param({"metadata": {KEY_ID: b"old"}}, "key old", id="relabelled"),
        pytest.param({"metadata": {KEY_ID: b""}}, "of no known form", id="of no key"),
        pytest.param({"metadata": {KEY_ID: b"\n\xff"}}, "of no known form", id="of a forged key"),
        pytest.param({"data": b"short"}, "key new", id="cut"),
    ],
)
async def test_what_does_not_decrypt_is_refused_by_its_key(
    app: FastAPI, payload: dict[str, Any], named: str, audited: list[str]
) -> None:
    """422 that names the key and what to do; nothing of the other payloads is given away."""
    namespace = payload.get("namespace", "default")
    ring = converter.encrypting(codec_ring(), namespace)
    [good], [bad] = await ring.encode(["good"]), await ring.encode([SECRET])
    metadata = {**bad.metadata, **payload.get("metadata", {})}
    bad = Payload(metadata=metadata, data=payload.get("data", bad.data))
    async with asking(app) as http:
        answer = await http.post(DECODE, json=body_of(good, bad))

    assert (answer.status_code, answer.json()["code"]) == (422, "payload-not-decoded")
    assert named in answer.json()["detail"]
    assert answer.json()["next_step"]
    assert "payloads" not in answer.json()
    [line] = audited
    assert line.endswith("payload-not-decoded")
    assert "\n" not in line


def codec_ring() -> Any:
    """The gateway's own keys."""
    return gateway_that_decodes().state.codec_keys


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[1]",
        b"null",
        b'"payloads"',
        b'{"payloads": 1}',
        b'{"payloads": [null]}',
        b'{"payloads": [{"metadata": {"encoding": "not base64!"}}]}',
        b'{"payloads": [{"data": {}}]}',
        b'{"payloads": [], "more": 1}',
        b"[" * 100_000,
        b'{"payloads":' * 10_000,
    ],
    ids=lambda body: body[:30].decode("ascii", "replace") or "empty",
)
async def test_what_is_no_list_of_payloads_is_refused(
    app: FastAPI, body: bytes, audited: list[str]
) -> None:
    """400 with a next step, and a line in the log."""
    async with asking(app) as http:
        answer = await http.post(DECODE, content=body, headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (400, "payloads-unreadable")
    assert [line.rpartition(": ")[2] for line in audited] == ["payloads-unreadable"]


async def test_it_takes_json_alone(app: FastAPI) -> None:
    """What a form of another page can send without a preflight is none."""
    body = json.dumps(await encrypted(SECRET)).encode()
    async with asking(app) as http:
        for declared in ("text/plain", "application/x-www-form-urlencoded", ""):
            answer = await http.post(DECODE, content=body, headers={"Content-Type": declared})
            assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-media-type")


async def test_too_much_at_once_is_refused(app: FastAPI, audited: list[str]) -> None:
    """More bytes, or more payloads; the largest payload that Temporal takes is read."""
    largest = await encrypted("x" * 2_000_000)
    many = body_of(*[Payload(metadata={"encoding": ENCODING})] * (codec_routes.MOST_PAYLOADS + 1))
    async with asking(app) as http:
        read = await http.post(DECODE, json=largest)
        too_large = await http.post(
            DECODE,
            content=b" " * (codec_routes.BODY_BYTES + 1),
            headers={"Content-Type": "application/json"},
        )
        too_many = await http.post(DECODE, json=many)

    assert await values_of(read) == ["x" * 2_000_000]
    assert (too_large.status_code, too_large.json()["code"]) == (413, "body-too-large")
    assert too_large.headers["connection"] == "close"
    assert (too_many.status_code, too_many.json()["code"]) == (413, "too-many-payloads")
    assert [line.rpartition(": ")[2] for line in audited] == [
        "done",
        "body-too-large",
        "too-many-payloads",
    ]


async def test_it_has_a_rate(audited: list[str]) -> None:
    """429 for one caller, with the origin's header so that the page learns of it; others go on."""
    app = gateway_that_decodes(hosted_numbers_rate_limit_decodings="2/hour")
    body = await encrypted(SECRET)
    async with asking(app) as http, asking(app, KEY) as other:
        statuses = [(await http.post(DECODE, json=body)).status_code for _ in range(2)]
        limited = await http.post(DECODE, json=body, headers=ORIGIN)
        let_through = await other.post(DECODE, json=body)

    assert (statuses, let_through.status_code) == ([200, 200], 200)
    assert (limited.status_code, limited.json()["code"]) == (429, "rate-limited")
    assert int(limited.headers["retry-after"]) > 0
    assert limited.headers["access-control-allow-origin"] == UI
    assert audited[2].endswith("keys none: rate-limited")


async def test_a_fault_of_ours_is_told_of_too(
    app: FastAPI, audited: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line is written whatever happens."""

    async def fails(*_: object) -> list[Payload]:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(EncryptionCodec, "decode", fails)
    async with asking(app) as http:
        answer = await http.post(DECODE, json=await encrypted(SECRET))

    assert answer.status_code == 500
    assert audited == [
        "Decoding by api-key reader, namespace default, 1 payloads, keys new: failed"
    ]
