"""Templates into pages: one environment, everything escaped, nothing of another site's."""

from importlib.metadata import version
from pathlib import Path
from typing import Final

import jinja2
from starlette.responses import HTMLResponse
from starlette.types import Scope

from hosted_numbers.gateway.pages import words
from hosted_numbers.gateway.pages.csrf import TOKEN_FIELD
from hosted_numbers.gateway.pages.operators import is_by_itself, session_if_any

_ENVIRONMENT: Final = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.globals |= {
    "version": version("hosted-numbers"),
    "token_field": TOKEN_FIELD,
    "import_states": words.IMPORT_STATES,
    "leg_states": words.LEG_STATES,
    "needs": words.NEEDS,
    "phases": words.PHASES,
    "reasons": words.REASONS,
}
_ENVIRONMENT.filters |= {
    "document": words.document,
    "for_people": words.for_people,
    "left": words.left,
    "machine": words.machine,
    "moment": words.moment,
    "since": words.since,
    "soon": words.is_soon,
    "status": words.status,
}


def page(scope: Scope, template: str, status: int = 200, **values: object) -> HTMLResponse:
    """A template as the answer to the request of ``scope``.

    What the session's last act came to is shown on the next page that a person asked for; a page
    that refreshes itself does not take it away.
    """
    session = session_if_any(scope)
    content = _ENVIRONMENT.get_template(template).render(
        session=session,
        flashes=session.told() if session is not None and not is_by_itself(scope) else [],
        path=scope["path"],
        **values,
    )
    return HTMLResponse(content, status_code=status)
