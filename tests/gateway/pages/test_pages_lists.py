"""The overview, a new order, the API's page."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from hosted_numbers.errors import InvalidRequestError
from hosted_numbers.gateway.app import create_app
from hosted_numbers.gateway.pages.pipeline import Pipeline
from hosted_numbers.problem_reports import Problem
from tests.gateway.orders_in_memory import NUMBER, ORDER
from tests.gateway.pages.desk import (
    ORDER_PAGE,
    Orders,
    browser,
    send,
    settings,
    sign_in,
    words,
)

OTHER = "+14155550123"


async def test_overview_shows_the_pipeline(operator: httpx.AsyncClient) -> None:
    """How many stand where and since when, what needs a person, the newest orders."""
    answer = await operator.get("/")
    said = words(answer)
    assert "1 Ready to verify oldest:" in said
    assert "0 Letter is out" in said
    assert 'href="/?open=true&amp;status=received#orders"' in answer.text
    assert f"What needs a person now 1 in all {NUMBER}" in said
    assert f'href="{ORDER_PAGE}"' in answer.text
    assert "Elm Books" in said


async def test_overview_of_nothing(orders: Orders, operator: httpx.AsyncClient) -> None:
    """It says so, and where to begin."""
    orders.open.clear()
    said = words(await operator.get("/"))
    assert "Nothing. Every open order goes on by itself." in said
    assert "There is no order yet. Start the first one." in said
    assert "No order is like that." in words(await operator.get("/?status=testing"))


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("", {"status": None, "waiting_for": None, "open_only": False}),
        ("q=&status=&waiting_for=&cursor=", {"status": None, "waiting_for": None}),
        ("status=received&open=true", {"status": "received", "open_only": True}),
        ("waiting_for=signature", {"waiting_for": "signature"}),
        ("q=501712&status=received", {"find": "501712"}),
    ],
)
async def test_orders_are_found(
    orders: Orders, operator: httpx.AsyncClient, query: str, asked: dict[str, Any]
) -> None:
    """By the form's fields; an empty one filters nothing."""
    assert (await operator.get(f"/?{query}")).status_code == 200
    assert any(each.items() >= asked.items() for each in orders.queries), orders.queries


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("waiting_for=godot", 422),
        ("status=" + "x" * 101, 422),
        ("cursor=forged", 422),
        ("unknown=1", 200),
    ],
)
async def test_senseless_filter_is_a_page(
    operator: httpx.AsyncClient, query: str, status: int
) -> None:
    """No error of the gateway's."""
    assert (await operator.get(f"/?{query}")).status_code == status


async def test_older_orders_are_a_link_away(orders: Orders, operator: httpx.AsyncClient) -> None:
    """It keeps the filters, and is good for them alone."""
    orders.lists.more = b"next"
    first = await operator.get("/?status=received&open=true")
    link = first.text.partition('class="button" href="/?status=')[2].partition('"')[0]
    link = "/?status=" + link.replace("&amp;", "&")
    assert (await operator.get(link)).status_code == 200
    assert any(each.get("cursor") == b"next" for each in orders.queries)
    other = await operator.get(link.replace("received", "testing"))
    assert other.status_code == 422
    assert "The cursor is none that was handed out" in words(other)
    assert "There are more." in words(await operator.get("/?q=501"))


async def test_hostile_search_stays_words(orders: Orders, operator: httpx.AsyncClient) -> None:
    """In the field, in the list, and where Temporal cannot take it."""
    orders.open[NUMBER] = orders.open[NUMBER].model_copy(update={"customer": "<script>x"})

    async def refused(*_: object) -> Any:
        raise InvalidRequestError("A filter holds no quotes.", "Leave it out.")

    answer = await operator.get("/", params={"q": '"><script>'})
    assert "<script>" not in answer.text
    assert "<script>x" in words(await operator.get("/"))
    orders.lists.find = refused  # type: ignore[method-assign,assignment] # what Temporal's rules refuse
    answer = await operator.get("/?q=%27")
    assert answer.status_code == 422
    assert "A filter holds no quotes. Leave it out." in words(answer)


@pytest.mark.fault("F44")
async def test_workflows_that_stand_still_are_told_first(
    orders: Orders, operator: httpx.AsyncClient, app: FastAPI
) -> None:
    """How many, some of them with the cause, and where the Temporal UI has them all."""
    assert "still: no worker" not in (await operator.get("/")).text
    problem = Problem(
        workflow_id=f"hosted-number-order/{NUMBER}",
        run_id="run-1",
        workflow_type="HostedNumberOrder",
        cause="The workers' <code> does not fit its history.",
        next_step="Roll the workers back.",
    )
    orders.problems.known = (problem,) * 7
    app.state.desk.pipeline._last = None  # or it is told as it was two seconds ago
    answer = await operator.get("/")
    assert "7 workflows stand still: no worker can go on with them." in words(answer)
    assert answer.text.count("Roll the workers back.") == 5
    assert "&lt;code&gt;" in answer.text
    assert "/workflows?query=TemporalReportedProblems+IS+NOT+NULL" in answer.text
    assert "/workflows/hosted-number-order%2F" in answer.text
    orders.problems.known = (problem,)
    app.state.desk.pipeline._last = None
    assert "1 workflow stands still: no worker can go on with it." in words(await operator.get("/"))


async def test_pipeline_is_counted_for_all_at_once(orders: Orders) -> None:
    """Many browsers ask Temporal no more often than one."""
    now = 0.0
    pipeline = Pipeline(clock=lambda: now)
    first = await pipeline.picture(orders)
    assert await pipeline.picture(orders) is first
    assert first.open == 1
    now = 2.5
    assert await pipeline.picture(orders) is not first
    assert [each for each in orders.queries if each.get("census")] == [{"census": True}] * 2


async def test_order_is_started(
    orders: Orders, operator: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Its page comes next; sent twice, it is the same order."""
    caplog.set_level(logging.INFO, "hosted_numbers")
    fields = {**ORDER, "phone_number": OTHER, "deadline_days": "10", "cc_emails": "a@example.com"}
    more = {"call_when": "asked", "supporting_documents": '[{"type": "business_registration"}]'}
    answer = await send(operator, "/new", **fields, **more)
    assert (answer.status_code, answer.headers["location"]) == (303, "/orders/%2B14155550123")
    assert "The order was started." in words(await operator.get(f"/orders/{OTHER}"))
    started = orders.open[OTHER]
    assert (started.deadline_days, started.call_when) == (10, "asked")
    assert started.cc_emails == ("a@example.com",)
    assert [each.type for each in started.supporting_documents] == ["business_registration"]
    await send(operator, "/new", **fields, **more)
    assert "open already" in words(await operator.get(f"/orders/{OTHER}"))
    for canary in (OTHER, "canary.example.com"):
        assert canary not in caplog.text


async def test_another_open_order_is_named(operator: httpx.AsyncClient) -> None:
    """409 with a link to it; what was typed stays."""
    answer = await send(operator, "/new", **(ORDER | {"contact_title": "Somebody else"}))
    assert answer.status_code == 409
    assert f'href="{ORDER_PAGE}"' in answer.text
    assert 'value="Somebody else"' in answer.text


async def test_mistyped_order_is_said_at_its_fields(
    orders: Orders, operator: httpx.AsyncClient
) -> None:
    """Each field with its sentence, the folded ones opened, a link to each at the top."""
    answer = await send(operator, "/new", phone_number="501", email="x", sms_url="nowhere")
    assert answer.status_code == 422
    assert 'href="#sms_url"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert "This is needed." in words(answer)
    assert 'value="501"' in answer.text
    assert answer.text.count('<details class="card" open>') == 1
    assert list(orders.open) == [NUMBER]


async def test_order_that_is_too_large_is_said(
    operator: httpx.AsyncClient, orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The words of the refusal, above the form."""

    async def refuse(*_: object, **__: object) -> Any:
        raise InvalidRequestError("This is larger than anything.", "Shorten it.")

    monkeypatch.setattr(orders, "start", refuse)
    answer = await send(operator, "/new", **ORDER)
    assert answer.status_code == 422
    assert "This is larger than anything. Shorten it." in words(answer)


@pytest.mark.security("S28")
async def test_orders_cannot_be_started_without_end(orders: Orders) -> None:
    """429 with the time to wait; what was typed stays."""
    app = create_app(settings(hosted_numbers_rate_limit_starts="1/minute"), orders)
    async with browser(app) as client:
        await sign_in(client)
        await send(client, "/new", **ORDER)
        answer = await send(client, "/new", **ORDER)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert f'value="{NUMBER}"' in answer.text


async def test_api_page_describes_every_operation(
    app: FastAPI, operator: httpx.AsyncClient
) -> None:
    """Fields, a curl line, answers; nothing is fetched from elsewhere."""
    answer = await operator.get("/docs")
    said = words(answer)
    for path, methods in app.openapi()["paths"].items():
        for method in methods:
            assert f"{method.upper()} {path}" in said
    assert 'curl -X POST "$GATEWAY/v1/hosted-number-orders" \\' in said
    assert "--data-binary @bill.pdf" in said
    assert '-H "Authorization: Bearer $KEY"' in said
    assert "phone_number required" in said
    sources = [each.split('"')[0] for each in answer.text.split('src="')[1:]]
    assert sources
    assert all(each.startswith("/static/") for each in sources)


async def test_moments_and_lengths_are_said() -> None:
    """Two units at most."""
    from hosted_numbers.gateway.pages import words as said  # noqa: PLC0415 - its name is taken

    assert said.duration(timedelta(days=1, hours=3, minutes=5)) == "1 day 3 h"
    assert said.duration(timedelta(seconds=-5)) == "0 s"
    assert said.left(datetime(2020, 1, 1, tzinfo=UTC)) == "time is up"
    assert said.machine(datetime(2026, 3, 2, tzinfo=UTC)) == "2026-03-02T00:00:00Z"
    assert said.status("quantum-review") == "quantum-review"
