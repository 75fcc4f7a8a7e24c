"""Signing in and out, and how long a session lives."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import time_machine
from fastapi import FastAPI

from hosted_numbers.gateway.app import create_app
from hosted_numbers.gateway.pages.passwords import LONGEST, Password, hashed
from hosted_numbers.gateway.pages.sessions import Sessions
from hosted_numbers.gateway.pages.sign_in import own_page
from tests.gateway.pages.desk import (
    ITS_HASH,
    ORDER_PAGE,
    PASSWORD,
    Orders,
    browser,
    send,
    settings,
    sign_in,
    token,
    words,
)

MakeApp = Callable[..., FastAPI]


@pytest.fixture
def made(orders: Orders) -> MakeApp:
    """A gateway with other settings."""
    return lambda **changes: create_app(settings(**changes), orders)


@pytest.mark.security("S4")
async def test_cookie_of_a_session_is_guarded(stranger: httpx.AsyncClient) -> None:
    """The prefix ties it to this host; no script reads it and no other site's form sends it."""
    answer = await sign_in(stranger)

    name, *attributes = answer.headers["set-cookie"].split("; ")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert name.startswith("__Host-session=")
    assert len(name.partition("=")[2]) >= 43  # 256 bits
    assert {each.lower() for each in attributes} == {"httponly", "path=/", "samesite=lax", "secure"}
    assert answer.headers["cache-control"] == "no-store"


async def test_cookie_over_plain_http_is_one_that_browsers_take(made: MakeApp) -> None:
    """On a developer's machine there is no https, and so neither prefix nor Secure."""
    async with browser(made(public_base_url="http://127.0.0.1:8080")) as client:
        answer = await sign_in(client)
        assert answer.headers["set-cookie"].startswith("session=")
        assert "Secure" not in answer.headers["set-cookie"]
        assert (await client.get("/")).status_code == 200


@pytest.mark.security("S4")
async def test_each_sign_in_begins_a_new_session(stranger: httpx.AsyncClient) -> None:
    """An id that was known before, such as a planted one, is worth nothing afterwards."""
    await sign_in(stranger)
    before = dict(stranger.cookies)
    await sign_in(stranger)
    after = dict(stranger.cookies)
    assert before.keys() == after.keys()
    assert before != after
    stranger.cookies = httpx.Cookies(before)
    assert (await stranger.get("/")).status_code == 303


@pytest.mark.security("S4")
async def test_signing_out_ends_the_session(
    operator: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """The old cookie leads to the sign-in, and opens no stream."""
    caplog.set_level(logging.INFO, "hosted_numbers")
    before = dict(operator.cookies)
    answer = await send(operator, "/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert not operator.cookies
    operator.cookies = httpx.Cookies(before)
    assert (await operator.get("/")).headers["location"] == "/sign-in?next=%2F"
    stream = await operator.get("/events", headers={"Accept": "text/event-stream"})
    assert stream.status_code == 401
    assert "operator signed out" in caplog.text


@pytest.mark.security("S4")
@pytest.mark.parametrize(
    ("steps", "status"),
    [
        pytest.param([59, 59], 200, id="in use"),
        pytest.param([61], 303, id="idle for longer than an hour"),
        pytest.param([50] * 14 + [21], 303, id="in use for longer than twelve hours"),
    ],
)
async def test_session_ends_by_itself(
    stranger: httpx.AsyncClient, steps: list[int], status: int
) -> None:
    """By its idle limit and by its absolute one."""
    with time_machine.travel(datetime(2026, 3, 2, tzinfo=UTC), tick=False) as clock:
        await sign_in(stranger)
        for minutes in steps:
            clock.shift(timedelta(minutes=minutes))
            answer = await stranger.get("/new")
        assert answer.status_code == status


@pytest.mark.security("S4")
async def test_page_that_refreshes_itself_keeps_nobody_signed_in(
    stranger: httpx.AsyncClient,
) -> None:
    """An open browser in an empty office is idle, whatever its script fetches."""
    with time_machine.travel(datetime(2026, 3, 2, tzinfo=UTC), tick=False) as clock:
        await sign_in(stranger)
        clock.shift(timedelta(minutes=40))
        assert (await stranger.get("/new", headers={"X-Live": "1"})).status_code == 200
        clock.shift(timedelta(minutes=40))
        assert (await stranger.get("/new")).status_code == 303


def test_sessions_are_bounded() -> None:
    """The longest unused one makes room."""
    now = datetime(2026, 3, 2, tzinfo=UTC)
    moments = iter(now + timedelta(seconds=each) for each in range(100))
    sessions = Sessions(
        timedelta(hours=1), timedelta(hours=12), clock=lambda: next(moments), most=2
    )
    first, second = sessions.begin("operator"), sessions.begin("operator")
    assert sessions.find(first)
    third = sessions.begin("operator")
    assert sessions.find(second) is None
    assert sessions.find(first)
    assert sessions.find(third)
    sessions.end("no such session")


@pytest.mark.security("S23")
async def test_wrong_password_is_refused_and_logged(
    stranger: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """The log tells of good and of bad sign-ins, and of no password."""
    caplog.set_level(logging.INFO, "hosted_numbers")
    answer = await sign_in(stranger, "canary-password")
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert "That is not the password." in words(answer)
    assert "canary-password" not in answer.text
    await sign_in(stranger)
    assert "Sign-in with a wrong password" in caplog.text
    assert "Operator signed in" in caplog.text
    assert "canary-password" not in caplog.text
    assert PASSWORD not in caplog.text


async def test_signed_in_operator_needs_no_form(operator: httpx.AsyncClient) -> None:
    """They go on to where they wanted."""
    answer = await operator.get("/sign-in", params={"next": "/new"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/new")


async def test_sign_in_leads_back(stranger: httpx.AsyncClient) -> None:
    """To the page that was asked for, its query included."""
    asked = await stranger.get(f"{ORDER_PAGE}?x=1")
    form = await stranger.get(asked.headers["location"])
    assert f'name="next" value="{ORDER_PAGE}?x=1"' in form.text
    answer = await stranger.post(
        "/sign-in", data={"password": PASSWORD, "next": f"{ORDER_PAGE}?x=1"}
    )
    assert answer.headers["location"] == f"{ORDER_PAGE}?x=1"


@pytest.mark.security("S4")
@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "\n//evil.example",
        "javascript:alert(1)",
        "evil",
        "",
        "/sign-in",
        "/" + "x" * 3000,
    ],
    ids=str,
)
def test_nobody_is_led_elsewhere(wanted: str) -> None:
    """``next`` leads to pages of ours alone."""
    assert own_page(wanted) == "/"


@pytest.mark.security("S28")
async def test_passwords_cannot_be_tried_without_end(made: MakeApp) -> None:
    """429 with the time to wait, on the page; the right one has to wait, too."""
    async with browser(made(hosted_numbers_rate_limit_sign_ins="2/minute")) as client:
        for _ in range(2):
            assert (await sign_in(client, "wrong")).status_code == 403
        answer = await sign_in(client)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert "Too many passwords were tried." in words(answer)


async def test_nobody_gets_in_where_nothing_is_set_up(made: MakeApp) -> None:
    """The page says what to set."""
    async with browser(made(hosted_numbers_operator_password_hash=None)) as client:
        form, answer = await client.get("/sign-in"), await sign_in(client, "")
        assert (form.status_code, answer.status_code) == (503, 503)
        assert "hosted-numbers operator-password" in words(form)
        assert (await client.get("/")).status_code == 303


@pytest.mark.parametrize(
    ("given", "right"),
    [
        (PASSWORD, True),
        ("", False),
        (PASSWORD + "x", False),
        (PASSWORD + "x" * LONGEST, False),
        ("\udcff", False),
    ],
    ids=["right", "empty", "longer", "too long", "no text"],
)
async def test_password_is_the_one_or_not(given: str, *, right: bool) -> None:
    """Whatever is sent."""
    assert await Password(ITS_HASH).is_right(given) is right


async def test_broken_hash_lets_nobody_in() -> None:
    """It is wrong, and no error."""
    assert not await Password("$argon2id$broken").is_right("anything")


@pytest.mark.parametrize("password", ["short", "x" * (LONGEST + 1)], ids=["short", "long"])
def test_password_has_a_length(password: str) -> None:
    """Neither easily guessed nor endless."""
    with pytest.raises(ValueError, match="12 to 1000"):
        hashed(password)


BY_PROXY = {
    "hosted_numbers_operator_password_hash": None,
    "hosted_numbers_operator_header": "X-Forwarded-Email",
    "hosted_numbers_trusted_proxies": "10.1.0.0/16, fd00::1",
}
PERSON = "person@canary.example.com"


@pytest.mark.security("S4")
@pytest.mark.parametrize(
    ("address", "names", "known"),
    [
        ("10.1.2.3", [PERSON], True),
        ("::ffff:10.1.2.3", [PERSON], True),
        ("fd00::1", [PERSON], True),
        ("10.2.0.1", [PERSON], False),
        ("fd00::2", [PERSON], False),
        ("unix", [PERSON], False),
        ("10.1.2.3", [], False),
        ("10.1.2.3", [""], False),
        ("10.1.2.3", [PERSON, "another"], False),
        ("10.1.2.3", ["x" * 201], False),
    ],
)
async def test_only_a_trusted_proxy_names_who_is_there(
    made: MakeApp, address: str, names: list[str], *, known: bool
) -> None:
    """By its address; the same header from elsewhere, or twice, is ignored."""
    headers = [("X-Forwarded-Email", name) for name in names]
    async with browser(made(**BY_PROXY), address) as client:
        answer = await client.get("/new", headers=headers)
    assert (answer.status_code == 200) is known
    assert (PERSON in answer.text) is known


async def test_persons_of_a_proxy_act_and_sign_out_there(
    made: MakeApp, orders: Orders, caplog: pytest.LogCaptureFixture
) -> None:
    """Each has a token of their own; the log does not name them by their address."""
    caplog.set_level(logging.INFO, "hosted_numbers")
    app = made(**BY_PROXY)
    async with browser(app, "10.1.2.3") as client:
        client.headers["X-Forwarded-Email"] = PERSON
        page = await client.get("/new")
        assert "Sign out" not in page.text
        janes = await token(client)
        assert janes == await token(client)
        assert (await client.post(f"{ORDER_PAGE}/resume", data={"token": janes})).status_code == 303
        await client.post("/sign-out", data={"token": janes})
        client.headers["X-Forwarded-Email"] = "john@canary.example.com"
        assert (await client.post(f"{ORDER_PAGE}/resume", data={"token": janes})).status_code == 403
        del client.headers["X-Forwarded-Email"]
        assert "You sign in at the proxy" in words(await client.get("/sign-in"))
    assert [name for name, _, _ in orders.acts] == ["resume"]
    assert "canary.example.com" not in caplog.text
