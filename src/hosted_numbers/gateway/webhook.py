"""What makes a callback Twilio's: our policy, whatever a request says of itself.

Where a shared key is configured, a request that leaves out the header of the shared key is refused:
else whoever knows an old auth token could fall back to it. Sources: OWASP ASVS 5.0 V4.1.5,
https://www.twilio.com/docs/usage/security#validating-requests and ``twilio.signatures``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from pydantic import SecretStr

from hosted_numbers.errors import SettingsError
from hosted_numbers.settings import Settings
from hosted_numbers.twilio.signatures import Algorithm, signed_with


@dataclass(frozen=True)
class Webhook:
    """What the signature of a callback is computed from.

    Attributes:
        public_url: the gateway as Twilio reaches it, without a trailing slash.
        auth_tokens: which tokens may sign; none where only the shared key may.
        key: the shared key's id; None where there is none.
        key_secret: the shared key's secret.
    """

    public_url: str
    auth_tokens: tuple[str, ...] = field(repr=False)
    key: str | None = None
    key_secret: str = field(default="", repr=False)

    @classmethod
    def by_settings(cls, settings: Settings) -> Self:
        """What the settings of a gateway accept.

        Raises:
            SettingsError: the public address or a secret is missing, a secret is empty, or of the
                shared key only one half is set; it names the variable.
        """
        secondary = _given("TWILIO_SECONDARY_AUTH_TOKEN", settings.twilio_secondary_auth_token)
        secret = _given("TWILIO_WEBHOOK_KEY_SECRET", settings.twilio_webhook_key_secret)
        key = settings.twilio_webhook_key_sid
        if (key is None) != (secret is None):
            missing = "TWILIO_WEBHOOK_KEY_" + ("SID" if key is None else "SECRET")
            raise SettingsError(
                "Of the shared key that signs callbacks only one half is set.", f"Set {missing}."
            )
        tokens: tuple[str, ...] = ()
        if key is None or settings.hosted_numbers_webhook_token_accepted:
            tokens = (settings.webhook_token(), *([secondary] if secondary else []))
        return cls(settings.public_url(), tokens, key, secret or "")

    def accepted(self, headers: Sequence[str]) -> tuple[Algorithm, tuple[str, ...]]:
        """How a request must be signed, and the secrets one of which must have signed it.

        Args:
            headers: each ``X-Twilio-Webhooks-Signature-Settings`` of the request.

        Raises:
            ValueError: the headers cannot be understood, or name a key that is not ours.
        """
        claimed = signed_with(headers)
        match claimed.algorithm:
            case "HMAC_SHA1" if claimed.key is None:
                return claimed.algorithm, self.auth_tokens
            case "HMAC_SHA256" if self.key is not None and claimed.key == self.key:
                return claimed.algorithm, (self.key_secret,)
        raise ValueError("the request names a key that is not ours")


def _given(variable: str, secret: SecretStr | None) -> str | None:
    """A secret that may be left out, but not be empty: anyone could sign with that."""
    if secret is None:
        return None
    if not secret.get_secret_value().strip():
        raise SettingsError(f"{variable} is empty.", f"Set {variable} to the secret, or unset it.")
    return secret.get_secret_value()
