"""A worker process of a variant: ``python -m benchmarks.working bare|same_shape|naive``."""

import asyncio
import importlib
import os
import sys

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import UnsandboxedWorkflowRunner, Worker, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from hosted_numbers.process import run_process

NAIVE = "naive"


async def work() -> None:
    """Work until told to end."""
    variant = sys.argv[1]
    module = importlib.import_module(f"benchmarks.{variant}")
    address = os.environ["TEMPORAL_ADDRESS"]
    if variant == NAIVE:  # all as it comes
        client = await Client.connect(address)
        runner: WorkflowRunner = SandboxedWorkflowRunner()
    else:
        client = await Client.connect(address, data_converter=pydantic_data_converter)
        runner = UnsandboxedWorkflowRunner()  # as the product has it
    async with Worker(
        client,
        task_queue=module.QUEUE,
        workflows=module.WORKFLOWS,
        activities=module.ACTIVITIES,
        workflow_runner=runner,
    ):
        await asyncio.Event().wait()


if __name__ == "__main__":
    run_process("worker", work)
