"""Who calls, where to, and what each request carries."""

import base64
import importlib.metadata
import importlib.util
import logging
import re
import ssl
import subprocess
import sys
from typing import Any

import httpx
import pytest

from hosted_numbers import twilio as package
from hosted_numbers.twilio import (
    Credentials,
    InvalidArgumentError,
    TwilioClient,
    UnreadableAnswerError,
    transports,
)
from hosted_numbers.twilio.single_connection import SingleConnection
from tests.twilio.stand_in import (
    ACCOUNT_SID,
    BILL,
    CREDENTIALS,
    DOCUMENT_SID,
    NUMBER_SID,
    ORDER_SID,
    ORDERS,
    UPLOADED_SID,
    StandIn,
    document,
    incoming_phone_number,
    json_answer,
    order,
    page,
    supporting_document,
    uploaded,
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


@pytest.mark.parametrize("base_url", [None, "http://127.0.0.1:8081"])
async def test_each_resource_has_its_host_and_the_base_url_stands_for_all(
    base_url: str | None,
) -> None:
    """Four hosts at Twilio are one simulator on this machine."""
    stand_in = StandIn(
        json_answer(order()),
        json_answer(document()),
        json_answer(uploaded(), 201),
        json_answer(supporting_document()),
        json_answer(supporting_document(), 201),
        json_answer(incoming_phone_number()),
    )
    async with stand_in.client(base_url) as twilio:
        await twilio.hosted_number_orders.fetch(ORDER_SID)
        await twilio.authorization_documents.fetch(DOCUMENT_SID)
        await twilio.documents.upload(document_type="utility_bill", file=BILL)
        await twilio.supporting_documents.fetch(UPLOADED_SID)
        await twilio.supporting_documents.create(friendly_name="x", type="passport", file=BILL)
        await twilio.incoming_phone_numbers.fetch(NUMBER_SID, account_sid=ACCOUNT_SID)
    hosts = ["preview", "preview", "numbers-upload", "numbers", "numbers-upload", "api"]
    assert [f"{each.url.scheme}://{each.url.netloc.decode()}" for each in stand_in.requests] == [
        base_url or f"https://{host}.twilio.com" for host in hosts
    ]
    assert len({each.headers["Authorization"] for each in stand_in.requests}) == 1


def test_a_client_opens_nothing_before_it_is_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """The TLS settings are made once for all hosts, and connections when a call needs one."""
    made: list[str] = []
    create_ssl_context = httpx.create_ssl_context

    def counted(*args: Any, **kwargs: Any) -> Any:
        made.append("tls")
        return create_ssl_context(*args, **kwargs)

    monkeypatch.setattr(httpx, "create_ssl_context", counted)
    monkeypatch.setattr(transports, "SingleConnection", lambda _: made.append("transport"))
    TwilioClient(CREDENTIALS, max_connections=100)
    assert made == ["tls"]


async def test_all_connections_share_the_tls_settings() -> None:
    """Each set costs as much as hundreds of requests; it asks for a certificate of that host."""
    shared = transports.Transports(None)
    first, second = shared.one(), shared.one()
    assert isinstance(first, SingleConnection)
    assert isinstance(second, SingleConnection)
    assert first is not second
    assert first._tls is second._tls
    assert first._tls.check_hostname
    assert first._tls.verify_mode is ssl.CERT_REQUIRED


def test_sniffio_comes_with_the_package() -> None:
    """Without it httpcore tries to import it at each request, which is dear: decision 2."""
    assert importlib.util.find_spec("sniffio") is not None
    required = importlib.metadata.requires("hosted-numbers") or []
    assert any(re.match(r"sniffio\b(?!.*extra ==)", each) for each in required)


class Closing(httpx.MockTransport):
    """Counts how often it is closed."""

    closed = 0

    async def aclose(self) -> None:
        """Count."""
        self.closed += 1


async def test_a_transport_that_was_given_is_closed_once() -> None:
    """It carries the calls to all hosts, and belongs to the client as a whole."""
    transport = Closing(lambda _: json_answer(order()))
    async with TwilioClient(CREDENTIALS, transport=transport) as twilio:
        await twilio.hosted_number_orders.fetch(ORDER_SID)
        assert transport.closed == 0
    assert transport.closed == 1


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


def test_every_export_is_found_and_nothing_is_loaded_for_the_signatures() -> None:
    """What is exported is imported when it is asked for; ``signatures`` needs no HTTP client."""
    assert set(package.__all__) == set(package._HOMES)
    assert all(getattr(package, name).__name__ == name for name in package.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Twilo'"):
        package.Twilo  # noqa: B018 - to see that it is not there
    code = "import sys, hosted_numbers.twilio.signatures; sys.exit('httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
