"""Twilio's lists: pages by cursor, and the ``meta`` envelope around them.

Items come in the order of their insertion, and a cursor names a place between two items, so what
is created or deleted while a client walks makes it neither miss nor repeat any other item.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeVar
from urllib.parse import quote, urlencode

from hosted_numbers.simulator.catalog import Catalog, Listed
from hosted_numbers.simulator.errors import invalid

T = TypeVar("T", bound=Listed)

_LARGEST_PAGE: Final = 1000
_DEFAULT_PAGE: Final = 50
_TOKEN: Final = re.compile(r"P([AB])(\d{1,15})", re.ASCII)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page is wanted: behind (``A``) or before (``B``) an item's position, or the first."""

    size: int
    number: int
    side: str
    position: int


def read_page_request(query: Mapping[str, str]) -> PageRequest:
    """Read PageSize, Page and PageToken. A PageSize out of 1..1000 is moved into it.

    Raises:
        TwilioError: 20001, one of them is no number or no token.
    """
    size = _number(query, "PageSize", _DEFAULT_PAGE)
    token = _TOKEN.fullmatch(query.get("PageToken", "") or "PA0")
    if token is None:
        raise invalid("PageToken")
    return PageRequest(
        size=min(max(size, 1), _LARGEST_PAGE),
        number=_number(query, "Page", 0),
        side=token.group(1),
        position=int(token.group(2)),
    )


def render_page(
    catalog: Catalog[T],
    wanted: Callable[[T], bool],
    request: PageRequest,
    *,
    url: str,
    filters: Mapping[str, str],
    resource: Callable[[T], dict[str, object]],
    key: str = "items",
) -> dict[str, object]:
    """The envelope of one page.

    Args:
        catalog: where the items are.
        wanted: whether an item passes the filters.
        request: the page.
        url: the list's absolute URL without a query.
        filters: the filters as they came, to be kept in every link.
        resource: the JSON of an item.
        key: what the list is called, ``items`` in the preview API.
    """
    if request.side == "A":
        found = list(islice(filter(wanted, catalog.after(request.position)), request.size + 1))
        items, more_behind = found[: request.size], len(found) > request.size
        more_before = request.position > 0 and any(
            map(wanted, catalog.before(items[0].position if items else request.position + 1))
        )
    else:
        found = list(islice(filter(wanted, catalog.before(request.position)), request.size + 1))
        items, more_before = found[: request.size][::-1], len(found) > request.size
        more_behind = any(
            map(wanted, catalog.after(items[-1].position if items else request.position - 1))
        )

    def link(number: int, token: str | None) -> str:
        query = {**filters, "PageSize": str(request.size), "Page": str(max(number, 0))}
        if token is not None:
            query["PageToken"] = token
        return f"{url}?{urlencode(query, quote_via=quote, safe='')}"

    first = items[0].position if items else request.position
    last = items[-1].position if items else request.position
    here = (
        None
        if request.side == "A" and not request.position
        else (f"P{request.side}{request.position}")
    )
    return {
        "meta": {
            "first_page_url": link(0, None),
            "key": key,
            "next_page_url": link(request.number + 1, f"PA{last}") if more_behind else None,
            "page": request.number,
            "page_size": request.size,
            "previous_page_url": link(request.number - 1, f"PB{first}") if more_before else None,
            "url": link(request.number, here),
        },
        key: [resource(item) for item in items],
    }


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise invalid(name)
    return int(text)
