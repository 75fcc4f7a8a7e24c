"""``Idempotency-Key``: carried out once, answered alike, and never for something else."""

import asyncio
import json

import httpx
import pytest
from fastapi import FastAPI

from hosted_numbers.errors import IdempotencyKeyReusedError, NoWorkerError
from hosted_numbers.gateway.app import create_app
from hosted_numbers.gateway.idempotency import IdempotencyMemory
from hosted_numbers.validation import NewHostedNumberOrder
from tests.documents.files import a_pdf
from tests.gateway.orders_in_memory import (
    NUMBER,
    ORDER,
    ORDERS,
    OrdersInMemory,
    backend,
    settings_of_gateway,
)
from tests.gateway.test_gateway_orders import assert_problem
from tests.gateway.test_gateway_scopes import entry

ONE = f"{ORDERS}/{NUMBER}"
OTHER = "+12125550120"
NAMED = {"Idempotency-Key": "7f9c24e8-3b0a-4a6e-8f39-0c6cf5e7d2b1"}
ACTS: list[tuple[str, object]] = [
    ("verification-code", {"code": "0471"}),
    ("verification-call", {}),
    ("amend", {"contact_title": "Director"}),
    ("resume", None),
    ("cancel", None),
    ("offboard", {"confirm": NUMBER}),
]


def begin(orders: OrdersInMemory, *numbers: str) -> None:
    """These numbers have orders."""
    for number in numbers:
        order = ORDER | {"phone_number": number}
        orders.open[number] = NewHostedNumberOrder.model_validate(order)


@pytest.mark.fault("F04")
async def test_a_start_sent_again_is_answered_as_the_first_time(http: httpx.AsyncClient) -> None:
    """201 and the same body, also from a gateway that was started meanwhile."""
    first = await http.post(ORDERS, json=ORDER, headers=NAMED)
    again = await http.post(ORDERS, json=ORDER, headers=NAMED)
    without = await http.post(ORDERS, json=ORDER)

    assert (first.status_code, again.status_code, without.status_code) == (201, 201, 200)
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in without.headers


@pytest.mark.fault("F04")
async def test_a_start_is_known_to_another_process(orders: OrdersInMemory) -> None:
    """What its own memory forgot, Temporal knows: the replay, and the reuse for another order."""
    async with backend(create_app(settings_of_gateway(), orders)) as http:
        first = await http.post(ORDERS, json=ORDER, headers=NAMED)
    async with backend(create_app(settings_of_gateway(), orders)) as http:
        again = await http.post(ORDERS, json=ORDER, headers=NAMED)
    async with backend(create_app(settings_of_gateway(), orders)) as http:
        other = await http.post(ORDERS, json=ORDER | {"contact_title": "CFO"}, headers=NAMED)

    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert_problem(other, 422, "idempotency-key-reused")


@pytest.mark.parametrize(("act", "body"), ACTS)
async def test_an_act_sent_again_is_taken_once(
    http: httpx.AsyncClient, orders: OrdersInMemory, act: str, body: object
) -> None:
    """Both get the same answer; the second says that it is a replay."""
    begin(orders, NUMBER)

    answers = [await http.post(f"{ONE}/{act}", json=body, headers=NAMED) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert ["idempotency-replayed" in answer.headers for answer in answers] == [False, True]
    assert len(orders.acts) == 1


async def test_a_file_sent_again_is_taken_once(
    http: httpx.AsyncClient, orders: OrdersInMemory
) -> None:
    """The file is not part of what the key names; what it is for is."""
    begin(orders, NUMBER)
    headers = NAMED | {"Content-Type": "application/pdf"}

    answers = [
        await http.post(f"{ONE}/documents", content=a_pdf(pages), headers=headers)
        for pages in (1, 2)
    ]
    other = await http.post(
        f"{ONE}/documents?type=business_registration", content=a_pdf(), headers=headers
    )

    assert [answer.status_code for answer in answers] == [200, 200]
    assert len(orders.acts) == 1
    assert_problem(other, 422, "idempotency-key-reused")


async def test_two_at_once_get_the_same_answer(
    http: httpx.AsyncClient, orders: OrdersInMemory
) -> None:
    """A key in flight twice is one act."""
    begin(orders, NUMBER)

    answers = await asyncio.gather(*(http.post(f"{ONE}/cancel", headers=NAMED) for _ in range(4)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert len(orders.acts) == 1


def test_a_key_in_flight_is_not_for_something_else() -> None:
    """Before the first request is answered, its key is taken."""
    memory = IdempotencyMemory()
    with memory.using("key", "a"):
        with memory.using("key", "a") as replayed:
            assert not replayed
        with pytest.raises(IdempotencyKeyReusedError), memory.using("key", "b"):
            raise AssertionError


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"{ONE}/verification-code", {"code": "0472"}),
        (f"{ORDERS}/{OTHER}/verification-code", {"code": "0471"}),
        (f"{ONE}/cancel", None),
        (ORDERS, ORDER),
        (f"{ONE}/verification-code?x=1", {"code": "0471"}),
    ],
)
async def test_a_key_used_for_something_else_is_refused(
    http: httpx.AsyncClient, orders: OrdersInMemory, path: str, body: object
) -> None:
    """422 with the next step; another body, number, act or query is another request."""
    begin(orders, NUMBER, OTHER)
    await http.post(f"{ONE}/verification-code", json={"code": "0471"}, headers=NAMED)

    answer = await http.post(path, json=body, headers=NAMED)

    assert_problem(answer, 422, "idempotency-key-reused")
    assert len(orders.acts) == 1


async def test_what_was_refused_may_be_mended_under_its_key(
    http: httpx.AsyncClient, orders: OrdersInMemory
) -> None:
    """A problem is not remembered, whoever found it."""
    begin(orders, NUMBER)
    wrong = await http.post(f"{ONE}/verification-code", json={"code": "x"}, headers=NAMED)
    orders.failure = NoWorkerError("No worker.", "Start one.")
    away = await http.post(f"{ONE}/verification-code", json={"code": "0470"}, headers=NAMED)
    orders.failure = None

    right = await http.post(f"{ONE}/verification-code", json={"code": "0471"}, headers=NAMED)

    assert [each.status_code for each in (wrong, away, right)] == [422, 503, 200]
    assert "idempotency-replayed" not in right.headers


async def test_two_callers_never_share_a_key(orders: OrdersInMemory) -> None:
    """The same word of another caller names another request."""
    begin(orders, NUMBER)
    keys = json.dumps([entry("first"), entry("second")])
    app = create_app(settings_of_gateway(hosted_numbers_api_keys=keys), orders)

    for name in ("first", "second"):
        async with backend(app, name) as http:
            answer = await http.post(f"{ONE}/resume", headers=NAMED)
            assert "idempotency-replayed" not in answer.headers

    assert len(orders.acts) == 2


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "k\u00e9y", "tab\there"])
async def test_a_malformed_key_is_refused(
    http: httpx.AsyncClient, orders: OrdersInMemory, key: str
) -> None:
    """422 that says what a key is; nothing is done."""
    begin(orders, NUMBER)

    answer = await http.post(f"{ONE}/cancel", headers={b"Idempotency-Key": key.encode()})

    assert_problem(answer, 422, "invalid-request")
    [error] = answer.json()["errors"]
    assert error["field"] == "Idempotency-Key"
    assert "1 to 255 visible ASCII" in error["message"]
    assert orders.acts == []


@pytest.mark.parametrize("key", ["x", "x" * 255, '"8e03978e-40d5-43dd-bc93-6894a57f9324"', "~!"])
async def test_any_visible_word_is_a_key(
    http: httpx.AsyncClient, orders: OrdersInMemory, key: str
) -> None:
    """Quoted as the IETF's draft has it, or bare as Stripe does."""
    begin(orders, NUMBER)

    answer = await http.post(f"{ONE}/cancel", headers={"Idempotency-Key": key})

    assert answer.status_code == 200


def test_the_memory_is_bounded(app: FastAPI) -> None:
    """Ten thousand keys and 24 hours; the oldest go first."""
    now = 0.0
    memory = IdempotencyMemory(clock=lambda: now)
    for number in range(10_050):
        with memory.using(f"key-{number}", "a") as replayed:
            assert not replayed
    assert len(memory) == 10_000
    with pytest.raises(IdempotencyKeyReusedError), memory.using("key-10049", "b"):
        raise AssertionError
    now = 24 * 3600 + 1.0
    with memory.using("key-10049", "b") as replayed:
        assert not replayed
    assert len(memory) == 1
    assert isinstance(app.state.idempotency, IdempotencyMemory)


def test_a_failed_use_does_not_forget_one_that_is_under_way() -> None:
    """Of two at once the first fails; the key stays with the second."""
    memory = IdempotencyMemory()
    with memory.using("key", "a"):
        with pytest.raises(ZeroDivisionError), memory.using("key", "a"):
            raise ZeroDivisionError
        assert len(memory) == 1
    with memory.using("key", "a") as replayed:
        assert replayed
