"""A fault run has minutes where orders have weeks: looks that come ever more rarely come sooner.

Nothing else of the product is changed. Whoever runs its workflows, or replays them, has to hasten
first.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from hosted_numbers import sweep_comparison, sweeping
from workflows import authorization_document, hosted_number_order, policies

LONGEST_LOOK: Final = timedelta(minutes=1)
"""In place of an hour: an order looks for itself, and its group for its letter."""

QUIET_REQUESTS: Final = 1_800
"""An hour, in place of 90: the sweep rests for 2 seconds for each request."""

HINT_AGAIN: Final = timedelta(minutes=1)
"""In place of ten: an order is hinted at again, or has to look after its papers."""


def hasten() -> None:
    """Have this process run workflows and sweeps so; it stays that way until the process ends."""
    pace = replace(policies.PACE, longest_look=LONGEST_LOOK)
    group_pace = replace(policies.GROUP_PACE, looks=pace)
    for module, name, value in (
        (hosted_number_order, "PACE", pace),
        (authorization_document, "GROUP_PACE", group_pace),
        (sweeping, "QUIET_REQUESTS", QUIET_REQUESTS),
        (sweep_comparison, "HINT_AGAIN", HINT_AGAIN),
    ):
        if not hasattr(module, name):
            raise AttributeError(name, module)
        setattr(module, name, value)
