"""Which version of the workers takes the work, and how a worker says which one it is."""

import asyncio
from datetime import timedelta
from typing import Any, Final

import pytest
from temporalio.api.deployment.v1 import WorkerDeploymentVersion as Version
from temporalio.api.workflowservice.v1 import (
    SetWorkerDeploymentCurrentVersionRequest,
    SetWorkerDeploymentRampingVersionRequest,
)
from temporalio.client import Client
from temporalio.common import VersioningBehavior
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Worker

from hosted_numbers import contract, deployment, temporal
from hosted_numbers.errors import SettingsError
from hosted_numbers.rollouts import Rollout, rollout
from hosted_numbers.settings import Settings
from tests.world import a_dev_server
from workflows import NOTIFICATION_WORKFLOWS
from workflows.runner import runner

NAME: Final = "default/hosted-numbers"
PATIENCE: Final = 60


def of_build(build: str) -> Settings:
    """The settings of a worker of a version."""
    return Settings(temporal_deployment_name=NAME, temporal_worker_build_id=build)


def a_worker(client: Client, build: str | None, task_queue: str = contract.TASK_QUEUE) -> Worker:
    """A worker of a version, or of none."""
    return Worker(
        client,
        task_queue=task_queue,
        workflows=NOTIFICATION_WORKFLOWS,
        workflow_runner=runner(),
        deployment_config=deployment.config(of_build(build)) if build else None,
    )


async def until(client: Client, **expected: object) -> Rollout | None:
    """The rollout, once it is what is expected; a poll takes a moment to be seen."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = await rollout(client, contract.TASK_QUEUE)
            if found and all(getattr(found, name) == value for name, value in expected.items()):
                return found
            await asyncio.sleep(0.1)


async def make_current(client: Client, build: str) -> None:
    """As ``temporal worker deployment set-current-version`` does."""
    await client.workflow_service.set_worker_deployment_current_version(
        SetWorkerDeploymentCurrentVersionRequest(
            namespace=client.namespace, deployment_name=NAME, build_id=build
        )
    )


@pytest.mark.fault("F44")
async def test_rollout_is_followed_from_the_first_version_to_a_ramp(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No version, one that polls and takes nothing, the same made current, another on trial."""
    async with await a_dev_server() as env:
        client = env.client
        async with a_worker(client, None), a_worker(client, "other", "another-queue"):
            assert await rollout(client, contract.TASK_QUEUE) is None
            async with a_worker(client, "1"):
                waiting = await until(client, newest="1", polls=True)
        assert waiting == Rollout(NAME, "1", None, True)
        async with a_worker(client, "1"), a_worker(client, "2"):
            await until(client, newest="2")
            await make_current(client, "1")
            await until(client, current="1", polls=True)
            ramp = Version(deployment_name=NAME, build_id="2")
            await client.workflow_service.set_worker_deployment_ramping_version(
                SetWorkerDeploymentRampingVersionRequest(
                    namespace=client.namespace,
                    deployment_name=NAME,
                    build_id=ramp.build_id,
                    percentage=10,
                )
            )
            ramping = await until(client, ramping="2")
        assert ramping == Rollout(NAME, "2", "1", True, "2", 10.0)
        # the workers have ended, and Temporal names them for minutes
        assert await temporal.has_worker(client, contract.TASK_QUEUE)
        monkeypatch.setattr(temporal, "_GONE_AFTER", timedelta(0))
        assert not await temporal.has_worker(client, contract.TASK_QUEUE)
        gone = await rollout(client, contract.TASK_QUEUE)
        assert gone is not None
        assert not gone.polls


async def test_server_without_versions_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no rollout on it; what is broken says so."""
    async with await a_dev_server() as env:
        status = RPCStatusCode.UNIMPLEMENTED

        async def refused(*_: object, **__: object) -> Any:
            raise RPCError("no", status, b"")

        monkeypatch.setattr(env.client.workflow_service, "list_worker_deployments", refused)
        assert await rollout(env.client, contract.TASK_QUEUE) is None
        status = RPCStatusCode.INVALID_ARGUMENT
        with pytest.raises(RPCError):
            await rollout(env.client, contract.TASK_QUEUE)


@pytest.mark.parametrize(
    "call", ["describe_worker_deployment", "describe_worker_deployment_version"]
)
async def test_what_was_deleted_meanwhile_is_passed_over(
    call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list, or the deployment, still has it."""
    async with await a_dev_server() as env:
        client, status = env.client, RPCStatusCode.NOT_FOUND

        async def gone(*_: object, **__: object) -> Any:
            raise RPCError("gone", status, b"")

        async with a_worker(client, "1"):
            await until(client, newest="1")
            monkeypatch.setattr(client.workflow_service, call, gone)
            assert await rollout(client, contract.TASK_QUEUE) is None
            status = RPCStatusCode.INVALID_ARGUMENT
            with pytest.raises(RPCError):
                await rollout(client, contract.TASK_QUEUE)


def test_worker_has_a_version_where_the_settings_name_it() -> None:
    """Under it every workflow upgrades by itself; without it deploys are not versioned."""
    assert deployment.config(Settings()) is None
    config = deployment.config(of_build("0.5.0"))
    assert config is not None
    assert (config.version.deployment_name, config.version.build_id) == (NAME, "0.5.0")
    assert config.use_worker_versioning
    assert config.default_versioning_behavior == VersioningBehavior.AUTO_UPGRADE


@pytest.mark.parametrize("given", ["temporal_deployment_name", "temporal_worker_build_id"])
def test_half_a_version_is_refused(given: str) -> None:
    """Both are named, so that the missing one can be set."""
    with pytest.raises(SettingsError) as refusal:
        deployment.config(Settings.model_validate({given: "x"}))
    for name in ("TEMPORAL_DEPLOYMENT_NAME", "TEMPORAL_WORKER_BUILD_ID"):
        assert name in str(refusal.value)


@pytest.mark.parametrize("name", ["a.b", "a:b", "__a", "a b", ""])
def test_name_that_the_server_refuses_is_refused_at_once(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker under it would poll in vain."""
    monkeypatch.setenv("TEMPORAL_DEPLOYMENT_NAME", name)
    with pytest.raises(SettingsError, match="TEMPORAL_DEPLOYMENT_NAME"):
        Settings.read()
