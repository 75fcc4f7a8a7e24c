"""Who calls, where to, and what each request carries."""

import base64
import logging
import subprocess
import sys

import httpx
import pytest

from hosted_numbers import twilio as package
from hosted_numbers.twilio import (
    Credentials,
    InvalidArgumentError,
    UnreadableAnswerError,
)
from tests.twilio.stand_in import (
    ACCOUNT_SID,
    ORDER_SID,
    ORDERS,
    StandIn,
    json_answer,
    order,
    page,
)

KEY_SID = "SK" + "2" * 32


def test_credentials_of_an_account_and_of_a_key() -> None:
    """Both know their account; what is sent differs."""
    account = Credentials.account(ACCOUNT_SID, "token")
    assert (account.username, account.password) == (ACCOUNT_SID, "token")
    key = Credentials.api_key(ACCOUNT_SID, KEY_SID, "secret")
    assert (key.username, key.password) == (KEY_SID, "secret")
    assert account.account_sid == key.account_sid == ACCOUNT_SID


def test_credentials_do_not_show_the_password() -> None:
    """Neither repr nor str of credentials is a leak."""
    credentials = Credentials.account(ACCOUNT_SID, "hunter2")
    assert "hunter2" not in repr(credentials) + str(credentials)


@pytest.mark.parametrize(
    ("account_sid", "key_sid", "secret"),
    [
        ("", KEY_SID, "secret"),
        (KEY_SID, KEY_SID, "secret"),
        (ACCOUNT_SID, ACCOUNT_SID, "secret"),
        (ACCOUNT_SID, KEY_SID, ""),
    ],
)
def test_malformed_credentials_are_refused(account_sid: str, key_sid: str, secret: str) -> None:
    """A mix-up of the three values is found before Twilio answers 20003."""
    with pytest.raises(InvalidArgumentError) as caught:
        Credentials.api_key(account_sid, key_sid, secret)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("username", ["", "a:b"])
def test_a_username_can_be_sent(username: str) -> None:
    """Basic authentication ends the name at a colon."""
    with pytest.raises(InvalidArgumentError, match="username"):
        Credentials(username, "password")
    with pytest.raises(InvalidArgumentError, match="account_sid"):
        Credentials.account("AC:1", "token")


async def test_each_request_is_signed_in_and_says_who_it_is() -> None:
    """Basic authentication, our own user agent, JSON wanted; a GET has no form."""
    stand_in = StandIn(json_answer(order()))
    async with stand_in.client() as twilio:
        await twilio.hosted_number_orders.fetch(ORDER_SID)
    headers = stand_in.request.headers
    basic = base64.b64encode(f"{ACCOUNT_SID}:secret-token".encode()).decode()
    assert headers["Authorization"] == f"Basic {basic}"
    assert headers["User-Agent"].startswith("hosted-numbers/")
    assert headers["Accept"] == "application/json"
    assert "Content-Type" not in headers
    assert stand_in.request.content == b""


@pytest.mark.parametrize(
    ("base_url", "origin"),
    [
        (None, "https://preview.twilio.com"),
        ("http://127.0.0.1:8081", "http://127.0.0.1:8081"),
        ("http://127.0.0.1:8081/", "http://127.0.0.1:8081"),
        ("http://[::1]:8081", "http://[::1]:8081"),
    ],
)
async def test_the_base_url_stands_for_twilios_host(base_url: str | None, origin: str) -> None:
    """Without one it is Twilio."""
    stand_in = StandIn(json_answer(order()))
    async with stand_in.client(base_url) as twilio:
        await twilio.hosted_number_orders.fetch(ORDER_SID)
    assert str(stand_in.request.url) == f"{origin}{ORDERS}/{ORDER_SID}"


async def test_redirects_are_not_followed() -> None:
    """The credentials go nowhere but to the configured origin."""
    stand_in = StandIn(httpx.Response(302, headers={"Location": "https://example.com/"}))
    async with stand_in.client() as twilio:
        with pytest.raises(UnreadableAnswerError) as caught:
            await twilio.hosted_number_orders.fetch(ORDER_SID)
    assert caught.value.status == 302
    assert len(stand_in.requests) == 1


async def test_a_call_leaves_no_trace_in_the_logs(caplog: pytest.LogCaptureFixture) -> None:
    """A list's filters stand in the URL and are personal, so no logger may write it at INFO."""
    caplog.set_level(logging.INFO)
    stand_in = StandIn(json_answer(page([order(email="owner@example.com")])))
    async with stand_in.client() as twilio:
        async for _ in twilio.hosted_number_orders.list(friendly_name="Ann"):
            pass
    assert caplog.records == []


def test_everything_that_is_promised_is_exported() -> None:
    """The names of ``__all__`` are there, and no private ones are among them."""
    assert all(hasattr(package, name) for name in package.__all__)
    assert not [name for name in package.__all__ if name.startswith("_")]


def test_the_package_knows_no_temporal() -> None:
    """A backend that only talks to Twilio does not pay for the workflow engine."""
    probe = "import sys, hosted_numbers.twilio; print('temporalio' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, check=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "False"
