"""What the commands that run processes do, once their words are read."""

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr, ValidationError

from hosted_numbers.cli.lazily import lazily
from hosted_numbers.cli.terminal import say
from hosted_numbers.complaints import complaints
from hosted_numbers.errors import InvalidRequestError, SettingsError
from hosted_numbers.process import log_to_stderr
from hosted_numbers.settings import Settings

if TYPE_CHECKING:
    from hosted_numbers.gateway import server as gateway_server
    from hosted_numbers.simulator import config as simulator_config
    from hosted_numbers.simulator import server as simulator_server
else:
    gateway_server = lazily("hosted_numbers.gateway.server")
    simulator_config = lazily("hosted_numbers.simulator.config")
    simulator_server = lazily("hosted_numbers.simulator.server")


def run_gateway(host: str, port: int) -> None:
    """Serve the gateway until told to end."""
    settings = Settings.read()
    log_to_stderr("gateway", settings)
    gateway_server.serve(settings, host, port)


def run_simulator(
    *,
    host: str,
    port: int,
    account_sid: str | None,
    auth_token: str | None,
    people: str,
    pace: float,
    state: str | None,
    strict_document_sids: bool,
) -> None:
    """Serve the simulator until told to end."""
    settings = Settings.read()
    log_to_stderr("simulator", settings)
    try:
        config = simulator_config.SimulatorConfig.model_validate(
            {
                "account_sid": account_sid or settings.twilio_account_sid,
                "auth_token": auth_token or settings.twilio_auth_token,
                "api_keys": _api_keys(settings),
                "people": simulator_config.parse_people(people),
                "pace": pace,
                "state_file": Path(state) if state else None,
                "strict_document_sids": strict_document_sids,
            }
        )
    except ValidationError as error:
        wrong = " ".join(f"{where}: {why}" for where, why in complaints(error))
        raise SettingsError(wrong, "See hosted-numbers simulator --help.") from None
    except ValueError as error:
        raise InvalidRequestError(f"--people: {error}.", "Correct it and start again.") from None
    try:
        simulator_server.serve(config, host, port, on_ready=_tell_address)
    except simulator_server.SimulatorRefused as error:
        raise SettingsError(f"{error}.", "Correct it and start again.") from None


def _api_keys(settings: Settings) -> dict[str, SecretStr]:
    """The API key of a worker beside it, which then signs in as it would at Twilio."""
    if settings.twilio_api_key and settings.twilio_api_secret:
        return {settings.twilio_api_key: settings.twilio_api_secret}
    return {}


def _tell_address(base_url: str) -> None:
    say(f"Simulating Twilio at {base_url}")
