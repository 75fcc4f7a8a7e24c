"""What is hidden wherever it stands, and what must stay readable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hosted_numbers.telemetry.masking import without_personal_data


@pytest.mark.security("S22")
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a call to +15017122661 now", "a call to ********2661 now"),
        ("hosted-number-order/+15017122661", "hosted-number-order/********2661"),
        ("/orders/%2B15017122661?x=1", "/orders/********2661?x=1"),
        ("tel15017122661", "tel*******2661"),
        ("5017122661", "******2661"),
        ("(501) 712-2661", "******2661"),
        ("+1 501 712 2661", "********2661"),
        ("to owner@example.com.", "to (e-mail)"),
        ("owner%40example.com", "(e-mail)"),
        ("{'code': '918273'}", "{'code': '******'}"),
        ("code=12345", "code=*****"),
        ("code:12345", "code:*****"),
        ("code_12345", "code_*****"),
        ("code 12345", "code *****"),
    ],
)
def test_what_is_personal_is_hidden(text: str, shown: str) -> None:
    """Numbers keep four digits, codes and addresses nothing, however they stand."""
    assert without_personal_data(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "POST /v1/hosted-number-orders 201",
        "HR0123456789012345678901234567890f of AC01234567890123456789012345678901",
        "run 550e8400-e29b-41d4-a716-446655440000",
        "since 2026-11-22T10:11:12.123Z, until 2026-11-23",
        "at http://temporal.example:7233/x and 127.0.0.1:8080 and localhost:9464",
        "********2661 told",
        "c0ffee00c0ffee00c0ffee00c0ffee00",
        "12345678901234567890",
        "",
    ],
)
def test_what_helps_stays(text: str) -> None:
    """SIDs, run ids, times, addresses of servers, statuses, and what is masked already."""
    assert without_personal_data(text) == text


@pytest.mark.security("S22")
def test_a_line_stays_a_line() -> None:
    """Nobody ends a line, colours a terminal or writes without an end."""
    assert without_personal_data("a\r\nINFO b\x1b[31m\u2028c") == r"a\r\nINFO b\x1b[31m\u2028c"
    assert len(without_personal_data("x" * 10_000)) == 4000


@pytest.mark.security("S22")
@given(
    before=st.text(max_size=20),
    digits=st.from_regex(r"[1-9][0-9]{9,13}", fullmatch=True),
    after=st.text(max_size=20),
)
def test_no_number_gets_through(before: str, digits: str, after: str) -> None:
    """Whatever stands around it."""
    shown = without_personal_data(f"{before} +{digits} {after}")
    assert digits not in shown


@given(st.text(max_size=200))
def test_to_mask_twice_changes_nothing_more(text: str) -> None:
    """A line may pass through two processes."""
    once = without_personal_data(text)
    assert without_personal_data(once) == once
