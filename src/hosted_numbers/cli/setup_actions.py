"""What the command for the namespace does, once its words are read."""

import json
from typing import Final

import typer

from hosted_numbers import search_attributes, sweeps, temporal
from hosted_numbers.cli.connection import run
from hosted_numbers.cli.terminal import FAILED, Output, plain, say, stdout
from hosted_numbers.settings import Settings


def set_up(output: Output, *, check: bool) -> None:
    """Register what the namespace lacks and make the sweep's Schedule, or say what is missing."""
    settings = Settings.read()
    names, sweep = run(_missing(settings) if check else _made(settings))
    if output is Output.JSON:
        typer.echo(json.dumps({"missing" if check else "added": names, "sweep": sweep}))
    else:
        stdout().print(plain(_listed("Missing" if check else "Added", names)))
        stdout().print(plain(f"Status sweep: {sweep}"))
    if check and (names or sweep == _MISSING):
        say("Run hosted-numbers setup to make up for it.")
        raise typer.Exit(FAILED)


async def _made(settings: Settings) -> tuple[list[str], str]:
    client = await temporal.connect(settings)
    added = await search_attributes.register(client)
    return added, await sweeps.ensure(client, settings.sweep_pace())


async def _missing(settings: Settings) -> tuple[list[str], str]:
    client, every = await temporal.connect(settings), settings.sweep_pace()
    schedule = await sweeps.schedule(client)
    right = schedule.every == every if schedule else every == sweeps.NONE
    return await search_attributes.unregistered(client), "as it should be" if right else _MISSING


_MISSING: Final = "missing, or not as the settings say"


def _listed(what: str, names: list[str]) -> str:
    return f"{what}: {', '.join(names) or 'nothing, all search attributes are registered'}"
