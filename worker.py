"""Run a worker: ``python worker.py``. SIGTERM and Ctrl-C let running activities finish first."""

import asyncio
from functools import partial

from temporalio.worker import Worker

from activities import all_activities, notification_activities, twilio_client
from hosted_numbers import contract, search_attributes, temporal
from hosted_numbers.blobs import BlobStore
from hosted_numbers.delivery import receiver_of
from hosted_numbers.notification_records import Notifications
from hosted_numbers.process import run_process
from hosted_numbers.settings import Settings
from workflows import NOTIFICATION_WORKFLOWS, WORKFLOWS, sandbox


async def main() -> None:
    """Connect to Temporal, check the namespace, work until cancelled."""
    settings = Settings.read()
    twilio, receiver = twilio_client(settings), receiver_of(settings)
    client = await temporal.connect_patiently()
    await search_attributes.require(client)
    grace = settings.graceful_shutdown()
    both = partial(Worker, client, workflow_runner=sandbox(), graceful_shutdown_timeout=grace)
    activities = all_activities(
        twilio,
        BlobStore.at(settings.hosted_numbers_blob_store),
        public_base_url=settings.public_base_url,
        document_retention=settings.document_retention(),
        notifications=Notifications(client) if receiver else None,
    )
    orders = both(task_queue=contract.TASK_QUEUE, workflows=WORKFLOWS, activities=activities)
    deliveries = both(
        task_queue=contract.NOTIFICATION_QUEUE,
        workflows=NOTIFICATION_WORKFLOWS,
        activities=notification_activities(receiver),
    )
    async with twilio, orders, deliveries:
        await asyncio.Event().wait()


if __name__ == "__main__":
    run_process("worker", main)
