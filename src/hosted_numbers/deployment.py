"""The version under which a worker takes work, where deploys are versioned.

The SDK calls ``Worker(deployment_config=...)`` experimental: what the product knows of it stands
here and in ``rollouts``. docs/decisions/0016 says why every workflow upgrades by itself.
"""

from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import WorkerDeploymentConfig

from hosted_numbers.settings import Settings


def config(settings: Settings) -> WorkerDeploymentConfig | None:
    """What ``Worker`` takes as ``deployment_config``; None where deploys are not versioned.

    One behaviour holds for all workflows, as the worker's default: none is pinned, so that no
    order, sweep or event ever waits for a worker that is gone.

    Raises:
        SettingsError: the settings name half a version.
    """
    version = settings.worker_version()
    if version is None:
        return None
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(*version),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE,
    )
