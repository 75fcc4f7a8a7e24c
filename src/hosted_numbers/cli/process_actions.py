"""What the commands for processes and for the namespace do, once their words are read."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from pydantic import ValidationError

from hosted_numbers import search_attributes, temporal
from hosted_numbers.cli.connection import run
from hosted_numbers.cli.lazily import lazily
from hosted_numbers.cli.terminal import FAILED, Output, plain, say, stdout
from hosted_numbers.errors import InvalidRequestError, SettingsError
from hosted_numbers.process import log_to_stderr
from hosted_numbers.settings import Settings
from hosted_numbers.validation import complaints

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
    log_to_stderr()
    gateway_server.serve(Settings.read(), host, port)


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
    log_to_stderr()
    settings = Settings.read()
    try:
        config = simulator_config.SimulatorConfig.model_validate(
            {
                "account_sid": account_sid or settings.twilio_account_sid,
                "auth_token": auth_token or settings.twilio_auth_token,
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


def set_up(output: Output, *, check: bool) -> None:
    """Register what the namespace lacks, or say what that is."""

    async def missing() -> list[str]:
        client = await temporal.connect()
        if check:
            return await search_attributes.unregistered(client)
        return await search_attributes.register(client)

    names = run(missing())
    if output is Output.JSON:
        typer.echo(json.dumps({"missing" if check else "added": names}))
    elif check:
        stdout().print(plain(_listed("Missing", names)))
    else:
        stdout().print(plain(_listed("Added", names)))
    if check and names:
        say("Run hosted-numbers setup to register them.")
        raise typer.Exit(FAILED)


def _listed(what: str, names: list[str]) -> str:
    return f"{what}: {', '.join(names) or 'nothing, all search attributes are registered'}"


def _tell_address(base_url: str) -> None:
    say(f"Simulating Twilio at {base_url}")
