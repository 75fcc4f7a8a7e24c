"""What may be sent: tables of good and bad, and the sentence for the bad."""

import contextlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from hosted_numbers.complaints import checked
from hosted_numbers.contract import (
    Amendment,
    HostedNumberOrderRequest,
    VerificationCallRequest,
    VerificationCodeEntry,
)
from hosted_numbers.errors import InvalidRequestError
from hosted_numbers.validation import (
    NewAmendment,
    NewHostedNumberOrder,
    NewLetterAmendment,
    NewProvidedDocument,
    NewVerificationCallRequest,
    NewVerificationCodeEntry,
)

SID = "0123456789abcdefABCDEF0123456789"
ORDER: dict[str, Any] = {
    "phone_number": "+15017122661",
    "email": "owner@example.com",
    "address_sid": f"AD{SID}",
    "contact_title": "Owner",
    "contact_phone_number": "+442079460000",
}


def test_an_order_needs_five_fields() -> None:
    """The rest has the contract's defaults."""
    order = checked(NewHostedNumberOrder, ORDER)

    assert order.model_dump() == HostedNumberOrderRequest(**ORDER).model_dump()
    assert order.call_when == "now"
    assert order.verification_type == "phone-call"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("friendly_name", "x" * 64),
        ("cc_emails", ["a@example.com", "b@example.com"]),
        ("sms_url", "https://example.com/sms?a=b"),
        ("sms_url", "http://example.com:8080/sms"),
        ("sms_method", "GET"),
        ("sms_fallback_url", "https://example.com/fallback"),
        ("sms_fallback_method", "POST"),
        ("sms_application_sid", f"AP{SID}"),
        ("account_sid", f"AC{SID}"),
        ("verification_type", "phone-call"),
        ("extension", "0123456789#*w"),
        ("call_delay", 0),
        ("call_delay", 30),
        ("call_when", "asked"),
        ("customer", "customer-4711"),
        ("deadline_days", 1),
    ],
)
def test_an_optional_field_is_taken(field: str, value: object) -> None:
    """As it is."""
    order = checked(NewHostedNumberOrder, ORDER | {field: value})

    kept = getattr(order, field)
    assert (list(kept) if isinstance(kept, tuple) else kept) == value


BAD_ORDERS: list[tuple[str, object]] = [
    ("phone_number", "5017122661"),
    ("phone_number", "+442079460000"),
    ("phone_number", 15017122661),
    ("phone_number", None),
    ("email", "owner"),
    ("email", "owner@"),
    ("email", "@example.com"),
    ("email", "a b@example.com"),
    ("email", "a@example.com, b@example.com"),
    ("email", ""),
    ("cc_emails", ["owner"]),
    ("cc_emails", "a@example.com"),
    ("cc_emails", ["a@example.com"] * 21),
    ("address_sid", f"AC{SID}"),
    ("address_sid", f"AD{SID}0"),
    ("address_sid", f"AD{SID[:-1]}"),
    ("address_sid", f"AD{SID}\n"),
    ("address_sid", f"../AD{SID}"),
    ("sms_application_sid", f"AC{SID}"),
    ("account_sid", f"AP{SID}"),
    ("contact_title", ""),
    ("contact_title", "   "),
    ("contact_title", "x" * 65),
    ("contact_phone_number", "020 7946 0000"),
    ("friendly_name", "x" * 65),
    ("sms_url", "example.com/sms"),
    ("sms_url", "ftp://example.com/sms"),
    ("sms_url", "javascript:alert(1)"),
    ("sms_url", "https://"),
    ("sms_url", "https:///sms"),
    ("sms_url", "https://user:secret@example.com/"),
    ("sms_url", "https://user@example.com/"),
    ("sms_url", "https://exam ple.com/"),
    ("sms_url", "https://example.com/\n"),
    ("sms_url", "https://[::1/"),
    ("sms_url", "https://example.com/" + "x" * 2000),
    ("sms_fallback_url", "nowhere"),
    ("sms_method", "PUT"),
    ("sms_method", "get"),
    ("sms_fallback_method", "DELETE"),
    ("verification_type", "pigeon"),
    ("extension", ""),
    ("extension", "12a"),
    ("extension", "1 2"),
    ("extension", "1" * 51),
    ("call_delay", -1),
    ("call_delay", 31),
    ("call_delay", 1.5),
    ("call_when", "later"),
    ("customer", ""),
    ("customer", "x" * 65),
    ("deadline_days", 0),
    ("deadline_days", 366),
    ("status", "completed"),
    ("phoneNumber", "+15017122661"),
]


@pytest.mark.parametrize(("field", "value"), BAD_ORDERS)
def test_a_bad_field_is_named_and_its_value_is_not(field: str, value: object) -> None:
    """Each field with a sentence, and the next step."""
    with pytest.raises(InvalidRequestError) as refusal:
        checked(NewHostedNumberOrder, ORDER | {field: value})

    assert refusal.value.reason.startswith(field)
    assert refusal.value.reason.endswith(".")
    assert refusal.value.next_step
    if isinstance(value, str) and len(value) > 12:
        assert value not in str(refusal.value)


@pytest.mark.parametrize("field", sorted(ORDER))
def test_a_missing_field_is_named(field: str) -> None:
    """Whichever it is."""
    with pytest.raises(InvalidRequestError, match=field):
        checked(NewHostedNumberOrder, {name: ORDER[name] for name in ORDER if name != field})


@pytest.mark.parametrize("data", [None, [], "order", 1])
def test_what_is_no_object_is_refused(data: object) -> None:
    """As a whole."""
    with pytest.raises(InvalidRequestError, match="request: "):
        checked(NewHostedNumberOrder, data)


@pytest.mark.parametrize("code", ["1234", "0000", "0123456789"])
def test_a_code_keeps_its_zeros(code: str) -> None:
    """4 to 10 digits, a text and not a number."""
    assert checked(NewVerificationCodeEntry, {"code": code}).code == code


BAD_CODES: list[object] = [
    "",
    "123",
    "12345678901",
    "12 34",
    " 1234",
    "1234\n",
    "12a4",
    "-123",
    "\u0661\u0662\u0663\u0664",
    "\uff11\uff12\uff13\uff14",
    1234,
    None,
    ["1234"],
]


@pytest.mark.parametrize("code", BAD_CODES)
def test_anything_else_is_no_code(code: object) -> None:
    """And is not repeated in the refusal."""
    with pytest.raises(InvalidRequestError, match="code: ") as refusal:
        checked(NewVerificationCodeEntry, {"code": code})

    if isinstance(code, str) and len(code) > 2:
        assert code.strip() not in str(refusal.value)


def test_a_call_needs_nothing() -> None:
    """The order says how to call."""
    assert checked(NewVerificationCallRequest, {}) == NewVerificationCallRequest()


@pytest.mark.parametrize(
    "data", [{"extension": "x"}, {"call_delay": 31}, {"code": "1234"}, {"call_delay": "soon"}]
)
def test_a_malformed_call_is_refused(data: object) -> None:
    """Before it rings anywhere."""
    with pytest.raises(InvalidRequestError):
        checked(NewVerificationCallRequest, data)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "new@example.com"),
        ("contact_title", "CFO"),
        ("contact_phone_number", "+442079460000"),
        ("address_sid", f"AD{SID}"),
        ("cc_emails", ("a@example.com",)),
        ("extension", "w1"),
        ("call_delay", 0),
    ],
)
def test_an_amendment_changes_what_it_names(field: str, value: object) -> None:
    """And nothing else."""
    assert checked(NewAmendment, {field: value}).changes() == {field: value}


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"email": None},
        {"email": "nobody"},
        {"phone_number": "+15017122661"},
        {"email": "new@example.com", "status": "completed"},
    ],
)
def test_an_amendment_of_nothing_or_of_what_is_fixed_is_refused(data: object) -> None:
    """The number, for one, is what the order is."""
    with pytest.raises(InvalidRequestError):
        checked(NewAmendment, data)


PAIRS: list[tuple[type[BaseModel], type[BaseModel]]] = [
    (NewHostedNumberOrder, HostedNumberOrderRequest),
    (NewVerificationCodeEntry, VerificationCodeEntry),
    (NewVerificationCallRequest, VerificationCallRequest),
    (NewAmendment, Amendment),
]


@pytest.mark.parametrize(("strict", "wire"), PAIRS)
def test_a_strict_model_has_the_fields_of_its_wire_twin(
    strict: type[BaseModel], wire: type[BaseModel]
) -> None:
    """What is checked is what is sent, and needed by both alike."""
    assert set(strict.model_fields) == set(wire.model_fields)
    for name, field in strict.model_fields.items():
        assert field.is_required() == wire.model_fields[name].is_required()


@pytest.mark.parametrize(("strict", "wire"), PAIRS)
def test_personal_data_is_not_in_a_models_repr(
    strict: type[BaseModel], wire: type[BaseModel]
) -> None:
    """A log or a traceback that shows a model shows neither e-mail nor code."""
    canary: dict[str, Any] = {
        "email": "canary@example.com",
        "contact_title": "canary",
        "contact_phone_number": "+442079460999",
        "friendly_name": "canary",
        "cc_emails": ["canary@example.com"],
        "code": "918273",
    }
    known = {
        name: value for name, value in {**ORDER, **canary}.items() if name in wire.model_fields
    }
    for model in (strict, wire):
        shown = repr(model.model_validate(known))
        assert "canary" not in shown
        assert "918273" not in shown
        assert "999" not in shown


@given(
    data=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from([*ORDER, "code", "cc_emails"]), inner, max_size=6)
        ),
        max_leaves=8,
    )
)
def test_any_data_is_taken_or_refused_with_a_sentence(data: object) -> None:
    """Nothing that is sent makes the check itself fail."""
    for model, _ in PAIRS:
        with contextlib.suppress(InvalidRequestError):
            assert isinstance(checked(model, data), model)


BLOB: dict[str, Any] = {
    "blob": "+15017122661/0123abcd-0000-4000-8000-000000000000",
    "media_type": "application/pdf",
    "size": 1,
}


def test_a_bill_of_the_last_thirty_days_is_taken() -> None:
    """Its date travels with it."""
    today = datetime.now(UTC).date()
    provided = checked(NewProvidedDocument, {"document": BLOB, "bill_date": today.isoformat()})
    assert provided.type == "utility_bill"
    assert provided.bill_date == today


BAD_DOCUMENTS: list[tuple[dict[str, Any], str]] = [
    ({"bill_date": "2020-01-01"}, "last 30 days"),
    ({"bill_date": "9999-12-31"}, "in the future"),
    ({"type": "Utility Bill"}, "lower-case words"),
    ({"document": BLOB | {"blob": "../etc/passwd"}}, "a slash and a UUID"),
    ({"document": BLOB | {"media_type": "text/html"}}, "a PDF, a JPEG or a PNG"),
    ({"document": BLOB | {"size": 0}}, "greater than 0"),
    ({"document": BLOB, "pages": 2}, "not permitted"),
]


@pytest.mark.parametrize(("fields", "why"), BAD_DOCUMENTS)
def test_a_document_that_cannot_be_one_is_refused(fields: dict[str, Any], why: str) -> None:
    """With the sentence for the field."""
    with pytest.raises(InvalidRequestError, match=why):
        checked(NewProvidedDocument, {"document": BLOB} | fields)


def test_supporting_documents_are_taken_with_an_order() -> None:
    """Each of another type, with its attributes and maybe its file."""
    documents = [
        {"type": "business_registration", "with_file": True, "file": BLOB},
        {"type": "proof_of_address", "attributes": {"address_sids": [f"AD{SID}"]}},
    ]
    order = checked(NewHostedNumberOrder, ORDER | {"supporting_documents": documents})
    assert [each.type for each in order.supporting_documents] == [
        "business_registration",
        "proof_of_address",
    ]


TWICE = [{"type": "passport"}, {"type": "passport"}]
STRANGE = [{"type": "passport", "file": BLOB | {"blob": BLOB["blob"].replace("2661", "9999")}}]
BAD_PAPERS: list[tuple[list[dict[str, Any]], str]] = [
    (TWICE, "of another type"),
    (STRANGE, "another number's order"),
    ([{"type": "utility_bill"}], "verification_type phone-bill"),
    ([{"type": f"t{number}"} for number in range(11)], "at most 10"),
    ([{"type": "passport", "attributes": {f"a{n}": n for n in range(51)}}], "at most 50"),
]


@pytest.mark.parametrize(("documents", "why"), BAD_PAPERS)
def test_supporting_documents_that_cannot_be_are_refused(
    documents: list[dict[str, Any]], why: str
) -> None:
    """Before anything is started."""
    with pytest.raises(InvalidRequestError, match=why):
        checked(NewHostedNumberOrder, ORDER | {"supporting_documents": documents})


def test_an_amendment_names_each_document_once() -> None:
    """As an order does."""
    with pytest.raises(InvalidRequestError, match="of another type"):
        checked(NewAmendment, {"supporting_documents": TWICE})


def test_a_list_of_cc_emails_cannot_be_cleared() -> None:
    """Twilio only replaces it."""
    with pytest.raises(InvalidRequestError, match="only replace it"):
        checked(NewAmendment, {"cc_emails": []})


@pytest.mark.fault("F41")
@pytest.mark.parametrize("field", ["friendly_name", "contact_title", "customer"])
def test_megabytes_never_reach_an_order(field: str) -> None:
    """Three megabytes in a field of text are refused where they come in."""
    with pytest.raises(InvalidRequestError, match=field):
        checked(NewHostedNumberOrder, ORDER | {field: "x" * 3_000_000})


@pytest.mark.parametrize("size", [0, 1001])
def test_a_group_has_a_name_and_a_size_that_can_be(size: int) -> None:
    """1 to 1000 orders, of a group that can be found by its name."""
    group = ORDER | {"loa_group": "spring 2026", "loa_group_size": 1000}
    assert checked(NewHostedNumberOrder, group).loa_group_size == 1000
    for wrong in ({"loa_group_size": size}, {"loa_group": "it's"}, {"loa_group": "x" * 65}):
        with pytest.raises(InvalidRequestError, match="loa_group"):
            checked(NewHostedNumberOrder, group | wrong)
    with pytest.raises(InvalidRequestError, match="name the group too"):
        checked(NewHostedNumberOrder, group | {"loa_group": None})


def test_an_amendment_of_a_letter_changes_something() -> None:
    """At least one field, each as an order has it."""
    wrongs: list[dict[str, Any]] = [{}, {"cc_emails": []}, {"address_sid": "AD1"}, {"customer": 1}]
    amended = checked(NewLetterAmendment, {"contact_title": " Director "})
    assert amended.changes() == {"contact_title": "Director"}
    for wrong in wrongs:
        with pytest.raises(InvalidRequestError):
            checked(NewLetterAmendment, wrong)
