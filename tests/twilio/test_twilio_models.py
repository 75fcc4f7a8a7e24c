"""Reading orders and documents: lenient where Twilio contradicts itself, else strict."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import ValidationError

from hosted_numbers.twilio import (
    AuthorizationDocument,
    AuthorizationDocumentStatus,
    HostedNumberOrder,
    HostedNumberOrderStatus,
    VerificationType,
)
from tests.twilio.stand_in import ADDRESS_SID, DOCUMENT_SID, ORDER_SID, document, order

CREATED = datetime(2017, 3, 28, 20, 6, 39, tzinfo=UTC)


def read(**changes: Any) -> HostedNumberOrder:
    return HostedNumberOrder.model_validate(order(**changes))


def test_a_bare_order_is_read_whole() -> None:
    """The sample of a create gives typed values, and none where Twilio has nothing."""
    got = read()
    assert got.sid == ORDER_SID
    assert got.status is HostedNumberOrderStatus.RECEIVED
    assert got.verification_type is VerificationType.PHONE_CALL
    assert got.failure_reason is None
    assert got.cc_emails == ()
    assert got.verification_call_sids == ()
    assert got.date_created == CREATED
    assert got.capabilities is not None
    assert got.capabilities.sms
    assert not got.capabilities.voice


def test_only_sid_and_status_are_indispensable() -> None:
    """Every other field may be absent, null or unheard of."""
    got = HostedNumberOrder.model_validate({"sid": ORDER_SID, "status": "testing", "novelty": [1]})
    assert got.status is HostedNumberOrderStatus.TESTING
    assert (got.phone_number, got.date_updated, got.url) == (None, None, None)
    nulls = {name: None for name in order() if name not in ("sid", "status")}
    assert read(**nulls, status="testing") == got
    with pytest.raises(ValidationError):
        HostedNumberOrder.model_validate({"sid": ORDER_SID})
    with pytest.raises(ValidationError):
        HostedNumberOrder.model_validate({"status": "testing"})


@pytest.mark.parametrize("status", HostedNumberOrderStatus)
def test_all_ten_statuses_are_known(status: HostedNumberOrderStatus) -> None:
    """Each status of Twilio's table becomes a member, written with hyphens or underscores."""
    assert len(HostedNumberOrderStatus) == 10
    assert read(status=status.value).status is status
    assert read(status=status.value.upper().replace("-", "_")).status is status


@pytest.mark.fault("F18")
def test_an_unknown_status_is_kept_as_text() -> None:
    """A status that Twilio invents tomorrow is no error and survives a round trip."""
    got = read(status="Quantum_Review", verification_type="smoke-signal")
    assert got.status == "quantum-review"
    assert got.verification_type == "smoke-signal"
    assert not isinstance(got.status, HostedNumberOrderStatus)
    assert HostedNumberOrder.model_validate_json(got.model_dump_json()) == got


@pytest.mark.parametrize("status", ["", "  ", None, 3, ["received"]])
def test_a_status_that_is_no_word_is_refused(status: object) -> None:
    """An open enumeration is not a field for anything."""
    with pytest.raises(ValidationError):
        read(status=status)


@pytest.mark.parametrize("sid", ["", "HR1", ORDER_SID + "\n", DOCUMENT_SID, None, 5])
def test_a_sid_that_is_none_is_refused(sid: object) -> None:
    """Without its SID an order cannot be found again."""
    with pytest.raises(ValidationError):
        read(sid=sid)


@pytest.mark.parametrize("field", ["verification_code", "extension"])
def test_digits_are_text_with_their_zeros(field: str) -> None:
    """Leading zeros stay, a number of a sloppy server becomes text, nothing becomes None."""
    assert getattr(read(**{field: "0042"}), field) == "0042"
    assert getattr(read(**{field: 42}), field) == "42"
    assert getattr(read(**{field: ""}), field) is None
    with pytest.raises(ValidationError):
        read(**{field: True})


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2017-03-28T20:06:39Z", CREATED),
        ("2017-03-28T22:06:39+02:00", CREATED),
        ("2017-03-28T20:06:39", CREATED),
        ("Tue, 28 Mar 2017 20:06:39 +0000", CREATED),
        ("Tue, 28 Mar 2017 20:06:39 GMT", CREATED),
        ("Tue, 28 Mar 2017 20:06:39 -0000", CREATED),
        (CREATED.astimezone(timezone(timedelta(hours=1))), CREATED),
        ("", None),
        (None, None),
    ],
)
def test_dates_are_read_in_both_formats(text: object, moment: datetime | None) -> None:
    """ISO 8601 as in the samples and RFC 2822 as in the descriptions give aware datetimes."""
    got = read(date_created=text).date_created
    assert got == moment
    assert got is None or got.tzinfo is not None


@pytest.mark.parametrize("text", ["yesterday", "2017-13-01T00:00:00Z", [], datetime(2017, 3, 28)])  # noqa: DTZ001  # a naive one is the point
def test_a_date_that_is_none_is_refused(text: object) -> None:
    """A date is read rightly or not at all."""
    with pytest.raises(ValidationError):
        read(date_created=text)


@pytest.mark.parametrize("emails", [None, [], ""])
def test_no_cc_emails_in_any_spelling_is_an_empty_tuple(emails: object) -> None:
    """Twilio writes the empty list in several ways."""
    assert read(cc_emails=emails).cc_emails == ()


def test_repr_and_errors_hide_what_is_personal() -> None:
    """Neither repr nor a validation error shows code, addresses, names or the number."""
    personal = {
        "verification_code": "987654",
        "extension": "55512",
        "email": "owner@example.com",
        "cc_emails": ["copy@example.com"],
        "friendly_name": "Ann's shop",
        "unique_name": "ann-1",
        "phone_number": "+15017122661",
    }
    shown = repr(read(**personal)) + str(read(**personal))
    assert ORDER_SID in shown
    values = [*personal.values(), "copy@example.com"]
    assert not [value for value in values if str(value) in shown]
    with pytest.raises(ValidationError) as refused:
        read(**personal, status=["owner@example.com"])
    assert "owner@example.com" not in str(refused.value)


def test_orders_cannot_be_changed() -> None:
    """What Twilio said stays what Twilio said."""
    with pytest.raises(ValidationError):
        read().status = HostedNumberOrderStatus.COMPLETED  # type: ignore[misc]  # frozen


def test_a_document_is_read_whole() -> None:
    """The sample of a create gives typed values, and repr shows no addresses."""
    got = AuthorizationDocument.model_validate(document())
    assert got.status is AuthorizationDocumentStatus.SIGNING
    assert (got.sid, got.address_sid) == (DOCUMENT_SID, ADDRESS_SID)
    assert got.cc_emails == ("copy@example.com",)
    assert got.date_created == CREATED
    assert got.links is not None
    assert got.links.dependent_hosted_number_orders is not None
    assert "@" not in repr(got)
    assert AuthorizationDocument.model_validate_json(got.model_dump_json()) == got


def test_a_document_may_have_little_and_an_unknown_status() -> None:
    """As for orders, only sid and status are indispensable."""
    got = AuthorizationDocument.model_validate({"sid": DOCUMENT_SID, "status": "Notarized"})
    assert got.status == "notarized"
    assert (got.email, got.cc_emails, got.links) == (None, (), None)
    with pytest.raises(ValidationError):
        AuthorizationDocument.model_validate(document(sid=ORDER_SID))
