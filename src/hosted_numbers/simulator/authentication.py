"""Twilio's HTTP Basic authentication: account SID and auth token, or an API key and its secret."""

import base64
import binascii
import hmac

from starlette.types import Scope

from hosted_numbers.simulator.config import SimulatorConfig


def is_authentic(scope: Scope, config: SimulatorConfig) -> bool:
    """Whether a request carries one of the credentials that the simulator was started with."""
    given = _credentials(scope)
    accepted = {config.account_sid: config.auth_token, **config.api_keys}
    return any(
        hmac.compare_digest(given, f"{name}:{secret.get_secret_value()}".encode())
        for name, secret in accepted.items()
    )


def _credentials(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, encoded = value.partition(b" ")
            if scheme.lower() == b"basic":
                try:
                    return base64.b64decode(encoded.strip(), validate=True)
                except binascii.Error:
                    return b""
    return b""
