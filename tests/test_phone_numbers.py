"""Which numbers can be hosted, and the sentence for those that cannot."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hosted_numbers.phone_numbers import dialable_phone_number, hostable_phone_number, masked


@pytest.mark.parametrize(
    "number",
    [
        "+15017122661",  # Arkansas
        "+12125551234",  # New York
        "+16135550123",  # Ottawa
        "+18005551234",  # toll-free
        "+18885551234",
        "+15015550110",  # the range kept for fiction, which the simulator uses
    ],
)
def test_a_number_of_the_us_or_canada_is_hostable(number: str) -> None:
    """It comes back as it was."""
    assert hostable_phone_number(number) == number


NOT_E164 = "written as E.164"
UNHOSTABLE = [
    ("", NOT_E164),
    ("5017122661", NOT_E164),
    ("15017122661", NOT_E164),
    ("+1 501 712 2661", NOT_E164),
    ("+1-501-712-2661", NOT_E164),
    ("(501) 712-2661", NOT_E164),
    ("+15017122661 ", NOT_E164),
    ("+15017122661\n", NOT_E164),
    ("+15017122661;ext=1", NOT_E164),
    ("+\u0661\u0665\u0660\u0661\u0667\u0661\u0662\u0662\u0666\u0666\u0661", NOT_E164),
    ("+05017122661", NOT_E164),
    ("++15017122661", NOT_E164),
    ("tel:+15017122661", NOT_E164),
    ("+1501712266112345", NOT_E164),
    ("+442079460000", "US and Canada only"),
    ("+4930901820", "US and Canada only"),
    ("+525555555555", "US and Canada only"),
    ("+999123456789", "country code"),
    ("+1501712266", "No such number can exist"),
    ("+150171226611", "No such number can exist"),
    ("+10017122661", "No such number can exist"),
    ("+15010122661", "No such number can exist"),
    ("+18765551234", "no other \\+1 country"),  # Jamaica
    ("+12423221234", "no other \\+1 country"),  # Bahamas
    ("+17875551234", "no other \\+1 country"),  # Puerto Rico
    ("+19005551234", "premium-rate"),
    ("+15005550006", "personal number"),  # 500 is no area: such a number follows its owner
]


@pytest.mark.parametrize(("number", "sentence"), UNHOSTABLE)
def test_any_other_number_is_refused_with_the_reason(number: str, sentence: str) -> None:
    """One sentence, which does not repeat the number."""
    with pytest.raises(ValueError, match=sentence) as refusal:
        hostable_phone_number(number)

    if number.startswith("+1") and "E.164" not in str(refusal.value):
        assert number not in str(refusal.value)
    assert str(refusal.value).endswith(".")


@pytest.mark.parametrize("number", ["+15017122661", "+442079460000", "+4930901820"])
def test_a_number_of_any_country_is_dialable(number: str) -> None:
    """The signer may live anywhere."""
    assert dialable_phone_number(number) == number


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        ("020 7946 0000", NOT_E164),
        ("+1501712", "No such number can exist"),
        ("+999123456789", "country code"),
    ],
)
def test_what_nobody_could_call_is_refused(number: str, sentence: str) -> None:
    """With the reason."""
    with pytest.raises(ValueError, match=sentence):
        dialable_phone_number(number)


@given(st.text())
def test_any_text_is_a_number_or_refused(text: str) -> None:
    """No text makes it fail in another way."""
    for check in (hostable_phone_number, dialable_phone_number):
        with contextlib.suppress(ValueError):
            assert check(text) == text


@pytest.mark.parametrize(
    ("number", "shown"),
    [("+15017122661", "********2661"), ("12345", "*2345"), ("", "")],
)
def test_a_number_is_masked_but_for_its_last_four_digits(number: str, shown: str) -> None:
    """Enough to recognise it by, for whoever knows it."""
    assert masked(number) == shown
