"""The orders over HTTP: what each route does, and what bad input gets."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from hosted_numbers.contract import Amendment, VerificationCallRequest, VerificationCodeEntry
from hosted_numbers.errors import (
    DecryptionError,
    HostedNumbersError,
    InvalidRequestError,
    NoWorkerError,
    OrderEndedError,
    RefusedError,
    SettingsError,
    TemporalUnavailableError,
    UnknownEncryptionKeyError,
)
from tests.gateway.orders_in_memory import NUMBER, ORDER, ORDERS, OrdersInMemory

ONE = f"{ORDERS}/{NUMBER}"
LINKS = {
    "self": ONE,
    "events": f"{ONE}/events",
    "page": "https://numbers.example.com/orders/%2B15017122661",
    "temporal_ui": "http://127.0.0.1:8233/namespaces/default/workflows/"
    "hosted-number-order%2F%2B15017122661",
}


async def test_a_new_order_is_created_with_its_location(http: httpx.AsyncClient) -> None:
    """201, Location, and where to look next."""
    answer = await http.post(ORDERS, json=ORDER)

    assert answer.status_code == 201
    assert answer.headers["location"] == ONE
    assert answer.json() == {
        "phone_number": NUMBER,
        "workflow_id": f"hosted-number-order/{NUMBER}",
        "run_id": "run-1",
        "links": LINKS,
    }


async def test_the_same_order_again_gets_the_same_answer(http: httpx.AsyncClient) -> None:
    """200 with the same body: a backend that lost the first answer just asks again."""
    first = await http.post(ORDERS, json=ORDER)

    again = await http.post(ORDERS, json=ORDER)

    assert again.status_code == 200
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]


async def test_another_open_order_for_the_number_is_named(http: httpx.AsyncClient) -> None:
    """409 with the open order's number and workflow id."""
    await http.post(ORDERS, json=ORDER)

    answer = await http.post(ORDERS, json=ORDER | {"contact_title": "Another"})

    assert answer.status_code == 409
    problem = answer.json()
    assert problem["code"] == "order-already-open"
    assert problem["phone_number"] == NUMBER
    assert problem["workflow_id"] == f"hosted-number-order/{NUMBER}"


@pytest.mark.parametrize("number", [NUMBER, NUMBER.replace("+", "%2B")])
async def test_progress_is_the_workflows_own_with_links(
    http: httpx.AsyncClient, number: str
) -> None:
    """The number may be percent-encoded or not."""
    await http.post(ORDERS, json=ORDER)

    answer = await http.get(f"{ORDERS}/{number}")

    assert answer.status_code == 200
    progress = answer.json()
    assert progress["waiting_for"] == "verification-code"
    assert progress["verification_code"] == "0471"
    assert progress["links"] == LINKS


ACTS: list[tuple[str, object, object]] = [
    ("verification-code", {"code": "0471"}, ("code", VerificationCodeEntry(code="0471"))),
    ("verification-call", None, ("call", VerificationCallRequest())),
    ("verification-call", {}, ("call", VerificationCallRequest())),
    ("verification-call", {"extension": "w1#"}, ("call", VerificationCallRequest(extension="w1#"))),
    ("amend", {"contact_title": "CFO"}, ("amend", Amendment(contact_title="CFO"))),
]


@pytest.mark.parametrize(("path", "body", "passed_on"), ACTS)
async def test_an_act_is_passed_on_and_answered(
    http: httpx.AsyncClient,
    orders: OrdersInMemory,
    path: str,
    body: object,
    passed_on: tuple[str, Any],
) -> None:
    """What the caller sent reaches the order as it is."""
    await http.post(ORDERS, json=ORDER)

    answer = await http.post(f"{ONE}/{path}", json=body)

    assert answer.status_code == 200
    assert answer.json()["taken"] is True
    [(name, number, message)] = orders.acts
    assert (name, number) == (passed_on[0], NUMBER)
    assert message.model_dump() == passed_on[1].model_dump()


@pytest.mark.parametrize("act", ["resume", "cancel"])
@pytest.mark.parametrize("content", [b"", b"{}"])
async def test_an_act_without_words_needs_no_body(
    http: httpx.AsyncClient, orders: OrdersInMemory, act: str, content: bytes
) -> None:
    """Resume and cancel take no field."""
    await http.post(ORDERS, json=ORDER)

    answer = await http.post(
        f"{ONE}/{act}", content=content, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 200
    assert [name for name, _, _ in orders.acts] == [act]


async def test_the_list_passes_its_filters_on(
    http: httpx.AsyncClient, orders: OrdersInMemory
) -> None:
    """Every filter reaches the query; a row has its links."""
    await http.post(ORDERS, json=ORDER | {"customer": "customer-4711"})

    answer = await http.get(
        ORDERS,
        params={
            "status": "received",
            "waiting_for": "signature",
            "customer": "customer-4711",
            "open": "true",
            "page_size": "7",
        },
    )

    assert answer.status_code == 200
    assert orders.queries == [
        {
            "status": "received",
            "waiting_for": "signature",
            "customer": "customer-4711",
            "open_only": True,
            "page_size": 7,
            "cursor": None,
        }
    ]
    [row] = answer.json()["orders"]
    assert row["phone_number"] == NUMBER
    assert row["started_at"] == "2026-01-02T03:04:05Z"
    assert row["links"] == LINKS
    assert answer.json()["next_cursor"] is None


async def test_the_cursor_of_a_page_leads_to_the_next(
    http: httpx.AsyncClient, orders: OrdersInMemory
) -> None:
    """Any bytes come back as they were; the text is safe in a URL."""
    orders.lists.more = bytes(range(256))
    cursor = (await http.get(f"{ORDERS}?status=received")).json()["next_cursor"]

    await http.get(f"{ORDERS}?status=received&page_size=3&cursor={cursor}")

    assert orders.queries[-1]["cursor"] == orders.lists.more
    assert not set(cursor) & set("+/=&? ")


async def test_a_cursor_is_good_for_its_own_list_alone(
    http: httpx.AsyncClient, orders: OrdersInMemory
) -> None:
    """Mangled, or sent with other filters: 422, and Temporal is not asked."""
    orders.lists.more = b"token"
    cursor = (await http.get(f"{ORDERS}?status=received")).json()["next_cursor"]
    orders.queries.clear()

    for query in (
        f"status=failed&cursor={cursor}",
        f"cursor={cursor}",
        f"status=received&cursor={cursor[:-1]}",
        f"status=received&cursor={cursor[4:]}",
        f"status=received&cursor={cursor}AAAA",
    ):
        assert_problem(await http.get(f"{ORDERS}?{query}"), 422, "invalid-request")

    assert orders.untouched


BAD_ORDERS: list[tuple[dict[str, object], str]] = [
    ({"phone_number": "5017122661"}, "phone_number"),
    ({"phone_number": "+442079460000"}, "phone_number"),
    ({"phone_number": "+1 501 712 2661"}, "phone_number"),
    ({"phone_number": 15017122661}, "phone_number"),
    ({"email": "owner.canary.example.com"}, "email"),
    ({"cc_emails": ["canary"]}, "cc_emails.0"),
    ({"sms_url": "canary"}, "sms_url"),
    ({"sms_fallback_url": "ftp://canary.example.com"}, "sms_fallback_url"),
    ({"sms_method": "CANARY"}, "sms_method"),
    ({"address_sid": "AC" + "1" * 32}, "address_sid"),
    ({"address_sid": None}, "address_sid"),
    ({"extension": "canary"}, "extension"),
    ({"call_delay": 61}, "call_delay"),
    ({"deadline_days": 0}, "deadline_days"),
    ({"contact_phone_number": "canary"}, "contact_phone_number"),
    ({"phonenumber": "+15017122661"}, "phonenumber"),
    ({"verification_type": "canary"}, "verification_type"),
    ({"friendly_name": "3" * 65}, "friendly_name"),
    ({"customer": ""}, "customer"),
]


@pytest.mark.parametrize(("change", "field"), BAD_ORDERS)
async def test_a_malformed_order_starts_nothing(
    http: httpx.AsyncClient, orders: OrdersInMemory, change: dict[str, object], field: str
) -> None:
    """422 that names the field and the next step, and never what was sent."""
    answer = await http.post(ORDERS, json=ORDER | change)

    assert_problem(answer, 422, "invalid-request")
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert "canary" not in answer.text.lower()
    assert orders.untouched


async def test_a_missing_field_is_named(http: httpx.AsyncClient, orders: OrdersInMemory) -> None:
    """Each one that is missing, at once."""
    answer = await http.post(ORDERS, json={"phone_number": NUMBER})

    assert_problem(answer, 422, "invalid-request")
    assert {error["field"] for error in answer.json()["errors"]} == {
        "email",
        "address_sid",
        "contact_title",
        "contact_phone_number",
    }
    assert orders.untouched


BAD_ACTS = [
    ("verification-code", {"code": "123"}),
    ("verification-code", {"code": "12345678901"}),
    ("verification-code", {"code": "12a4"}),
    ("verification-code", {"code": " 1234"}),
    ("verification-code", {"code": "1234\n"}),
    ("verification-code", {"code": "\u0661\u0662\u0663\u0664"}),
    ("verification-code", {"code": 1234}),
    ("verification-code", {}),
    ("verification-code", {"code": "1234", "order": "x"}),
    ("verification-call", {"extension": ""}),
    ("verification-call", {"call_delay": -1}),
    ("amend", {}),
    ("amend", {"phone_number": NUMBER}),
    ("amend", {"email": "nobody"}),
    ("resume", {"force": True}),
    ("cancel", {"force": True}),
    ("cancel", [1]),
]


@pytest.mark.parametrize(("path", "body"), BAD_ACTS)
async def test_a_malformed_act_changes_nothing(
    http: httpx.AsyncClient, orders: OrdersInMemory, path: str, body: object
) -> None:
    """422 with the next step; the order hears nothing of it."""
    await http.post(ORDERS, json=ORDER)

    answer = await http.post(f"{ONE}/{path}", json=body)

    assert_problem(answer, 422, "invalid-request")
    assert orders.acts == []


OF_ONE_ORDER: list[tuple[str, object]] = [
    ("", None),
    ("/verification-code", {"code": "1234"}),
    ("/verification-call", None),
    ("/amend", {"contact_title": "CFO"}),
    ("/resume", None),
    ("/cancel", None),
]


@pytest.mark.parametrize(
    "number", ["15017122661", "+1501", "hosted", "+1501712266x", "+999123456789", "%FF", "+1%0A5"]
)
@pytest.mark.parametrize(("act", "body"), OF_ONE_ORDER)
async def test_a_path_with_anything_but_a_number_is_refused(
    http: httpx.AsyncClient, orders: OrdersInMemory, number: str, act: str, body: object
) -> None:
    """422 on every route that names an order."""
    answer = await http.request("POST" if act else "GET", f"{ORDERS}/{number}{act}", json=body)

    assert_problem(answer, 422, "invalid-request")
    assert answer.json()["errors"][0]["field"] == "phone_number"
    assert orders.untouched


@pytest.mark.parametrize(
    "query",
    [
        "waiting_for=godot",
        "page_size=0",
        "page_size=1001",
        "open=perhaps",
        "statuss=received",
        "cursor=%2A",
        "cursor=",
        "cursor=a",
        "cursor=%C3%A9",
    ],
)
async def test_a_malformed_list_query_is_refused(
    http: httpx.AsyncClient, orders: OrdersInMemory, query: str
) -> None:
    """An unknown filter too: ignored, it would list what was not asked for."""
    answer = await http.get(f"{ORDERS}?{query}")

    assert_problem(answer, 422, "invalid-request")
    assert orders.untouched


@pytest.mark.parametrize("content", [b'{"phone_number": ', b"\xff\xfe", b"[" * 60_000])
async def test_a_body_that_is_not_json_is_refused(
    http: httpx.AsyncClient, orders: OrdersInMemory, content: bytes
) -> None:
    """400, and nothing started."""
    answer = await http.post(ORDERS, content=content, headers={"Content-Type": "application/json"})

    assert_problem(answer, 400, "malformed-json")
    assert orders.untouched


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b'{"email": "\\ud800"}'])
async def test_a_body_that_is_no_order_is_refused(
    http: httpx.AsyncClient, orders: OrdersInMemory, content: bytes
) -> None:
    """422, and nothing started."""
    answer = await http.post(ORDERS, content=content, headers={"Content-Type": "application/json"})

    assert_problem(answer, 422, "invalid-request")
    assert orders.untouched


@pytest.mark.parametrize("declared", ["application/x-www-form-urlencoded", "text/plain", ""])
async def test_a_body_of_another_type_is_refused(
    http: httpx.AsyncClient, orders: OrdersInMemory, declared: str
) -> None:
    """415, and nothing started."""
    answer = await http.post(ORDERS, content=b"{}", headers={"Content-Type": declared})

    assert_problem(answer, 415, "unsupported-media-type")
    assert orders.untouched


@pytest.mark.parametrize(("path", "body"), OF_ONE_ORDER)
async def test_an_unknown_order_is_answered_404(
    http: httpx.AsyncClient, path: str, body: object
) -> None:
    """On every route that names an order."""
    answer = await http.request("POST" if path else "GET", ONE + path, json=body)

    assert_problem(answer, 404, "order-not-found")


FAILURES: list[tuple[HostedNumbersError, int, str]] = [
    (InvalidRequestError("No.", "Mend it."), 422, "invalid-request"),
    (RefusedError("No code is asked for.", "Wait."), 409, "refused"),
    (OrderEndedError("It ended.", "Start a new one."), 409, "order-ended"),
    (NoWorkerError("No worker.", "Start one."), 503, "no-worker"),
    (TemporalUnavailableError("No Temporal.", "Try again."), 503, "temporal-unavailable"),
]


@pytest.mark.parametrize(("failure", "status", "code"), FAILURES)
async def test_an_error_is_answered_with_its_reason_and_next_step(
    http: httpx.AsyncClient,
    orders: OrdersInMemory,
    failure: HostedNumbersError,
    status: int,
    code: str,
) -> None:
    """The words are the error's own; 503 says when to try again."""
    orders.failure = failure

    answer = await http.post(f"{ONE}/verification-code", json={"code": "1234"})

    assert_problem(answer, status, code)
    assert answer.json()["detail"] == failure.reason
    assert answer.json()["next_step"] == failure.next_step
    assert ("retry-after" in answer.headers) is (status == 503)


@pytest.mark.parametrize(
    "failure", [RuntimeError("canary"), SettingsError("canary", "canary"), KeyError("canary")]
)
async def test_an_error_that_nobody_foresaw_tells_nothing_of_itself(
    http: httpx.AsyncClient,
    orders: OrdersInMemory,
    failure: Exception,
    caplog: pytest.LogCaptureFixture,
    lines: Callable[[], list[dict[str, Any]]],
) -> None:
    """500 as a problem; neither the answer nor the log holds the exception's text."""
    orders.failure = failure

    answer = await http.post(ORDERS, json=ORDER, headers={"X-Correlation-Id": "call-17"})

    assert_problem(answer, 500, "unexpected")
    assert answer.json()["correlation_id"] == "call-17"
    assert "canary" not in answer.text + caplog.text
    [unexpected] = [each for each in lines() if each["level"] == "error"]
    assert unexpected["correlation_id"] == "call-17"
    assert unexpected["error"].startswith(type(failure).__name__)
    assert "orders_in_memory" in unexpected["place"]


def assert_problem(answer: httpx.Response, status: int, code: str) -> None:
    """The answer is a problem of RFC 9457 with a next step."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["type"].endswith(code)
    assert problem["title"]
    assert problem["detail"]
    assert problem["next_step"]
    assert problem["correlation_id"] == answer.headers["x-correlation-id"]


@pytest.mark.fault("F47")
@pytest.mark.parametrize("failure", [UnknownEncryptionKeyError, DecryptionError])
async def test_an_order_that_cannot_be_read_is_no_error_of_the_gateway(
    http: httpx.AsyncClient, orders: OrdersInMemory, failure: type[DecryptionError]
) -> None:
    """503 with the id of the key, which is no secret, and what to do; it may be asked again."""
    orders.failure = failure("20260501-0a1b2c3d")

    answer = await http.get(ONE)

    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    problem = answer.json()
    assert problem["code"] == failure.code
    assert "20260501-0a1b2c3d" in problem["detail"]
    assert problem["next_step"]
