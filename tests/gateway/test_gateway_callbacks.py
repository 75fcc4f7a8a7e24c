"""Twilio's callbacks: only what Twilio signed is listened to, and it is only a hint."""

import functools
import hashlib
from datetime import timedelta
from urllib.parse import quote, urlencode

import httpx
import pytest
from asgi_lifespan import LifespanManager
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hosted_numbers.contract import OrderChanged
from hosted_numbers.errors import TemporalUnavailableError
from hosted_numbers.gateway.app import create_app
from hosted_numbers.gateway.echoes import Echoes
from hosted_numbers.twilio.signatures import sign
from hosted_numbers.validation import NewHostedNumberOrder
from tests.gateway.orders_in_memory import (
    NUMBER,
    ORDER,
    ORDERS,
    PUBLIC,
    TOKEN,
    OrdersInMemory,
    settings_of_gateway,
)

PATH = "/callbacks/twilio"
URL = PUBLIC + PATH
PARAMETERS = {
    "Status": "pending-loa",
    "HostedNumberOrderSid": "HR" + "a" * 32,
    "PhoneNumber": NUMBER,
}
FORM = "application/x-www-form-urlencoded"


async def post(
    http: httpx.AsyncClient, parameters: dict[str, str], query: str = ""
) -> httpx.Response:
    """A callback as Twilio posts it."""
    suffix = f"?{query}" if query else ""
    signature = sign(TOKEN, URL + suffix, parameters)
    return await http.post(
        PATH + suffix, data=parameters, headers={"X-Twilio-Signature": signature}
    )


@pytest.fixture(autouse=True)
def impatient(app: FastAPI, orders: OrdersInMemory) -> None:
    """No order of these tests does anything by itself that would have to be waited for."""
    app.state.echoes = Echoes(orders, timedelta(0))


@pytest.fixture
async def open_order(http: httpx.AsyncClient, orders: OrdersInMemory) -> None:
    """An order for the number is under way, and Twilio has it."""
    await http.post(ORDERS, json=ORDER)
    orders.statuses[NUMBER] = "twilio-processing"


@pytest.mark.usefixtures("open_order")
async def test_a_signed_form_is_passed_on(http: httpx.AsyncClient, orders: OrdersInMemory) -> None:
    """204 without a body, and the order hears the status."""
    answer = await post(http, PARAMETERS)

    assert (answer.status_code, answer.content) == (204, b"")
    assert orders.hints == [(NUMBER, OrderChanged(status="pending-loa"))]


@pytest.mark.usefixtures("open_order")
async def test_a_signed_query_is_passed_on(http: httpx.AsyncClient, orders: OrdersInMemory) -> None:
    """GET carries everything in the URL, which is signed byte for byte."""
    query = urlencode(PARAMETERS)

    answer = await http.get(
        f"{PATH}?{query}", headers={"X-Twilio-Signature": sign(TOKEN, f"{URL}?{query}")}
    )

    assert answer.status_code == 204
    assert orders.hints == [(NUMBER, OrderChanged(status="pending-loa"))]


@pytest.mark.usefixtures("open_order")
async def test_more_parameters_blank_ones_and_spaces_are_signed_too(
    http: httpx.AsyncClient, orders: OrdersInMemory
) -> None:
    """Twilio adds parameters without notice; none is dropped or trimmed before the check."""
    answer = await post(
        http, PARAMETERS | {"FailureReason": "", "Note": "  a\u00e9 +b "}, "order=1"
    )

    assert answer.status_code == 204
    assert len(orders.hints) == 1


@pytest.mark.usefixtures("open_order")
async def test_the_host_that_the_caller_names_does_not_count(
    http: httpx.AsyncClient, orders: OrdersInMemory
) -> None:
    """Neither Host nor a forwarded header changes what is checked."""
    forged = sign(TOKEN, f"https://attacker.example{PATH}", PARAMETERS)

    answer = await http.post(
        PATH,
        data=PARAMETERS,
        headers={
            "X-Twilio-Signature": forged,
            "Host": "attacker.example",
            "X-Forwarded-Host": "attacker.example",
            "X-Forwarded-Proto": "https",
        },
    )

    assert answer.status_code == 403
    assert orders.hints == []


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ("pending_loa", "pending-loa"),
        ("Completed", "completed"),
        ("quantum-review", "quantum-review"),
        ("", None),
        ("<script>", None),
    ],
)
@pytest.mark.usefixtures("open_order")
async def test_a_status_is_normalised(
    http: httpx.AsyncClient, orders: OrdersInMemory, sent: str, status: str | None
) -> None:
    """An unknown status is passed on, what cannot be one is not."""
    await post(http, PARAMETERS | {"Status": sent})

    assert orders.hints == [(NUMBER, OrderChanged(status=status))]


@pytest.mark.usefixtures("open_order")
@pytest.mark.fault("F19")
@pytest.mark.security("S2")
async def test_a_storm_of_equal_callbacks_is_passed_on_once_for_now(
    http: httpx.AsyncClient, orders: OrdersInMemory, caplog: pytest.LogCaptureFixture
) -> None:
    """Twilio gets its 204 each time; another status or another order is another matter."""
    caplog.set_level("INFO", "hosted_numbers")
    answers = [await post(http, PARAMETERS) for _ in range(50)]
    answers += [await post(http, PARAMETERS | {"Status": "verified"})]
    answers += [await post(http, PARAMETERS | {"HostedNumberOrderSid": "HR" + "b" * 32})]

    assert [answer.status_code for answer in answers] == [204] * 52
    assert [hint.status for _, hint in orders.hints] == ["pending-loa", "verified", "pending-loa"]
    assert caplog.text.count("held back") == 49


async def test_what_was_held_back_is_passed_on_when_the_gateway_ends(
    app: FastAPI, orders: OrdersInMemory
) -> None:
    """Once for all of it."""
    orders.open[NUMBER] = NewHostedNumberOrder.model_validate(ORDER)
    transport = httpx.ASGITransport(app)
    async with (
        LifespanManager(app),
        httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as http,
    ):
        for _ in range(3):
            await post(http, PARAMETERS)
        assert len(orders.hints) == 1

    assert orders.hints == [(NUMBER, OrderChanged(status="pending-loa"))] * 2


@pytest.mark.fault("F24")
async def test_a_callback_for_no_open_order_is_taken_note_of(
    http: httpx.AsyncClient, orders: OrdersInMemory, caplog: pytest.LogCaptureFixture
) -> None:
    """Late, or for a number that is unknown: 204 and a line in the log, with the number masked."""
    caplog.set_level("INFO", "hosted_numbers")

    answer = await post(http, PARAMETERS)

    assert answer.status_code == 204
    assert orders.hints == []
    assert "********2661 ignored, no order is open" in caplog.text
    assert NUMBER not in caplog.text


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"Status": "completed", "PhoneNumber": NUMBER},
        PARAMETERS | {"HostedNumberOrderSid": "../HR"},
        PARAMETERS | {"PhoneNumber": "5017122661"},
        PARAMETERS | {"PhoneNumber": ""},
        {"MessageSid": "SM" + "a" * 32, "From": NUMBER},
    ],
)
@pytest.mark.usefixtures("open_order")
async def test_what_concerns_no_order_is_ignored(
    http: httpx.AsyncClient, orders: OrdersInMemory, parameters: dict[str, str]
) -> None:
    """Rightly signed, so 204; the same address gets the number's own callbacks as well."""
    answer = await post(http, parameters)

    assert answer.status_code == 204
    assert orders.hints == []


@pytest.mark.usefixtures("open_order")
async def test_a_signed_json_body_is_ignored(
    http: httpx.AsyncClient, orders: OrdersInMemory
) -> None:
    """Twilio signs JSON by its hash; no order's callback comes as JSON."""
    body = b'{"a": 1}'
    query = f"bodySHA256={hashlib.sha256(body).hexdigest()}"
    headers = {
        "Content-Type": "application/json",
        "X-Twilio-Signature": sign(TOKEN, f"{URL}?{query}"),
    }

    genuine = await http.post(f"{PATH}?{query}", content=body, headers=headers)
    changed = await http.post(f"{PATH}?{query}", content=b"{}", headers=headers)

    assert (genuine.status_code, changed.status_code) == (204, 403)
    assert orders.hints == []


BAD_BODIES = [b"\xff=\xff", b"&".join(b"a=%d" % number for number in range(200))]


@pytest.mark.parametrize("body", BAD_BODIES)
async def test_a_form_that_twilio_cannot_have_sent_is_refused(
    http: httpx.AsyncClient, body: bytes
) -> None:
    """No UTF-8, or hundreds of parameters: 403, whatever the signature says."""
    headers = {"Content-Type": FORM, "X-Twilio-Signature": sign(TOKEN, URL)}

    answer = await http.post(PATH, content=body, headers=headers)

    assert answer.status_code == 403


@pytest.mark.usefixtures("open_order")
@pytest.mark.fault("F26")
async def test_without_temporal_twilio_is_told_to_come_again(
    http: httpx.AsyncClient, orders: OrdersInMemory
) -> None:
    """503 with Retry-After, each time; the first that comes when it is back is passed on."""
    orders.failure = TemporalUnavailableError("Temporal does not answer.", "Try again.")
    for _ in range(2):
        answer = await post(http, PARAMETERS)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
    orders.failure = None

    assert (await post(http, PARAMETERS)).status_code == 204
    assert orders.hints == [(NUMBER, OrderChanged(status="pending-loa"))]


GENUINE = sign(TOKEN, URL, PARAMETERS)


@functools.cache
def gateway_of_examples() -> tuple[FastAPI, OrdersInMemory]:
    """One gateway for all examples: none of them may leave a trace in it."""
    orders = OrdersInMemory()
    return create_app(settings_of_gateway(), orders), orders


async def refused(
    signature: str | None, body: bytes, query: bytes = b"", content_type: str = FORM
) -> None:
    """Such a callback gets 403, and no order hears of it."""
    app, orders = gateway_of_examples()
    headers = {"Content-Type": content_type}
    if signature is not None:
        headers["X-Twilio-Signature"] = signature
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://gateway.test"
    ) as http:
        url = httpx.URL(PATH, query=query) if query else httpx.URL(PATH)
        answer = await http.post(url, content=body, headers=headers)
    assert answer.status_code == 403, answer.text
    assert answer.json()["code"] == "bad-signature"
    assert answer.json()["next_step"]
    assert orders.untouched


BODY = urlencode(PARAMETERS).encode()


@pytest.mark.parametrize(
    "signature",
    [None, "", "canary", GENUINE[:-1], GENUINE.lower(), sign("another token", URL, PARAMETERS)],
)
@pytest.mark.fault("F22")
@pytest.mark.security("S1")
async def test_a_bad_or_missing_signature_is_refused(signature: str | None) -> None:
    """403, and no signal."""
    await refused(signature, BODY)


@settings(max_examples=40, suppress_health_check=[HealthCheck.differing_executors])
@given(data=st.data())
async def test_a_changed_signature_is_refused(data: st.DataObject) -> None:
    """Whichever of its characters is changed."""
    place = data.draw(st.integers(0, len(GENUINE) - 1))
    other = data.draw(st.characters(min_codepoint=33, max_codepoint=126))
    changed = GENUINE[:place] + other + GENUINE[place + 1 :]
    if changed != GENUINE:
        await refused(changed, BODY)


@settings(max_examples=40)
@given(
    name=st.sampled_from(sorted(PARAMETERS)),
    value=st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
)
async def test_a_changed_parameter_is_refused(name: str, value: str) -> None:
    """Whichever value is put in the place of the signed one."""
    if value != PARAMETERS[name]:
        await refused(GENUINE, urlencode(PARAMETERS | {name: value}).encode())


@settings(max_examples=40)
@given(
    name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
    value=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
async def test_an_added_parameter_is_refused(name: str, value: str) -> None:
    """Whatever is added, in the body or in the query."""
    added = urlencode({name: value})
    if name not in PARAMETERS:
        await refused(GENUINE, BODY + b"&" + added.encode())
    await refused(GENUINE, BODY, query=added.encode())


@settings(max_examples=20)
@given(dropped=st.sampled_from(sorted(PARAMETERS)))
async def test_a_dropped_parameter_is_refused(dropped: str) -> None:
    """Whichever is left out."""
    left = {name: value for name, value in PARAMETERS.items() if name != dropped}
    await refused(GENUINE, urlencode(left).encode())


async def test_a_form_declared_as_something_else_is_refused() -> None:
    """Its parameters would otherwise escape the signature."""
    await refused(GENUINE, BODY, content_type="text/plain")
    await refused(sign(TOKEN, URL), BODY, content_type="text/plain")


async def test_the_query_is_checked_as_it_was_sent() -> None:
    """Another spelling of the same query is another URL."""
    url = f"{URL}?order={quote('a b')}"
    await refused(sign(TOKEN, url, PARAMETERS), BODY, query=b"order=a+b")
