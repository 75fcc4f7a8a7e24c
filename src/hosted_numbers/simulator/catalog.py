"""An ordered collection that is paged by cursors and found by SID."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from typing import Generic, Protocol, TypeVar


class Listed(Protocol):
    """What a catalog holds: a SID, and a position that grows with each insertion."""

    @property
    def sid(self) -> str:
        """Its name for ever."""
        ...

    @property
    def position(self) -> int:
        """Its place, above zero."""
        ...


T = TypeVar("T", bound=Listed)


class Catalog(Generic[T]):
    """Items in the order of their insertion.

    A position is never used twice, so a cursor made of one stays valid when items come and go.
    """

    def __init__(self, items: Iterable[T] = ()) -> None:
        self._positions: list[int] = []
        self._at: dict[int, T] = {}
        self._by_sid: dict[str, T] = {}
        for item in sorted(items, key=lambda each: each.position):
            self.add(item)

    def add(self, item: T) -> None:
        """Append an item; its position must be above all others."""
        self._positions.append(item.position)
        self._at[item.position] = item
        self._by_sid[item.sid] = item

    def discard(self, sid: str) -> None:
        """Take an item out, if it is there."""
        item = self._by_sid.pop(sid, None)
        if item is not None:
            del self._at[item.position]
            del self._positions[bisect_left(self._positions, item.position)]

    def get(self, sid: str) -> T | None:
        """The item with this SID."""
        return self._by_sid.get(sid)

    def after(self, position: int) -> Iterator[T]:
        """The items behind a position, forwards."""
        for index in range(bisect_right(self._positions, position), len(self._positions)):
            yield self._at[self._positions[index]]

    def before(self, position: int) -> Iterator[T]:
        """The items in front of a position, backwards."""
        for index in range(bisect_left(self._positions, position) - 1, -1, -1):
            yield self._at[self._positions[index]]
