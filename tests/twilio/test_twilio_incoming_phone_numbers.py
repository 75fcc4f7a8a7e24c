"""IncomingPhoneNumbers: looking at the number of an order, and off-boarding it."""

from datetime import UTC, datetime

import httpx
import pytest
from pydantic import ValidationError

from hosted_numbers.twilio import IncomingPhoneNumber, InvalidArgumentError, NotFoundError
from tests.twilio.stand_in import (
    ACCOUNT_SID,
    NUMBER_SID,
    ORDER_SID,
    StandIn,
    incoming_phone_number,
    json_answer,
)

SUBACCOUNT_SID = "AC" + "9" * 32
URL = (
    f"https://api.twilio.com/2010-04-01/Accounts/{SUBACCOUNT_SID}"
    f"/IncomingPhoneNumbers/{NUMBER_SID}.json"
)


async def test_fetch_reads_one_number_of_one_account() -> None:
    """The account that owns the number stands in the path, which may be a subaccount."""
    stand_in = StandIn(json_answer(incoming_phone_number()))
    async with stand_in.client() as twilio:
        got = await twilio.incoming_phone_numbers.fetch(NUMBER_SID, account_sid=SUBACCOUNT_SID)
    assert (stand_in.request.method, str(stand_in.request.url)) == ("GET", URL)
    assert (got.sid, got.status, got.phone_number) == (NUMBER_SID, "in-use", "+15017122661")
    assert got.sms_url == "https://user:secret@example.com/sms"
    assert (got.sms_fallback_url, got.sms_application_sid) == (None, None)
    assert got.capabilities is not None
    assert got.capabilities.sms
    assert got.date_created == datetime(2017, 3, 28, 20, 6, 39, tzinfo=UTC)


async def test_delete_expects_no_body() -> None:
    """204 with nothing in it is success."""
    stand_in = StandIn(httpx.Response(204))
    async with stand_in.client() as twilio:
        await twilio.incoming_phone_numbers.delete(NUMBER_SID, account_sid=SUBACCOUNT_SID)
    assert (stand_in.request.method, str(stand_in.request.url)) == ("DELETE", URL)
    assert stand_in.request.content == b""


async def test_delete_of_what_is_gone_says_so() -> None:
    """The caller decides that a 404 after an unknown outcome is success."""
    async with StandIn(json_answer({"code": 20404}, 404)).client() as twilio:
        with pytest.raises(NotFoundError):
            await twilio.incoming_phone_numbers.delete(NUMBER_SID, account_sid=ACCOUNT_SID)


@pytest.mark.parametrize(
    ("sid", "account_sid"),
    [
        ("", ACCOUNT_SID),
        (ORDER_SID, ACCOUNT_SID),
        (f"{NUMBER_SID}/..", ACCOUNT_SID),
        (NUMBER_SID, ""),
        (NUMBER_SID, NUMBER_SID),
        (NUMBER_SID, f"{ACCOUNT_SID}/../x"),
    ],
)
async def test_a_malformed_sid_never_enters_a_path(sid: str, account_sid: str) -> None:
    """A delete above all must not become the delete of something else."""
    stand_in = StandIn(httpx.Response(204))
    async with stand_in.client() as twilio:
        numbers = twilio.incoming_phone_numbers
        with pytest.raises(InvalidArgumentError):
            await numbers.fetch(sid, account_sid=account_sid)
        with pytest.raises(InvalidArgumentError):
            await numbers.delete(sid, account_sid=account_sid)
    assert stand_in.requests == []


def test_only_the_sid_is_indispensable() -> None:
    """An answer that has little else is still the number."""
    got = IncomingPhoneNumber.model_validate({"sid": NUMBER_SID, "status": "", "beta": False})
    assert (got.status, got.phone_number, got.capabilities) == (None, None, None)
    with pytest.raises(ValidationError):
        IncomingPhoneNumber.model_validate({"phone_number": "+15017122661"})


def test_repr_hides_what_is_personal_and_secret() -> None:
    """The number, its label, and the URL with its password do not end up in a log."""
    shown = repr(IncomingPhoneNumber.model_validate(incoming_phone_number()))
    assert NUMBER_SID in shown
    assert not [each for each in ("+15017122661", "Ann", "secret") if each in shown]
