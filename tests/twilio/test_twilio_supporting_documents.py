"""SupportingDocuments: what each method sends and to which host, and what is read back."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue, ValidationError

from hosted_numbers.twilio import (
    InvalidArgumentError,
    NotFoundError,
    RefusedError,
    SupportingDocument,
    SupportingDocumentStatus,
    UnreadableAnswerError,
    Upload,
)
from tests.twilio.stand_in import (
    BILL,
    ORDER_SID,
    SUPPORTING,
    UPLOADED_SID,
    StandIn,
    json_answer,
    supporting_document,
)

NUMBERS = f"https://numbers.twilio.com{SUPPORTING}"
OTHER_SID = "RD" + "0" * 32
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


def read(**changes: Any) -> SupportingDocument:
    return SupportingDocument.model_validate(supporting_document(**changes))


def results(items: list[dict[str, Any]], next_page_url: str | None = None) -> httpx.Response:
    """One page as numbers v2 sends it."""
    return json_answer(
        {"meta": {"key": "results", "next_page_url": next_page_url}, "results": items}
    )


async def test_create_sends_a_form() -> None:
    """Without a file: Twilio's names, the attributes as one JSON text, the ordinary host."""
    stand_in = StandIn(json_answer(supporting_document(), 201))
    attributes: dict[str, JsonValue] = {
        "business_name": "Ann & Zoë",
        "address_sids": ["AD" + "d" * 32],
    }
    async with stand_in.client() as twilio:
        got = await twilio.supporting_documents.create(
            friendly_name="Registration", type="business_registration", attributes=attributes
        )
    assert got.status is SupportingDocumentStatus.DRAFT
    assert (stand_in.request.method, str(stand_in.request.url)) == ("POST", NUMBERS)
    assert stand_in.form[:2] == [
        ("FriendlyName", "Registration"),
        ("Type", "business_registration"),
    ]
    ((name, text),) = stand_in.form[2:]
    assert name == "Attributes"
    assert json.loads(text) == attributes


async def test_create_with_a_file_goes_to_the_host_for_uploads() -> None:
    """The same fields in a form with the file behind them."""
    stand_in = StandIn(json_answer(supporting_document(mime_type="application/pdf"), 201))
    async with stand_in.client() as twilio:
        got = await twilio.supporting_documents.create(
            friendly_name="Registration",
            type="business_registration",
            attributes={"document_number": "312454"},
            file=BILL,
        )
    assert got.mime_type == "application/pdf"
    assert str(stand_in.request.url) == f"https://numbers-upload.twilio.com{SUPPORTING}"
    assert await stand_in.multipart() == [
        ("FriendlyName", "Registration"),
        ("Type", "business_registration"),
        ("Attributes", '{"document_number":"312454"}'),
        ("File", BILL),
    ]


@pytest.mark.parametrize("file", [None, BILL])
async def test_create_needs_no_attributes(file: Upload | None) -> None:
    """What is not given is not sent, in either kind of form."""
    stand_in = StandIn(json_answer(supporting_document(), 201))
    async with stand_in.client() as twilio:
        await twilio.supporting_documents.create(friendly_name="x", type="passport", file=file)
    sent = stand_in.form if file is None else await stand_in.multipart()
    assert [name for name, _ in sent if name != "File"] == ["FriendlyName", "Type"]


@pytest.mark.parametrize(
    "argument",
    [
        {"friendly_name": ""},
        {"friendly_name": "\ud800"},
        {"type": " "},
        {"attributes": {"a": float("nan")}},
        {"attributes": {"a": b"secret"}},
        {"attributes": {("a",): 1}},
        {"file": Upload(b"", "bill.pdf", "application/pdf")},
        {"file": Upload(b"x" * 5_000_001, "bill.pdf", "application/pdf")},
        {"file": Upload(b"GIF89a", "bill.gif", "image/gif")},
        {"file": BILL, "type": "\ud800"},
    ],
    ids=str,
)
async def test_create_refuses_what_twilio_would(argument: dict[str, Any]) -> None:
    """22207, 22210, 22211 and 18024 are found before anything is sent, and no value is shown."""
    stand_in = StandIn(json_answer(supporting_document(), 201))
    async with stand_in.client() as twilio:
        with pytest.raises(InvalidArgumentError) as caught:
            await twilio.supporting_documents.create(
                **{"friendly_name": "x", "type": "passport"} | argument
            )
    assert "secret" not in str(caught.value)
    assert caught.value.__context__ is None
    assert stand_in.requests == []


async def test_attributes_without_an_end_are_refused() -> None:
    """A mapping that holds itself is no JSON."""
    circle: dict[str, Any] = {}
    circle["again"] = circle
    stand_in = StandIn(json_answer(supporting_document(), 201))
    async with stand_in.client() as twilio:
        with pytest.raises(InvalidArgumentError, match="attributes"):
            await twilio.supporting_documents.update(UPLOADED_SID, attributes=circle)
    assert stand_in.requests == []


async def test_fetch_reads_one_document() -> None:
    """The SID stands in the path."""
    stand_in = StandIn(json_answer(supporting_document(status="approved")))
    async with stand_in.client() as twilio:
        got = await twilio.supporting_documents.fetch(UPLOADED_SID)
    assert got.status is SupportingDocumentStatus.APPROVED
    assert (stand_in.request.method, str(stand_in.request.url)) == (
        "GET",
        f"{NUMBERS}/{UPLOADED_SID}",
    )


async def test_update_sends_only_what_is_given() -> None:
    """Attributes that are empty are given all the same."""
    stand_in = StandIn(json_answer(supporting_document()))
    async with stand_in.client() as twilio:
        documents = twilio.supporting_documents
        await documents.update(UPLOADED_SID, friendly_name="New")
        await documents.update(UPLOADED_SID, attributes={})
    name, attributes = stand_in.requests
    assert str(name.url) == f"{NUMBERS}/{UPLOADED_SID}"
    assert name.content == b"FriendlyName=New"
    assert attributes.content == b"Attributes=%7B%7D"


@pytest.mark.parametrize("arguments", [{}, {"friendly_name": ""}])
async def test_update_refuses_to_change_nothing(arguments: dict[str, Any]) -> None:
    """An update of nothing is a mistake of the caller's."""
    stand_in = StandIn(json_answer(supporting_document()))
    async with stand_in.client() as twilio:
        with pytest.raises(InvalidArgumentError):
            await twilio.supporting_documents.update(UPLOADED_SID, **arguments)
    assert stand_in.requests == []


async def test_delete_expects_no_body() -> None:
    """204 with nothing in it is success."""
    stand_in = StandIn(httpx.Response(204))
    async with stand_in.client() as twilio:
        await twilio.supporting_documents.delete(UPLOADED_SID)
    assert stand_in.request.method == "DELETE"
    assert str(stand_in.request.url) == f"{NUMBERS}/{UPLOADED_SID}"


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [(404, 20404, NotFoundError), (400, 21645, RefusedError), (400, 21646, RefusedError)],
)
async def test_a_delete_that_is_refused_says_why(
    status: int, code: int, kind: type[RefusedError]
) -> None:
    """Gone already, in a bundle, under review."""
    async with StandIn(json_answer({"code": code}, status)).client() as twilio:
        with pytest.raises(kind) as caught:
            await twilio.supporting_documents.delete(UPLOADED_SID)
    assert caught.value.code == code


@pytest.mark.parametrize("sid", ["", ORDER_SID, f"{UPLOADED_SID}/.."])
async def test_a_malformed_sid_never_enters_a_path(sid: str) -> None:
    """Fetch, update and delete refuse it before anything is sent."""
    stand_in = StandIn(json_answer(supporting_document()))
    async with stand_in.client() as twilio:
        documents = twilio.supporting_documents
        with pytest.raises(InvalidArgumentError):
            await documents.fetch(sid)
        with pytest.raises(InvalidArgumentError):
            await documents.update(sid, friendly_name="x")
        with pytest.raises(InvalidArgumentError):
            await documents.delete(sid)
    assert stand_in.requests == []


@pytest.mark.parametrize("base_url", [None, "http://127.0.0.1:8081"])
async def test_lists_are_read_under_results_on_their_own_host(base_url: str | None) -> None:
    """The next page is asked of the origin that the first one came from."""
    stand_in = StandIn(
        results([supporting_document()], f"https://preview.twilio.com{SUPPORTING}?PageToken=x"),
        results([supporting_document(sid=OTHER_SID)]),
    )
    async with stand_in.client(base_url) as twilio:
        listed = twilio.supporting_documents.list(page_size=1)
        assert [each.sid async for each in listed] == [UPLOADED_SID, OTHER_SID]
    origin = base_url or "https://numbers.twilio.com"
    assert [str(request.url) for request in stand_in.requests] == [
        f"{origin}{SUPPORTING}?PageSize=1",
        f"{origin}{SUPPORTING}?PageToken=x",
    ]


@pytest.mark.fault("F17")
@pytest.mark.parametrize(
    "answer",
    [
        json_answer({"meta": {"next_page_url": None}, "items": []}),
        json_answer({"meta": {}, "results": []}),
        results([supporting_document()], "https://numbers.twilio.com/v2/Accounts?Page=1"),
    ],
)
async def test_a_malformed_page_is_not_a_short_list(answer: httpx.Response) -> None:
    """Neither another key nor another path is taken for the list."""
    async with StandIn(answer).client() as twilio:
        with pytest.raises(UnreadableAnswerError):
            _ = [each async for each in twilio.supporting_documents.list()]


@pytest.mark.parametrize("size", [0, 1001])
async def test_a_page_has_a_sensible_size(size: int) -> None:
    """Refused at once, not at the first item."""
    async with StandIn(results([])).client() as twilio:
        with pytest.raises(InvalidArgumentError, match="page_size"):
            twilio.supporting_documents.list(page_size=size)


@pytest.mark.parametrize("status", SupportingDocumentStatus)
def test_all_six_statuses_are_known(status: SupportingDocumentStatus) -> None:
    """Provisionally-approved among them, which stands in no table."""
    assert len(SupportingDocumentStatus) == 6
    assert read(status=status.value).status is status


@pytest.mark.fault("F18")
def test_a_document_may_have_little_and_an_unknown_status() -> None:
    """The answer to an upload lacks keys that the others have."""
    got = SupportingDocument.model_validate({"sid": UPLOADED_SID, "status": "Under_Seal"})
    assert got.status == "under-seal"
    assert (got.failure_reason, got.url, got.date_updated) == (None, None, None)
    assert (got.errors, got.attributes) == ((), {})
    assert read(attributes=None).attributes == read(attributes="").attributes == {}
    with pytest.raises(ValidationError):
        read(sid=ORDER_SID)


@pytest.mark.parametrize(
    ("errors", "codes"),
    [
        (None, ()),
        ("", ()),
        ([], ()),
        ([{"code": 18001}, {"code": "18002", "message": "x"}], (18001, 18002)),
        ([18001], (18001,)),
        ([{"message": "x"}, {"code": 18001}, None], (18001,)),
    ],
)
def test_errors_are_their_codes(errors: object, codes: tuple[int, ...]) -> None:
    """What is said beside a code is not kept."""
    got = read(errors=errors)
    assert got.errors == codes
    assert SupportingDocument.model_validate_json(got.model_dump_json()) == got


@given(errors=_json, attributes=_json)
def test_no_errors_and_attributes_bring_the_reading_down(errors: Any, attributes: Any) -> None:
    """Whatever JSON stands there is read or is a ValidationError, and never anything else."""
    try:
        got = read(errors=errors, attributes=attributes)
    except ValidationError:
        return
    assert all(isinstance(code, int) for code in got.errors)
    assert got.attributes == (attributes or {})


def test_repr_hides_what_is_personal() -> None:
    """Neither the name nor the attributes end up in a log."""
    shown = repr(read(friendly_name="Ann's shop"))
    assert UPLOADED_SID in shown
    assert "Ann" not in shown
