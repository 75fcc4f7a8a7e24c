"""Run a worker: ``python worker.py``. SIGTERM and Ctrl-C let running activities finish first."""

import gc

gc.disable()  # hardly anything of what is imported is garbage

import asyncio
from functools import partial

from temporalio.worker import Worker

from activities import all_activities, notification_activities, twilio_client
from hosted_numbers import alive, contract, deployment, search_attributes, temporal
from hosted_numbers.blobs import BlobStore
from hosted_numbers.delivery import receiver_of
from hosted_numbers.process import run_process
from hosted_numbers.settings import Settings
from hosted_numbers.telemetry.worker import telemetry
from workflows import NOTIFICATION_WORKFLOWS, WORKFLOWS
from workflows.runner import runner

gc.enable()


async def main() -> None:
    """Connect to Temporal, check the namespace, work until cancelled."""
    settings = Settings.read()
    heartbeat = alive.Heartbeat.begun(settings.hosted_numbers_alive_file)
    version = deployment.config(settings)
    twilio_metrics, interceptors = telemetry(settings)
    twilio, receiver = twilio_client(settings, twilio_metrics), receiver_of(settings)
    client = await temporal.connect_patiently(settings, interceptors=interceptors)
    await search_attributes.require(client)
    both = partial(
        Worker,
        client,
        workflow_runner=runner(),
        graceful_shutdown_timeout=settings.graceful_shutdown(),
        deployment_config=version,
    )
    blobs = BlobStore.of(settings)
    orders = both(
        task_queue=contract.TASK_QUEUE,
        workflows=WORKFLOWS,
        activities=all_activities(client, twilio, blobs, settings),
        max_task_queue_activities_per_second=settings.hosted_numbers_activities_per_second,
    )
    deliveries = both(
        task_queue=contract.NOTIFICATION_QUEUE,
        workflows=NOTIFICATION_WORKFLOWS,
        activities=notification_activities(receiver),
    )
    async with twilio, orders, deliveries:
        heartbeat.working()
        await asyncio.Event().wait()


if __name__ == "__main__":
    run_process("worker", main)
