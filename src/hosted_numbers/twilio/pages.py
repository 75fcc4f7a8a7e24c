"""Walking a list of Twilio's, page by page.

Source: https://www.twilio.com/docs/usage/twilios-response#response-formats-list-paging-information
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from hosted_numbers.twilio import arguments, parameters
from hosted_numbers.twilio.answers import Answer, decoded, unreadable
from hosted_numbers.twilio.connection import Connection
from hosted_numbers.twilio.errors import InvalidArgumentError

Item = TypeVar("Item")

MAX_PAGES: Final = 10_000
"""A list that is longer than ten million items, or than this at one item a page, is a fault."""
_MAX_QUERY: Final = 8_192


class _Meta(BaseModel):
    # Required, though it may be null: a list that ends early because the key is missing would hide
    # an order, and an order that was not found is created a second time.
    next_page_url: str | None


class Page(BaseModel, Generic[Item]):
    """One page of a list, as the preview API sends it (``meta.key`` is "items")."""

    model_config = ConfigDict(cache_strings="keys")
    """Values differ from item to item, so to look for each among earlier ones is in vain."""

    meta: _Meta
    items: tuple[Item, ...]


class ResultsPage(Page[Item]):
    """One page of a list, as numbers v2 sends it (``meta.key`` is "results")."""

    items: tuple[Item, ...] = Field(validation_alias="results")


@dataclass(frozen=True)
class Listing(Generic[Item]):
    """The items of one page, and where the list goes on.

    Attributes:
        items: in Twilio's order.
        after: what ``paged`` goes on from behind this page, also in another process; None on the
            last one.
    """

    items: tuple[Item, ...] = field(repr=False)
    after: str | None


def listed(
    connection: Connection,
    operation: str,
    path: str,
    page: type[Page[Item]],
    *,
    page_size: int,
    filters: Mapping[str, parameters.Value],
) -> AsyncIterator[Item]:
    """Iterate over all items of a list; each page is requested when it is needed.

    Twilio names the next page by a whole URL. Only its query is taken, after its path is found to
    be the list's own: the credentials go nowhere but to the connection's origin.

    Args:
        connection: where to ask.
        operation: what is tried, for messages.
        path: of the list.
        page: the model of one page, ``Page[…]`` or ``ResultsPage[…]``.
        page_size: items in one HTTP call, 1 to 1000.
        filters: the list's own query parameters, in snake_case.

    Raises:
        InvalidArgumentError: ``page_size`` is not 1 to 1000; at once, not at the first item.
    """
    walk = paged(connection, operation, path, page, page_size=page_size, filters=filters)
    return _items(walk)


def paged(
    connection: Connection,
    operation: str,
    path: str,
    page: type[Page[Item]],
    *,
    page_size: int,
    filters: Mapping[str, parameters.Value],
    after: str | None = None,
) -> AsyncIterator[Listing[Item]]:
    """Iterate over the pages of a list; each is one HTTP call, made when it is needed.

    Args:
        connection: where to ask.
        operation: what is tried, for messages.
        path: of the list.
        page: the model of one page.
        page_size: items in one HTTP call, 1 to 1000.
        filters: the list's own query parameters, in snake_case.
        after: ``Listing.after`` of an earlier walk with the same filters, to go on behind it.

    Raises:
        InvalidArgumentError: ``page_size`` is not 1 to 1000, or ``after`` is no such text.
    """
    first = parameters.query({"page_size": arguments.page_size(page_size), **filters})
    if after is not None and not _is_query(after):
        raise InvalidArgumentError("after must be what an earlier page of the list said")
    return _walk(connection, operation, path, page, first if after is None else after)


async def _items(walk: AsyncIterator[Listing[Item]]) -> AsyncIterator[Item]:
    async for page in walk:
        for each in page.items:
            yield each


async def _walk(
    connection: Connection, operation: str, path: str, model: type[Page[Item]], query: str
) -> AsyncIterator[Listing[Item]]:
    seen = {query}
    while True:
        answer = await connection.send(operation, "GET", path, query=query)
        page = decoded(answer, operation, model)
        url = page.meta.next_page_url
        after = _next_query(answer, operation, path, url) if url else None
        yield Listing(page.items, after)
        if after is None:
            return
        query = after
        if query in seen or len(seen) >= MAX_PAGES:
            raise unreadable(answer, operation, "leads round in pages without an end")
        seen.add(query)


def _next_query(answer: Answer, operation: str, path: str, url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = None
    if parts is None or parts.path != path or not _is_query(parts.query):
        raise unreadable(answer, operation, "names a next page that is not of this list")
    return parts.query


def _is_query(text: str) -> bool:
    return text.isascii() and text.isprintable() and "#" not in text and len(text) <= _MAX_QUERY
