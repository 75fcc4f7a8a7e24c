"""Temporal's profile: the SDK's own TOML file and ``TEMPORAL_…`` variables, as the CLI reads them.

The SDK is lenient where an operator must not be misled: a file that is not there counts as an empty
one, and leads to ``localhost`` instead of the cluster that was meant.
"""

import ipaddress
import os
from pathlib import Path
from typing import Final

from temporalio.envconfig import ClientConfig, ClientConnectConfig

from hosted_numbers.errors import SettingsError

DEFAULT_ADDRESS: Final = "localhost:7233"
_CONFIG_FILE: Final = "TEMPORAL_CONFIG_FILE"


def load() -> ClientConnectConfig:
    """What the SDK's ``Client.connect`` is to be given, by the environment.

    Raises:
        SettingsError: the file that TEMPORAL_CONFIG_FILE names is missing, the profile makes no
            sense, or a certificate or key that it names cannot be read.
    """
    named = os.environ.get(_CONFIG_FILE)
    if named and not Path(named).exists():
        raise SettingsError(
            f"{_CONFIG_FILE} names a file that is not there.", "Correct the path, or unset it."
        )
    try:
        return ClientConfig.load_client_connect_config(config_file_strict=True)
    except OSError as error:
        raise SettingsError(
            f"A certificate or key of the Temporal profile cannot be read: {error.strerror}.",
            "Correct its path (TEMPORAL_TLS_… or tls in the profile) or its permissions.",
        ) from None
    except (RuntimeError, ValueError) as error:
        raise SettingsError(
            f"The Temporal profile cannot be read: {error}.",
            "Correct the file that TEMPORAL_CONFIG_FILE names, or TEMPORAL_PROFILE.",
        ) from None


def address(config: ClientConnectConfig) -> str:
    """Where Temporal is sought, ``host:port``."""
    return config.get("target_host") or DEFAULT_ADDRESS


def uses_tls(config: ClientConnectConfig) -> bool:
    """Whether the connection is encrypted, and the server's certificate checked."""
    tls = config.get("tls")
    return bool(config.get("api_key")) if tls is None else tls is not False


def stays_here(config: ClientConnectConfig) -> bool:
    """Whether Temporal is sought on this machine."""
    host = address(config).rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def advice(config: ClientConnectConfig) -> str:
    """What to do where Temporal does not answer."""
    if uses_tls(config):
        return (
            "Start it, or correct TEMPORAL_ADDRESS (or TEMPORAL_PROFILE); its certificate must be "
            "of that host (or of TEMPORAL_TLS_SERVER_NAME), and of a known authority or of "
            "TEMPORAL_TLS_SERVER_CA_CERT_PATH."
        )
    return "Start it, or set TEMPORAL_ADDRESS (or TEMPORAL_PROFILE) to where it is."
