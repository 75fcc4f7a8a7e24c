"""X-Twilio-Signature: the documented vectors, the official validator, and forgeries."""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator, get_signature_algorithm

from hosted_numbers.twilio import signatures
from hosted_numbers.twilio.signatures import Algorithm, SignedWith, signed_with
from tests.twilio.stand_in import ORDER_SID

TOKEN = "12345678901234567890123456789012"
CALLBACK = {
    "Status": "pending-loa",
    "HostedNumberOrderSid": ORDER_SID,
    "PhoneNumber": "+15017122661",
}
URL = "https://orchestrator.example.com/twilio/status?order=wf-1"
SIGNATURE = "rZICEL1NX67iUKLS92PvCJ3XvOE="

ALGORITHMS: tuple[Algorithm, ...] = ("HMAC_SHA1", "HMAC_SHA256")

_hosts = st.from_regex(r"[a-z][a-z0-9]{0,8}(\.[a-z]{2,3}){0,2}", fullmatch=True)
_ports = st.none() | st.sampled_from([80, 443]) | st.integers(1, 65535)
_paths = st.from_regex(r"(/[A-Za-z0-9._~%-]{0,6}){0,3}", fullmatch=True)
_queries = st.none() | st.from_regex(r"[a-z]=[A-Za-z0-9%+]{0,6}(&[a-z]=[0-9]?)?", fullmatch=True)
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_params = st.dictionaries(_texts, _texts, max_size=5)


@st.composite
def _spellings(draw: st.DrawFn) -> tuple[str, str]:
    """Two URLs that differ in nothing or in their port."""
    before = draw(st.sampled_from(["http://", "https://"])) + draw(_hosts)
    query = draw(_queries)
    after = draw(_paths) + ("" if query is None else f"?{query}")
    one, other = ("" if port is None else f":{port}" for port in (draw(_ports), draw(_ports)))
    return before + one + after, before + other + after


@pytest.mark.parametrize(
    ("token", "url", "params", "expected"),
    [
        (TOKEN, URL, CALLBACK, SIGNATURE),
        (
            TOKEN,
            f"{URL}&Status=pending-loa&HostedNumberOrderSid={ORDER_SID}&PhoneNumber=%2B15017122661",
            {},
            "hAIhpU6Js+QDKQsaR6rsvaTcwQA=",
        ),
        (TOKEN, "http://127.0.0.1:8088/cb", CALLBACK, "/K5OEdsv5IsoxHEEqbNde1HWQzI="),
        (
            "12345",
            "https://mycompany.com/myapp.php?foo=1&bar=2",
            {
                "CallSid": "CA1234567890ABCDE",
                "Caller": "+14158675309",
                "Digits": "1234",
                "From": "+14158675309",
                "To": "+18005551212",
            },
            "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
        ),
    ],
)
def test_known_vectors(token: str, url: str, params: dict[str, str], expected: str) -> None:
    """Signing gives the published signatures, and verifying accepts them."""
    assert signatures.sign(token, url, params) == expected
    assert signatures.verify(token, url, params, expected)


@given(urls=_spellings(), params=_params, algorithm=st.sampled_from(ALGORITHMS))
def test_agrees_with_the_official_validator(
    urls: tuple[str, str], params: dict[str, str], algorithm: Algorithm
) -> None:
    """What we sign, Twilio's validator accepts, and what it signs, we accept."""
    url, _ = urls
    official = RequestValidator(TOKEN)
    ours = signatures.sign(TOKEN, url, params, algorithm=algorithm)
    assert ours == official.compute_signature(url, params, algorithm)
    assert official.validate(url, params, ours, algorithm)
    assert signatures.verify(TOKEN, url, params, ours, algorithm=algorithm)


@given(urls=_spellings(), params=_params, algorithm=st.sampled_from(ALGORITHMS))
def test_accepts_exactly_what_the_official_validator_accepts(
    urls: tuple[str, str], params: dict[str, str], algorithm: Algorithm
) -> None:
    """A signature over another spelling of the URL counts for us when it does for Twilio."""
    url, signed = urls
    signature = signatures.sign(TOKEN, signed, params, algorithm=algorithm)
    expected = RequestValidator(TOKEN).validate(url, params, signature, algorithm)
    assert signatures.verify(TOKEN, url, params, signature, algorithm=algorithm) is expected


@given(
    position=st.integers(min_value=0),
    replacement=st.characters(exclude_categories=["Cs"]),
    what=st.sampled_from(["token", "url", "value", "signature"]),
    algorithm=st.sampled_from(ALGORITHMS),
)
@pytest.mark.fault("F22")
@pytest.mark.security("S1")
def test_any_changed_character_is_a_forgery(
    position: int, replacement: str, what: str, algorithm: Algorithm
) -> None:
    """No character of the token, the URL, a parameter or the signature can be changed."""
    genuine = {
        "token": TOKEN,
        "url": URL,
        "value": CALLBACK["Status"],
        "signature": signatures.sign(TOKEN, URL, CALLBACK, algorithm=algorithm),
    }
    text = genuine[what]
    index = position % len(text)
    changed = text[:index] + replacement + text[index + 1 :]
    parts = genuine | {what: changed}
    accepted = signatures.verify(
        parts["token"],
        parts["url"],
        CALLBACK | {"Status": parts["value"]},
        parts["signature"],
        algorithm=algorithm,
    )
    # A number sign cuts the URL at a fragment, which can never give the signed text either.
    assert accepted is (changed == text)


def test_every_byte_of_the_signature_counts() -> None:
    """Flipping any bit of any byte of the signature makes it wrong."""
    for index in range(len(SIGNATURE)):
        for bit in range(7):
            changed = chr(ord(SIGNATURE[index]) ^ (1 << bit))
            forged = SIGNATURE[:index] + changed + SIGNATURE[index + 1 :]
            assert not signatures.verify(TOKEN, URL, CALLBACK, forged)


@pytest.mark.parametrize(
    ("configured", "signed"),
    [
        ("https://example.com/cb", "https://example.com:443/cb"),
        ("https://example.com:443/cb", "https://example.com/cb"),
        ("http://example.com/cb", "http://example.com:80/cb"),
        ("https://example.com:8443/cb?a=1", "https://example.com/cb?a=1"),
        ("https://user:pass@example.com/cb", "https://user:pass@example.com:443/cb"),
        ("https://user:pass@example.com:8443/cb", "https://user:pass@example.com/cb"),
        ("https://[2001:db8::1]/cb", "https://[2001:db8::1]:443/cb"),
        ("https://[2001:db8::1]:8443/cb", "https://[2001:db8::1]/cb"),
        ("https://u:p@[::1]:8443", "https://u:p@[::1]"),
        ("https://example.com?a=:80", "https://example.com:443?a=:80"),
        ("HTTPS://Example.com/cb?", "HTTPS://Example.com:443/cb?"),
        ("https://example.com/cb#rc=2", "https://example.com:443/cb"),
        ("https://example.com/cb", "https://example.com/cb#rc=2"),
    ],
)
def test_the_port_may_be_there_or_not(configured: str, signed: str) -> None:
    """Twilio signs the URL with or without the port; the fragment never counts."""
    signature = signatures.sign(TOKEN, signed, CALLBACK)
    assert signatures.verify(TOKEN, configured, CALLBACK, signature)


@pytest.mark.parametrize(
    ("configured", "signed"),
    [
        ("https://example.com/cb", "https://example.com:8443/cb"),
        ("https://example.com/cb", "https://example.com:80/cb"),
        ("https://example.com/cb", "http://example.com/cb"),
        ("https://example.com/cb", "https://example.com/cb?"),
        ("https://example.com/cb?a=%2B", "https://example.com/cb?a=+"),
        ("https://user:pass@example.com/cb", "https://user@example.com/cb"),
        ("ftp://example.com/cb", "ftp://example.com:443/cb"),
    ],
)
def test_other_spellings_are_other_urls(configured: str, signed: str) -> None:
    """Nothing but the port is forgiven."""
    signature = signatures.sign(TOKEN, signed, CALLBACK)
    assert not signatures.verify(TOKEN, configured, CALLBACK, signature)


def test_a_url_of_another_scheme_is_signed_as_it_is() -> None:
    """Where a default port makes no sense the URL counts as given."""
    signature = signatures.sign(TOKEN, "ftp://example.com/cb")
    assert signatures.verify(TOKEN, "ftp://example.com/cb", (), signature)


def test_order_and_repetition_of_parameters_do_not_matter() -> None:
    """Distinct pairs in ascending order are signed, in whatever shape they come."""
    expected = signatures.sign(TOKEN, URL, [("a", "1"), ("a", "2"), ("B", "x")])
    assert signatures.sign(TOKEN, URL, {"B": "x", "a": ["2", "1", "2"]}) == expected
    assert signatures.sign(TOKEN, URL, {"a": ("1", "2"), "B": ["x"], "c": []}) == expected
    assert signatures.verify(TOKEN, URL, iter([("B", "x"), ("a", "2"), ("a", "1")]), expected)


def test_names_are_sorted_by_code_point() -> None:
    """Capitals come before small letters, as the text that is signed shows."""
    text = URL + "B1" + "a2"
    assert signatures.sign(TOKEN, URL, {"a": "2", "B": "1"}) == signatures.sign(TOKEN, text)


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ([TOKEN, "other"], True),
        (["other", TOKEN], True),
        (("", TOKEN), True),
        (["other"], False),
        ([""], False),
        ([], False),
        ("", False),
    ],
)
def test_rotation_accepts_either_token_and_empty_ones_never(
    tokens: str | Sequence[str], *, expected: bool
) -> None:
    """Any configured token counts; an empty one is no token."""
    assert signatures.verify(tokens, URL, CALLBACK, SIGNATURE) is expected


def test_an_empty_token_signs_nothing() -> None:
    """A signature that anyone can make is refused rather than made."""
    with pytest.raises(ValueError, match="auth token"):
        signatures.sign("", URL)


@pytest.mark.parametrize("signature", [None, "", " ", "é", "\ud800", SIGNATURE + "\n"])
def test_a_missing_or_odd_signature_is_false(signature: str | None) -> None:
    """No header, an empty one and one that is not ASCII are all plain refusals."""
    assert not signatures.verify(TOKEN, URL, CALLBACK, signature)


def test_parameters_that_cannot_be_signed_are_false() -> None:
    """A lone surrogate, a number, or a pair that is none is a refusal, not a crash."""
    assert not signatures.verify(TOKEN, URL, {"a": "\ud800"}, SIGNATURE)
    assert not signatures.verify(TOKEN, URL, {"a": 1}, SIGNATURE)  # type: ignore[arg-type]  # what a careless caller may pass
    assert not signatures.verify(TOKEN, URL, [("a",)], SIGNATURE)  # type: ignore[list-item]  # the same


BODY = b'{"Status": "pending-loa"}'
BODY_URL = f"https://example.com/cb?bodySHA256={hashlib.sha256(BODY).hexdigest()}"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_json_body_is_signed_by_its_hash(algorithm: Algorithm) -> None:
    """The right body with the right signature is accepted, as by the official validator."""
    signature = signatures.sign(TOKEN, BODY_URL, algorithm=algorithm)
    assert RequestValidator(TOKEN).validate(BODY_URL, BODY.decode(), signature, algorithm)
    for tokens in (TOKEN, ["", "old", TOKEN]):
        assert signatures.verify_body(tokens, BODY_URL, BODY, signature, algorithm=algorithm)


@pytest.mark.security("S1")
@pytest.mark.parametrize(
    ("signed", "expected"), [("HMAC_SHA1", "HMAC_SHA256"), ("HMAC_SHA256", "HMAC_SHA1")]
)
def test_the_receiver_says_which_algorithm_counts(signed: Algorithm, expected: Algorithm) -> None:
    """The same secret does not make a signature by the other algorithm good."""
    form = signatures.sign(TOKEN, URL, CALLBACK, algorithm=signed)
    body = signatures.sign(TOKEN, BODY_URL, algorithm=signed)
    assert not signatures.verify(TOKEN, URL, CALLBACK, form, algorithm=expected)
    assert not signatures.verify_body(TOKEN, BODY_URL, BODY, body, algorithm=expected)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], SignedWith("HMAC_SHA1")),
        (["algorithm=HMAC_SHA1"], SignedWith("HMAC_SHA1")),
        (
            ["key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"],
            SignedWith("HMAC_SHA256", "webhooks_sharedkey_1"),
        ),
        (["algorithm=HMAC_SHA256, key=k"], SignedWith("HMAC_SHA256", "k")),
        (["key=k,algorithm=HMAC_SHA1"], SignedWith("HMAC_SHA1", "k")),
        (["key=a=b,algorithm=HMAC_SHA256"], SignedWith("HMAC_SHA256", "a=b")),
        (["algorithm=HMAC_SHA256"], SignedWith("HMAC_SHA256")),
    ],
)
def test_the_header_of_the_shared_keys(headers: list[str], expected: SignedWith) -> None:
    """It names the key and the algorithm; without it the auth token signed."""
    assert signed_with(headers) == expected
    assert signed_with([str(expected)]) == expected
    assert get_signature_algorithm(str(expected)) == expected.algorithm


@pytest.mark.security("S1")
@pytest.mark.parametrize(
    "headers",
    [
        [""],
        ["key=k"],
        ["HMAC_SHA256"],
        ["key=k,algorithm="],
        ["key=k,algorithm=hmac_sha256"],
        ["key=k,algorithm=HMAC_SHA512"],
        ["key=k,algorithm=none"],
        ["key=k,algorithm=HMAC_SHA256,"],
        ["key=k,key=k,algorithm=HMAC_SHA256"],
        ["algorithm=HMAC_SHA256,algorithm=HMAC_SHA256"],
        ["key=k,algorithm=HMAC_SHA256,more=x"],
        ["key=k;algorithm=HMAC_SHA256"],
        ["key=k,algorithm=HMAC_SHA256"] * 2,
    ],
)
def test_a_header_that_cannot_be_understood_is_refused(headers: list[str]) -> None:
    """Twice, malformed, or an algorithm that nobody knows: no guess is made."""
    with pytest.raises(ValueError, match=r"header|key=|algorithm"):
        signed_with(headers)


@pytest.mark.parametrize(
    ("url", "body"),
    [
        (BODY_URL, BODY + b" "),
        (BODY_URL, b""),
        ("https://example.com/cb", BODY),
        ("https://example.com/cb?bodySHA256=", BODY),
        ("https://example.com/cb?bodySHA256=%C3%A9", BODY),
        (f"{BODY_URL}&bodySHA256=00", BODY),
        (BODY_URL.replace("example.com", "[example"), BODY),
    ],
)
def test_a_body_that_is_not_the_signed_one_is_false(url: str, body: bytes) -> None:
    """A good signature over the URL does not vouch for another body, or for one without hash."""
    assert not signatures.verify_body(TOKEN, url, body, signatures.sign(TOKEN, url))


def test_a_body_with_the_right_hash_still_needs_the_signature() -> None:
    """Anyone can compute a hash."""
    assert not signatures.verify_body(TOKEN, BODY_URL, BODY, signatures.sign("other", BODY_URL))
    assert not signatures.verify_body(TOKEN, BODY_URL, BODY, None)
