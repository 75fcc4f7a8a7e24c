"""A worker of a release that must not have left the house: an edit of an order that nobody guarded.

It is ``worker.py`` but for an order's first command. No order that is open would go on with it.
"""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from temporalio import workflow  # the path is set above, for all

from hosted_numbers.process import run_process
from worker import main
from workflows.hosted_number_order import HostedNumberOrderWorkflow

_as_released = HostedNumberOrderWorkflow._live


async def _resting_first(self: Any) -> None:
    await workflow.sleep(1, summary="A rest that no order of an older release took")
    await _as_released(self)


if __name__ == "__main__":
    HostedNumberOrderWorkflow._live = _resting_first  # type: ignore[method-assign] # the edit
    run_process("worker", main)
