"""What the endpoints of all Twilio hosts have in common."""

from collections.abc import Callable, Mapping
from typing import Final

from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request

from hosted_numbers.simulator.errors import invalid
from hosted_numbers.simulator.parameters import Parameters
from hosted_numbers.simulator.runtime import Simulator
from hosted_numbers.simulator.uploads import media_type

_FORM: Final = "application/x-www-form-urlencoded"


class Endpoint(HTTPEndpoint):
    """One path of Twilio's; its methods are those that it answers."""

    @property
    def simulator(self) -> Simulator:
        """Who answers."""
        simulator: Simulator = self.scope["app"].state.simulator
        return simulator


def origin(request: Request) -> str:
    """Scheme and host as the caller named them, so that the links it gets lead back here."""
    return f"{request.url.scheme}://{request.headers.get('host', request.url.netloc)}"


async def read_form(request: Request) -> Parameters:
    """The form in a body; an empty body is an empty form.

    Raises:
        TwilioError: 20001, the body is something else.
    """
    body = await request.body()
    if body and media_type(request) != _FORM:
        raise invalid(f"Content-Type: must be {_FORM}")
    return Parameters.parse(body)


def read_filters(request: Request, known: Mapping[str, str]) -> dict[str, str]:
    """The filters in a query, as they came; empty ones filter nothing."""
    values = ((name, request.query_params.get(name)) for name in known)
    return {name: value for name, value in values if value}


def has(filters: Mapping[str, str], attributes: Mapping[str, str]) -> Callable[[object], bool]:
    """Whether something has exactly what the filters say, by their attribute's name."""
    wanted = [(attributes[name], value) for name, value in filters.items()]
    return lambda item: all(getattr(item, name) == value for name, value in wanted)
