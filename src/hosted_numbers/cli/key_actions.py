"""What the command for API keys does, once its words are read."""

import json
from collections.abc import Mapping

import typer
from pydantic import ValidationError

from hosted_numbers.api_keys import ApiKey, new_api_key
from hosted_numbers.cli.terminal import Output, say
from hosted_numbers.complaints import complaints
from hosted_numbers.errors import InvalidRequestError


def make(name: str, fields: Mapping[str, object], output: Output) -> None:
    """Make a key and show it, and its entry for the gateway's settings.

    Raises:
        InvalidRequestError: the name, a scope, the moment or the customer is malformed.
    """
    try:
        key, entry = new_api_key(name, **fields)
    except ValidationError as error:
        raise InvalidRequestError(
            " ".join(f"{where}: {why}" for where, why in complaints(error)),
            "See hosted-numbers api-key --help; no key was made.",
        ) from None
    told = _told(entry)
    if output is Output.JSON:
        typer.echo(json.dumps({"api_key": key, "entry": told}))
        return
    say("The API key, for whoever uses it. It is shown this once:")
    typer.echo(key)
    say("Its entry in the JSON list HOSTED_NUMBERS_API_KEYS of the gateway, without the secret:")
    typer.echo(json.dumps(told))
    say("Of one key, the setting is: " + json.dumps([told]))


def _told(entry: ApiKey) -> dict[str, object]:
    """The entry as the setting has it, what is absent left out."""
    told = entry.model_dump(mode="json", exclude_none=True)
    return told | {"scopes": sorted(entry.scopes)}
