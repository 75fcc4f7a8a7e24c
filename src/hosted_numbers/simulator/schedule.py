"""What is due, in order. Entries are hints: whoever takes one asks the object if it still holds."""

import heapq
from collections.abc import Hashable
from datetime import datetime
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Schedule(Generic[K]):
    """A queue of keys by their moment; equal moments leave in the order in which they came."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, K]] = []
        self._present: set[tuple[datetime, K]] = set()
        self._count = 0

    def add(self, due: datetime, key: K) -> None:
        """Note that something is due for ``key``; the same moment twice is noted once."""
        if (due, key) in self._present:
            return
        self._present.add((due, key))
        self._count += 1
        heapq.heappush(self._heap, (due, self._count, key))

    def take(self, now: datetime) -> tuple[datetime, K] | None:
        """Remove and return the earliest entry that is due; None where nothing is."""
        if not self._heap or self._heap[0][0] > now:
            return None
        due, _, key = heapq.heappop(self._heap)
        self._present.discard((due, key))
        return due, key

    @property
    def next_due(self) -> datetime | None:
        """The moment of the earliest entry."""
        return self._heap[0][0] if self._heap else None
