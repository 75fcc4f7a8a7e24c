"""What the tests of the deploy kit go by: it sees what would be wrong."""

import pytest

from tests.deploy.kit import Given

FILES = frozenset({"/s/keys", "/s/secret"})
RIGHT: dict[str, str | None] = {
    "HOSTED_NUMBERS_ENV": "production",
    "TEMPORAL_CONFIG_FILE": "/t/temporal.toml",
    "TWILIO_ACCOUNT_SID": "AC",
    "TWILIO_API_KEY": "SK",
    "TWILIO_API_SECRET_FILE": "/s/secret",
    "PUBLIC_BASE_URL": "https://numbers.example.com",
    "HOSTED_NUMBERS_BLOB_STORE": "s3://bucket",
    "HOSTED_NUMBERS_ENCRYPTION_KEYS_FILE": "/s/keys",
    "HOSTED_NUMBERS_ALIVE_FILE": "/tmp/alive",
}


def test_what_is_right_is_right() -> None:
    """Nothing to complain of."""
    assert list(Given("worker", RIGHT, FILES).complaints()) == []


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"HOSTED_NUMBERS_SPEED": "7"}, "HOSTED_NUMBERS_SPEED is no setting"),
        ({"HOSTED_NUMBERS_API_KEYS_FILE": "/s/keys"}, "API_KEYS is not read by the worker"),
        ({"TWILIO_AUTH_TOKEN": "canary"}, "TWILIO_AUTH_TOKEN is a secret in the open"),
        ({"TWILIO_API_SECRET_FILE": "/s/none"}, "API_SECRET_FILE is a file that is not there"),
        ({"PUBLIC_BASE_URL": "-"}, "PUBLIC_BASE_URL is missing"),
        ({"TEMPORAL_CONFIG_FILE": "-"}, "no way to Temporal"),
    ],
    ids=["unknown", "somebody else's", "in the open", "no file", "missing", "no Temporal"],
)
def test_what_is_wrong_is_said(changes: dict[str, str], complaint: str) -> None:
    """One thing each."""
    wrong = {name: value for name, value in (RIGHT | changes).items() if value != "-"}
    [said] = Given("worker", wrong, FILES).complaints()
    assert said.endswith(complaint)
