"""The page of one order, and the forms that act on it."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from hosted_numbers.contract import Answer, SupportingDocumentProgress, TimelineEntry
from hosted_numbers.errors import (
    HostedNumbersError,
    NoWorkerError,
    OrderEndedError,
    RefusedError,
    TemporalUnavailableError,
)
from tests.gateway.orders_in_memory import NUMBER
from tests.gateway.pages.desk import ORDER_PAGE, Orders, send, sign_in, words

SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=9)
BEGUN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOSTILE = "<script>alert('x')</script>"


def primary(answer: httpx.Response) -> str:
    """The form that is shown as the one that acts now."""
    part = answer.text.partition('id="primary"')[2].partition('id="others"')[0]
    return part.partition('id="primary-title">')[2].partition("<")[0]


async def test_order_is_shown_whole(orders: Orders, operator: httpx.AsyncClient) -> None:
    """Where it stands, why, what comes next, until when; the code, the papers, the links."""
    orders.stands = {
        "status": "pending-verification",
        "deadline": SOON,
        "sid": "HR" + "1" * 32,
        "document_sid": "RI" + "2" * 32,
        "authorization_document_sid": "PX" + "3" * 32,
        "previous_run_id": "run-before",
        "next_step": f"Enter the code that was heard (hosted-numbers order code {NUMBER}).",
        "supporting_documents": (
            SupportingDocumentProgress(type="business_registration", reason="It is blurred."),
        ),
        "timeline": (
            TimelineEntry(at=BEGUN, what="The order was taken."),
            TimelineEntry(at=BEGUN, what="Twilio can host the number."),
        ),
    }
    answer = await operator.get(ORDER_PAGE)
    said = words(answer)
    for each in (
        "It waits for the code.",
        "Enter the code that was heard.",
        "0471",
        "s left",
        "Being verified pending-verification",
        "HR" + "1" * 32,
        "RI" + "2" * 32,
        "PX" + "3" * 32,
        "Business registration not handed in It is blurred.",
        "02 Mar 2026, 09:00 UTC The order was taken.",
    ):
        assert each in said, said
    assert "hosted-numbers order code" not in said
    workflow = f"workflows/hosted-number-order%2F%2B{NUMBER[1:]}"
    assert f'{workflow}"' in answer.text
    assert f'{workflow}/run-before"' in answer.text
    assert f'data-events="{ORDER_PAGE}/events"' in answer.text
    told = (await operator.get(f"{ORDER_PAGE}/progress.json")).json()
    assert told["verification_code"] == "0471"


@pytest.mark.parametrize(
    ("stands", "act"),
    [
        ({"waiting_for": "verification-code"}, "Enter the code"),
        ({"waiting_for": "verification-call"}, "Have the number called"),
        ({"waiting_for": "document"}, "Hand in a document"),
        ({"waiting_for": "operator"}, "Let it go on"),
        (
            {"waiting_for": "operator", "status": "received", "attempts_left": 0},
            "Hand in a document",
        ),
        ({"waiting_for": "operator", "status": "action-required"}, ""),
        ({"waiting_for": "signature"}, ""),
        ({"waiting_for": "nothing", "phase": "failed"}, ""),
    ],
)
async def test_form_that_acts_now_comes_first(
    orders: Orders, operator: httpx.AsyncClient, stands: dict[str, Any], act: str
) -> None:
    """By what the order waits for; where nobody of ours can act, there is none."""
    orders.stands = stands
    assert primary(await operator.get(ORDER_PAGE)) == act


@pytest.mark.parametrize(
    ("stands", "offered"),
    [
        ({"status": "pending-verification"}, ["call", "document", "amend", "cancel"]),
        ({"status": None, "waiting_for": "nothing"}, ["amend", "cancel"]),
        ({"status": "testing", "waiting_for": "carrier"}, ["amend"]),
        ({"waiting_for": "operator", "status": "pending-loa"}, ["amend", "cancel"]),
        (
            {"waiting_for": "operator", "status": "action-required"},
            ["document", "resume", "amend"],
        ),
        ({"phase": "completed", "status": "completed", "waiting_for": "nothing"}, ["offboard"]),
        ({"phase": "cancelled", "waiting_for": "nothing"}, []),
    ],
)
async def test_what_else_can_be_done_is_folded(
    orders: Orders, operator: httpx.AsyncClient, stands: dict[str, Any], offered: list[str]
) -> None:
    """Only what the order might take."""
    orders.stands = stands
    text = (await operator.get(ORDER_PAGE)).text
    acts = ("code", "call", "document", "resume", "amend", "cancel", "offboard")
    assert [act for act in acts if f'id="act-{act}"' in text] == offered


@pytest.mark.parametrize(
    ("path", "fields", "kept"),
    [
        ("code", {"code": " 0471 "}, ("code", {"code": "0471"})),
        ("call", {}, ("call", {"extension": None, "call_delay": None})),
        ("call", {"extension": "ww1", "call_delay": "5"}, ("call", {"call_delay": 5})),
        (
            "amend",
            {
                "email": "new@example.com",
                "cc_emails": "a@example.com\nb@example.com, c@example.com",
            },
            (
                "amend",
                {
                    "email": "new@example.com",
                    "cc_emails": ("a@example.com", "b@example.com", "c@example.com"),
                },
            ),
        ),
        ("resume", {}, ("resume", {})),
        ("cancel", {}, ("cancel", {})),
        ("offboard", {"confirm": NUMBER}, ("offboard", {})),
    ],
)
async def test_act_is_carried_out_and_told_once(
    orders: Orders,
    operator: httpx.AsyncClient,
    path: str,
    fields: dict[str, str],
    kept: tuple[str, dict[str, Any]],
) -> None:
    """The form leads back to the order, which tells what came of it and then no more."""
    answer = await send(operator, f"{ORDER_PAGE}/{path}", **fields)
    assert (answer.status_code, answer.headers["location"]) == (303, ORDER_PAGE)
    [(name, number, message)] = orders.acts
    assert (name, number) == (kept[0], NUMBER)
    assert message.model_dump().items() >= kept[1].items()
    by_itself = await operator.get(ORDER_PAGE, headers={"X-Live": "1"})
    assert f"{kept[0]} taken." not in by_itself.text
    assert f"{kept[0]} taken. Wait." in words(await operator.get(ORDER_PAGE))
    assert f"{kept[0]} taken." not in (await operator.get(ORDER_PAGE)).text


@pytest.mark.parametrize(
    ("path", "fields", "said"),
    [
        ("code", {"code": "12a4"}, "A verification code is 4 to 10 digits and nothing else."),
        ("code", {}, "This is needed."),
        ("call", {"extension": "x"}, "An extension is digits"),
        ("amend", {}, "Name at least one field to change."),
        ("amend", {"email": "nonsense"}, "value is not a valid email address"),
        ("amend", {"supporting_documents": "{"}, "This cannot be read as JSON."),
        ("amend", {"supporting_documents": "[" * 5_000}, "This cannot be read as JSON."),
        (
            "amend",
            {"supporting_documents": "{", "email": "a@example.com"},
            "This cannot be read as JSON.",
        ),
        ("offboard", {"confirm": "+12125550199"}, "That is another number than this order's."),
        ("documents", {"type": "utility_bill"}, "Choose a file."),
    ],
)
async def test_what_is_mistyped_is_said_at_its_field(
    orders: Orders, operator: httpx.AsyncClient, path: str, fields: dict[str, str], said: str
) -> None:
    """422, the form open, what was typed kept; nothing reached the order."""
    answer = await send(operator, f"{ORDER_PAGE}/{path}", **fields)
    assert answer.status_code == 422
    assert said in words(answer)
    assert 'role="alert"' in answer.text
    assert orders.acts == []


async def test_what_was_typed_is_not_lost(orders: Orders, operator: httpx.AsyncClient) -> None:
    """Refused by a field or by the order, the form comes back as it was sent, save for a code."""
    fields = {"contact_title": 'The "Boss"', "sms_method": "POST", "email": "nonsense"}
    answer = await send(operator, f"{ORDER_PAGE}/amend", **fields)
    assert "value=&#34;" not in answer.text
    assert 'value="The &#34;Boss&#34;"' in answer.text
    assert '<option value="POST" selected>' in answer.text
    orders.refusal = RefusedError("It is too late.", "Wait.")
    answer = await send(operator, f"{ORDER_PAGE}/amend", contact_title="Owner & Co")
    assert answer.status_code == 409
    assert "It is too late. Wait." in words(answer)
    assert 'value="Owner &amp; Co"' in answer.text
    assert '<details class="card" id="act-amend" open>' in answer.text


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (RefusedError("No code is asked for now.", "Wait."), 409),
        (OrderEndedError("The order has ended.", "Wait."), 409),
        (NoWorkerError("No worker.", "Start one."), 503),
    ],
)
async def test_refusal_is_shown_at_the_form(
    orders: Orders, operator: httpx.AsyncClient, refusal: HostedNumbersError, status: int
) -> None:
    """Even where the order no longer offers the form; an outage has a page of its own."""
    orders.refusal = refusal
    orders.stands = {"phase": "cancelled", "waiting_for": "nothing"}
    answer = await send(operator, f"{ORDER_PAGE}/code", code="918273")
    assert answer.status_code == status
    assert f"{refusal}" in words(answer).replace(" What to do:", "")
    assert "918273" not in answer.text


@pytest.mark.security("S7")
async def test_wrong_code_is_told_and_never_shown_or_logged(
    orders: Orders, operator: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """The verdict stands at the form; the digits stand nowhere."""
    caplog.set_level(logging.DEBUG, "hosted_numbers")
    orders.verdict = Answer(taken=False, reason="The code is wrong.", next_step="Try again.")
    answer = await send(operator, f"{ORDER_PAGE}/code", code="918273")
    assert answer.status_code == 409
    assert "The code is wrong. Try again." in words(answer)
    assert "918273" not in answer.text + caplog.text
    assert f"POST /orders/********{NUMBER[-4:]}/code 409" in caplog.text
    assert NUMBER not in caplog.text


@pytest.mark.security("S7")
async def test_codes_cannot_be_tried_without_end(
    orders: Orders, operator: httpx.AsyncClient
) -> None:
    """Five a minute for one order; then 429 with the time to wait, at the form."""
    statuses = [
        (await send(operator, f"{ORDER_PAGE}/code", code="1111")).status_code for _ in range(5)
    ]
    answer = await send(operator, f"{ORDER_PAGE}/code", code="1111")
    assert statuses == [303] * 5
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert "Too many codes were entered for this order." in words(answer)
    assert len(orders.acts) == 5


async def test_hostile_words_stay_words(orders: Orders, operator: httpx.AsyncClient) -> None:
    """Twilio's and people's words are shown as they are, and run nowhere."""
    orders.stands = {
        "reason": HOSTILE,
        "next_step": HOSTILE,
        "failure_reason": HOSTILE,
        "status": HOSTILE,
        "sid": HOSTILE,
        "timeline": (TimelineEntry(at=BEGUN, what=HOSTILE),),
        "supporting_documents": (
            SupportingDocumentProgress(type=HOSTILE, status=HOSTILE, reason=HOSTILE),
        ),
    }
    orders.verdict = Answer(taken=True, reason=HOSTILE, next_step=HOSTILE)
    await send(operator, f"{ORDER_PAGE}/resume")
    answer = await operator.get(ORDER_PAGE)
    typed = await send(operator, f"{ORDER_PAGE}/offboard", confirm='"><script>')
    for text in (answer.text, typed.text):
        assert "<script>" not in text
        assert text.count("<script") == 1  # the one of ours
    assert words(answer).count(HOSTILE) >= 8


async def test_giving_up_is_asked_for_twice(orders: Orders, operator: httpx.AsyncClient) -> None:
    """The order's page leads to a page that asks; an ended order has nothing to give up."""
    assert f'href="{ORDER_PAGE}/cancel"' in (await operator.get(ORDER_PAGE)).text
    asked = await operator.get(f"{ORDER_PAGE}/cancel")
    assert "Cancel this order?" in words(asked)
    assert orders.acts == []
    orders.stands = {"phase": "completed"}
    ended = await operator.get(f"{ORDER_PAGE}/cancel")
    assert "The order has ended" in words(ended)
    assert f'action="{ORDER_PAGE}/cancel"' not in ended.text


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/orders/+15017129999", 404, "No order is known for +15017129999."),
        ("/orders/nonsense", 422, "phone_number"),
        ("/nowhere", 404, "What to do:"),
    ],
)
async def test_what_there_is_not_is_a_page(
    operator: httpx.AsyncClient, path: str, status: int, said: str
) -> None:
    """With what to do, the way back and the request's name; a program gets its problem."""
    answer = await operator.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert said in words(answer)
    assert answer.headers["x-correlation-id"] in words(answer)
    problem = await operator.get(path, headers={"Accept": "application/json"})
    assert problem.status_code == status
    assert problem.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/", ORDER_PAGE])
async def test_outage_is_a_page(orders: Orders, operator: httpx.AsyncClient, path: str) -> None:
    """503 with a way to try again, and Retry-After."""
    orders.failure = TemporalUnavailableError("Temporal does not answer.", "Try again shortly.")
    answer = await operator.get(path)
    assert answer.status_code == 503
    assert "Temporal does not answer." in words(answer)
    assert "Try again" in words(answer)
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.security("S24")
async def test_what_nobody_expected_is_a_page(
    orders: Orders, operator: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Without the error's words, which the log has no more than the page."""
    orders.failure = RuntimeError("canary")
    answer = await operator.get(ORDER_PAGE)
    assert answer.status_code == 500
    assert "Something went wrong in the gateway" in words(answer)
    assert "canary" not in answer.text + caplog.text


async def test_session_that_ended_while_somebody_typed(stranger: httpx.AsyncClient) -> None:
    """The form is not taken, and says to sign in."""
    answer = await stranger.post(f"{ORDER_PAGE}/code", data={"code": "1234"})
    assert answer.status_code == 401
    assert "You are signed out" in words(answer)
    await sign_in(stranger)
    assert (await stranger.get(ORDER_PAGE)).status_code == 200
