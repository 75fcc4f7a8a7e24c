"""SupportingDocuments over HTTP."""

from typing import Any

import pytest
import requests

from tests.simulator.workshop import (
    ACCOUNT_SID,
    AUTH,
    BASE_URL,
    JPEG,
    JSON,
    LOCKED_PDF,
    PDF,
    PNG,
    SUPPORTING,
    Workshop,
    a_config,
    a_workshop,
)

PACE = 10.0
LIMIT = 5_242_880
FORM = {"FriendlyName": "Registration", "Type": "business_registration"}


async def upload(sim: Workshop, content: bytes, **form: str) -> Any:
    return await sim.http.post(
        SUPPORTING, data=FORM | form, files={"File": ("registration", content)}
    )


async def decide(sim: Workshop, document: JSON, status: str, **body: Any) -> JSON:
    path = f"supporting-documents/{document['sid']}"
    return await sim.control(path, {"status": status, **body})


async def test_a_create(sim: Workshop) -> None:
    """201 with twelve fields; the attributes come back as an object."""
    answer = await sim.http.post(SUPPORTING, data=FORM | {"Attributes": '{"a": ["ü", 1.5]}'})
    document = answer.json()
    assert answer.status_code == 201
    assert document["sid"].startswith("RD")
    assert document == {
        "sid": document["sid"],
        "account_sid": ACCOUNT_SID,
        "friendly_name": "Registration",
        "mime_type": None,
        "status": "draft",
        "failure_reason": None,
        "errors": None,
        "type": "business_registration",
        "attributes": {"a": ["ü", 1.5]},
        "date_created": "2023-11-14T22:13:20Z",
        "date_updated": "2023-11-14T22:13:20Z",
        "url": f"{BASE_URL}{SUPPORTING}/{document['sid']}",
    }
    assert await sim.get(f"{SUPPORTING}/{document['sid']}") == document
    assert (await sim.ledger())["supporting_documents"] == [
        {
            "sid": document["sid"],
            "type": "business_registration",
            "status": "draft",
            "deleted": False,
        }
    ]


@pytest.mark.parametrize(
    ("content", "mime_type"),
    [(PDF, "application/pdf"), (JPEG, "image/jpeg"), (PNG, "image/png")],
)
async def test_a_create_with_its_file(sim: Workshop, content: bytes, mime_type: str) -> None:
    """The same path, told apart by the type of the body."""
    answer = await upload(sim, content, Attributes='{"document_number": "1"}')
    assert answer.status_code == 201
    assert answer.json()["mime_type"] == mime_type
    assert answer.json()["attributes"] == {"document_number": "1"}


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"FriendlyName": ""}, 22211),
        ({"Type": ""}, 22210),
        ({"Type": "Business Registration"}, 22210),
        ({"Type": "9lives"}, 22210),
        ({"Type": "x" * 65}, 22210),
        ({"Attributes": "{"}, 22207),
        ({"Attributes": "[1]"}, 22207),
        ({"Attributes": '{"a": NaN}'}, 22207),
        ({"Attributes": '{"a": 1e999}'}, 22207),
        ({"Attributes": '{"a": "\\ud800"}'}, 22207),
        ({"Attributes": "[" * 100_000}, 22207),
    ],
)
async def test_a_create_is_checked(sim: Workshop, form: dict[str, str], code: int) -> None:
    """Twilio's code for each, and nothing is made, with a file or without."""
    assert await sim.refused(SUPPORTING, **(FORM | form)) == code
    if len(str(form)) < 1000:
        assert (await upload(sim, PDF, **form)).json()["code"] == code
    assert (await sim.ledger())["supporting_documents"] == []


@pytest.mark.parametrize(
    "content", [b"GIF89a....", b"text", b"", LOCKED_PDF, PDF + b"x" * LIMIT, b"x" * 2 * LIMIT]
)
async def test_files_that_cannot_be_processed(sim: Workshop, content: bytes) -> None:
    """18024 for another format, no content, a password, more than 5 MB."""
    answer = await upload(sim, content)
    assert (answer.status_code, answer.json()["code"]) == (400, 18024)
    assert answer.json()["status"] == 400


async def test_the_largest_file(sim: Workshop) -> None:
    """Exactly the limit is taken."""
    assert (await upload(sim, PDF + b"x" * (LIMIT - len(PDF)))).status_code == 201


async def test_uploads_that_are_none(sim: Workshop) -> None:
    """20001 without the file, and for what cannot be read."""
    answer = await sim.http.post(SUPPORTING, data=FORM, files={"file": ("a", PDF)})
    assert (answer.status_code, answer.json()["code"]) == (400, 20001)
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = await sim.http.post(SUPPORTING, content=b"nonsense", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, 20001)


async def test_an_update(sim: Workshop) -> None:
    """Name and attributes of a draft; only what was sent changes."""
    document = await sim.post(SUPPORTING, **FORM, Attributes='{"a": 1}')
    path = f"{SUPPORTING}/{document['sid']}"
    await sim.advance(5)
    assert (await sim.post(path))["date_updated"] == document["date_updated"]
    renamed = await sim.post(path, FriendlyName="New")
    assert (renamed["friendly_name"], renamed["attributes"]) == ("New", {"a": 1})
    assert renamed["date_updated"] == "2023-11-14T22:13:25Z"
    emptied = await sim.post(path, Attributes="{}")
    assert (emptied["friendly_name"], emptied["attributes"]) == ("New", {})


async def test_updates_that_are_refused(sim: Workshop) -> None:
    """Bad attributes, a status beside them, a status that is the reviewer's to give."""
    document = await sim.post(SUPPORTING, **FORM)
    path = f"{SUPPORTING}/{document['sid']}"
    assert await sim.refused(path, Attributes="x") == 22207
    assert await sim.refused(path, Attributes="{}", Status="pending-review") == 22208
    for status in ("approved", "rejected", "expired", "sent"):
        assert await sim.refused(path, Status=status) == 22209
    assert await sim.get(path) == document


async def test_submitting(sim: Workshop) -> None:
    """A draft that the customer submits is a draft no more: it can only be judged."""
    document = await sim.post(SUPPORTING, **FORM)
    path = f"{SUPPORTING}/{document['sid']}"
    assert (await sim.post(path, Status="draft"))["status"] == "draft"
    assert (await sim.post(path, Status="pending-review"))["status"] == "pending-review"
    assert await sim.refused(path, FriendlyName="New") == 22209
    assert await sim.refused(path, Status="draft") == 22209
    answer = await sim.http.delete(path)
    assert (answer.status_code, answer.json()["code"]) == (400, 21646)


@pytest.mark.parametrize(
    ("status", "deletable"),
    [
        ("approved", True),
        ("rejected", True),
        ("pending-review", False),
        ("provisionally-approved", False),
    ],
)
async def test_a_delete(sim: Workshop, status: str, *, deletable: bool) -> None:
    """204 and then nowhere, or 21646 and still there."""
    document, other = await sim.post(SUPPORTING, **FORM), await sim.post(SUPPORTING, **FORM)
    path = f"{SUPPORTING}/{document['sid']}"
    await decide(sim, document, status)
    answer = await sim.http.delete(path)
    if not deletable:
        assert (answer.status_code, answer.json()["code"]) == (400, 21646)
        assert (await sim.get(path))["status"] == status
        return
    assert (answer.status_code, answer.content) == (204, b"")
    for method in ("GET", "POST", "DELETE"):
        gone = await sim.http.request(method, path)
        assert (gone.status_code, gone.json()["code"]) == (404, 20404)
    assert (await sim.get(SUPPORTING))["results"] == [other]
    assert [each["deleted"] for each in (await sim.ledger())["supporting_documents"]] == [
        True,
        False,
    ]
    control = await sim.http.post(
        f"/_simulator/supporting-documents/{document['sid']}", json={"status": "expired"}
    )
    assert control.status_code == 409


async def test_an_expired_one_stays(sim: Workshop) -> None:
    """Approved, then expired: 21646."""
    document = await sim.post(SUPPORTING, **FORM)
    await decide(sim, document, "PROVISIONALLY_APPROVED")
    await decide(sim, document, "approved")
    assert (await decide(sim, document, "expired"))["status"] == "expired"
    answer = await sim.http.delete(f"{SUPPORTING}/{document['sid']}")
    assert answer.json()["code"] == 21646


async def test_a_list(sim: Workshop) -> None:
    """The key is results, and pages lead to each other."""
    sids = [(await sim.post(SUPPORTING, **FORM))["sid"] for _ in range(3)]
    page = await sim.get(SUPPORTING, PageSize=2)
    assert page["meta"]["key"] == "results"
    assert page["meta"]["first_page_url"] == f"{BASE_URL}{SUPPORTING}?PageSize=2&Page=0"
    rest = await sim.get(page["meta"]["next_page_url"])
    assert [each["sid"] for each in page["results"] + rest["results"]] == sids
    assert rest["meta"]["next_page_url"] is None


async def test_a_rejection(sim: Workshop) -> None:
    """It carries an error's code and a reason, and is final."""
    document, other = await sim.post(SUPPORTING, **FORM), await sim.post(SUPPORTING, **FORM)
    rejected = await decide(sim, document, "REJECTED", failure_reason="Illegible")
    assert rejected["status"] == "rejected"
    assert (rejected["failure_reason"], rejected["errors"]) == ("Illegible", [{"code": 18001}])
    assert (await decide(sim, other, "rejected"))["failure_reason"]
    answer = await sim.http.post(
        f"/_simulator/supporting-documents/{document['sid']}", json={"status": "approved"}
    )
    assert answer.status_code == 409
    answer = await sim.http.post(
        f"/_simulator/supporting-documents/RD{'0' * 32}", json={"status": "approved"}
    )
    assert answer.status_code == 404


async def test_the_reviewer_goes_at_the_pace() -> None:
    """A pace as a draft, a pace under review, then approved; nobody touches a deleted one."""
    async with a_workshop(a_config(pace=PACE, people={"reviewer"})) as sim:
        document, gone = await sim.post(SUPPORTING, **FORM), await sim.post(SUPPORTING, **FORM)
        await sim.http.delete(f"{SUPPORTING}/{gone['sid']}")
        path = f"{SUPPORTING}/{document['sid']}"
        for status in ("draft", "pending-review", "approved", "approved"):
            assert (await sim.get(path))["status"] == status
            await sim.advance(PACE)
        assert [each["status"] for each in (await sim.ledger())["supporting_documents"]] == [
            "approved",
            "draft",
        ]


async def test_submitted_to_a_reviewer() -> None:
    """A customer who submits waits one pace, not two; a locked file is rejected then."""
    config = a_config(pace=PACE, people={"reviewer"}, accept_locked_documents=True)
    async with a_workshop(config) as sim:
        document, locked = await sim.post(SUPPORTING, **FORM), (await upload(sim, LOCKED_PDF))
        for each in (document, locked.json()):
            await sim.post(f"{SUPPORTING}/{each['sid']}", Status="pending-review")
        await sim.advance(PACE)
        one, two = (await sim.get(SUPPORTING))["results"]
        assert (one["status"], one["errors"]) == ("approved", None)
        assert (two["status"], two["errors"]) == ("rejected", [{"code": 18024}])


async def test_faults_and_counts(sim: Workshop) -> None:
    """Each SID is written {sid}, in rules and in the ledger."""
    document = await sim.post(SUPPORTING, **FORM)
    rule = {"method": "GET", "path": f"{SUPPORTING}/{{sid}}", "action": "status", "status": 503}
    await sim.control("faults", rule)
    assert (await sim.http.get(f"{SUPPORTING}/{document['sid']}")).status_code == 503
    assert (await sim.ledger())["requests"] == {
        f"POST {SUPPORTING}": 1,
        f"GET {SUPPORTING}/{{sid}}": 1,
    }


def test_an_upload_over_a_socket(base_url: str) -> None:
    """An ordinary HTTP library sends the multipart form that Twilio's page shows."""
    with requests.Session() as session:
        session.trust_env, session.auth = False, AUTH
        answer = session.post(
            f"{base_url}{SUPPORTING}",
            data=FORM | {"Attributes": '{"business_name": "Twilio"}'},
            files={"File": ("registration.png", PNG, "image/png")},
        )
    assert (answer.status_code, answer.json()["mime_type"]) == (201, "image/png")
