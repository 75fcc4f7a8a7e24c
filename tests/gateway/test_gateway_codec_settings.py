"""The codec endpoint's settings: what they take, and half of them."""

from typing import Any

import pytest

from hosted_numbers.errors import SettingsError
from hosted_numbers.settings import Settings
from tests.gateway.codec import gateway_that_decodes
from tests.gateway.orders_in_memory import settings_of_gateway

pytestmark = pytest.mark.security("S15")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"hosted_numbers_encryption_keys": None}, "HOSTED_NUMBERS_ENCRYPTION_KEYS_FILE"),
        (
            {"hosted_numbers_codec_origins": "", "hosted_numbers_codec_jwks_url": "https://x.y/z"},
            "HOSTED_NUMBERS_CODEC_ORIGINS",
        ),
        (
            {"hosted_numbers_codec_jwks_url": "https://x.y/z"},
            "HOSTED_NUMBERS_CODEC_JWT_AUDIENCE and HOSTED_NUMBERS_CODEC_JWT_ISSUER",
        ),
    ],
    ids=["no keys", "no origins", "no audience"],
)
def test_half_of_its_settings_does_not_start(changes: dict[str, Any], named: str) -> None:
    """The message names what is missing."""
    with pytest.raises(SettingsError, match="Set ") as error:
        gateway_that_decodes(**changes)

    assert named in error.value.next_step


@pytest.mark.parametrize(
    ("origins", "understood"),
    [
        ("", ()),
        ("https://ui.example.com", ("https://ui.example.com",)),
        (
            "HTTPS://UI.Example.com:443, http://localhost:8233",
            ("https://ui.example.com", "http://localhost:8233"),
        ),
        ("http://[::1]:8233,http://127.0.0.1:80", ("http://[::1]:8233", "http://127.0.0.1")),
    ],
)
def test_origins_are_understood_as_browsers_send_them(
    origins: str, understood: tuple[str, ...]
) -> None:
    """In lower case, without the port that goes without saying."""
    settings = settings_of_gateway(
        hosted_numbers_env="production", hosted_numbers_codec_origins=origins
    )

    assert settings.hosted_numbers_codec_origins == understood


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "ui.example.com",
        "https://ui.example.com/",
        "https://ui.example.com/ui",
        "https://*.example.com",
        "https://user@ui.example.com",
        "ftp://ui.example.com",
        "https://ui.example.com:port",
        "http://ui.example.com",
        "http://127.0.0.1.example.com",
    ],
)
def test_what_is_no_exact_origin_is_refused(origin: str) -> None:
    """The last two are, but their pages could be changed on the way, so not in production."""
    with pytest.raises(ValueError, match="origin is http"):
        settings_of_gateway(hosted_numbers_env="production", hosted_numbers_codec_origins=origin)


@pytest.mark.parametrize(
    ("environment", "url", "taken"),
    [
        ("production", "https://idp.example.com/jwks?p=policy", True),
        ("production", "http://127.0.0.1:9000/jwks", False),
        ("development", "http://127.0.0.1:9000/jwks", True),
        ("development", "http://idp.example.com/jwks", False),
        ("development", "file:///etc/passwd", False),
        ("development", "https:///jwks", False),
        ("development", "https://user:x@idp.example.com/jwks", False),
        ("development", "https://idp.example.com/jwks#x", False),
    ],
)
def test_keys_of_tokens_come_by_https(
    monkeypatch: pytest.MonkeyPatch, environment: str, url: str, *, taken: bool
) -> None:
    """Or from this machine, in development."""
    monkeypatch.setenv("HOSTED_NUMBERS_ENV", environment)
    monkeypatch.setenv("HOSTED_NUMBERS_CODEC_JWKS_URL", url)
    if taken:
        assert Settings.read().hosted_numbers_codec_jwks_url == url
    else:
        with pytest.raises(SettingsError, match="HOSTED_NUMBERS_CODEC_JWKS_URL"):
            Settings.read()
