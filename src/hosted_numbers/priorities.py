"""Whose work goes first where there is more of it than workers: Temporal's priority and fairness.

A task that a person waits for goes before all others, an order that came by itself before those of
an import. Among equals customers take turns, however many orders each of them has: for this the
server needs fairness switched on (``matching.enableFairness``); without it, it is first come, first
served among equals.

Source: https://docs.temporal.io/develop/task-queue-priority-fairness
"""

import hashlib
from typing import Final

from temporalio.common import Priority

AWAITED: Final = Priority(priority_key=1)
"""Of an activity that a person waits for; its fairness key is the order's."""

_ORDER: Final = 3
_IMPORTED: Final = 4

_LONGEST_KEY: Final = 64
"""Bytes of a fairness key. It stands unencrypted in Temporal, as the customer's name does anyway
among the search attributes."""


def of_order(customer: str | None, *, imported: bool) -> Priority:
    """The priority of an order's workflow, and of its activities that have none of their own.

    Args:
        customer: the backend's own reference; orders without one take turns as one customer.
        imported: whether it came with many others, so that nobody waits for this one.
    """
    return Priority(
        priority_key=_IMPORTED if imported else _ORDER, fairness_key=_fairness_key(customer or "")
    )


def _fairness_key(customer: str) -> str:
    if len(customer.encode()) <= _LONGEST_KEY:
        return customer
    return hashlib.sha256(customer.encode()).hexdigest()
