"""Run a worker: ``python worker.py``. SIGTERM and Ctrl-C let running activities finish first."""

import asyncio

from temporalio.worker import Worker

from activities import all_activities, twilio_client
from hosted_numbers import contract, search_attributes, temporal
from hosted_numbers.blobs import BlobStore
from hosted_numbers.process import run_process
from hosted_numbers.settings import Settings
from workflows import WORKFLOWS, sandbox


async def main() -> None:
    """Connect to Temporal, check the namespace, work until cancelled."""
    settings = Settings.read()
    twilio = twilio_client(settings)
    client = await temporal.connect_patiently()
    await search_attributes.require(client)
    async with (
        twilio,
        Worker(
            client,
            task_queue=contract.TASK_QUEUE,
            workflows=WORKFLOWS,
            activities=all_activities(
                twilio,
                BlobStore.at(settings.hosted_numbers_blob_store),
                public_base_url=settings.public_base_url,
                document_retention=settings.document_retention(),
            ),
            workflow_runner=sandbox(),
            graceful_shutdown_timeout=settings.graceful_shutdown(),
        ),
    ):
        await asyncio.Event().wait()


if __name__ == "__main__":
    run_process("worker", main)
