"""The manifests for Kubernetes: valid, complete, and as closed as they say."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from temporalio.envconfig import ClientConfigProfile

from hosted_numbers import alive, contract
from hosted_numbers.setting_readers import Process
from tests.deploy.kit import DEPLOY, Given, assignments, documents

KUBERNETES = DEPLOY / "kubernetes"
BASE, EXAMPLE = KUBERNETES / "base", KUBERNETES / "overlays" / "example"
CONTROLLER = KUBERNETES / "overlays" / "worker-controller"
CUSTOM = {
    "Connection": "temporal.io/v1alpha1",
    "ExternalSecret": "external-secrets.io/v1",
    "ScaledObject": "keda.sh/v1alpha1",
    "WorkerDeployment": "temporal.io/v1alpha1",
}
"""What is not Kubernetes' own: by external-secrets 0.16, KEDA 2.17, the Worker Controller 1.7."""
OF_KUSTOMIZE = {"kustomization.yaml", "images-of-worker-deployments.yaml"}

Resource = dict[str, Any]


def manifests() -> list[Path]:
    """Every file with resources."""
    return sorted(path for path in KUBERNETES.rglob("*.yaml") if path.name not in OF_KUSTOMIZE)


def resources() -> Iterator[Resource]:
    """Every resource of every file."""
    for path in manifests():
        yield from documents(path)


def named(kind: str, name: str) -> Resource:
    """The resource of a kind and a name."""
    [found] = [
        each for each in resources() if each["kind"] == kind and each["metadata"]["name"] == name
    ]
    return found


def pod(workload: Resource) -> Resource:
    """The pod of a workload."""
    found: Resource = workload["spec"]["template"]["spec"]
    return found


WORKLOADS = [each for each in resources() if "template" in each.get("spec", {})]
IDS = [f"{each['kind']}-{each['metadata']['name']}" for each in WORKLOADS]


def test_kubernetes_takes_its_own_kinds() -> None:
    """Strictly: no field is misspelt or out of place."""
    own = [each for each in resources() if each["kind"] not in CUSTOM]
    for each in own:
        kubernetes_validate.validate(each, "1.34", strict=True)
    kinds = {each["kind"] for each in own}
    assert {"Deployment", "Ingress", "Job", "NetworkPolicy", "PodDisruptionBudget"} <= kinds


def test_other_kinds_have_the_version_that_is_served() -> None:
    """And nobody uses one that no test knows."""
    seen = {each["kind"]: each["apiVersion"] for each in resources() if each["kind"] in CUSTOM}
    assert seen == CUSTOM


@pytest.mark.parametrize("folder", [BASE, EXAMPLE, CONTROLLER], ids=lambda path: path.name)
def test_a_kustomization_forgets_nothing(folder: Path) -> None:
    """Each file beside it is one of its resources, and each resource is there."""
    [kustomization] = documents(folder / "kustomization.yaml")
    listed = set(kustomization["resources"])
    beside = {path.name for path in folder.glob("*.yaml") if path.name not in OF_KUSTOMIZE}
    assert {name for name in listed if not name.startswith("..")} == beside
    for name in listed:
        path = folder / name
        assert path.is_file() or (path / "kustomization.yaml").is_file()
    for generator in kustomization.get("configMapGenerator", []):
        assert all((folder / name).is_file() for name in generator["envs"])
    assert all((folder / name).is_file() for name in kustomization.get("configurations", []))
    for patch in kustomization.get("patches", []):
        kind, name = re.findall(r"kind: (\w+)\nmetadata: \{name: ([\w-]+)\}", patch["patch"])[0]
        assert named(kind, name)


@pytest.mark.security("S26")
@pytest.mark.parametrize("workload", WORKLOADS, ids=IDS)
def test_every_pod_is_closed(workload: Resource) -> None:
    """Not root, no token, the runtime's seccomp profile, nothing of the node."""
    spec = pod(workload)
    assert spec["automountServiceAccountToken"] is False
    account = named("ServiceAccount", spec["serviceAccountName"])
    assert account["automountServiceAccountToken"] is False
    context = spec["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["runAsUser"] == context["runAsGroup"] == 10001
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
    assert not [each for each in spec["volumes"] if "hostPath" in each]


@pytest.mark.security("S26")
@pytest.mark.parametrize("workload", WORKLOADS, ids=IDS)
def test_every_container_is_closed(workload: Resource) -> None:
    """A read-only tree with a /tmp of limited size, no privileges, no capabilities, limits."""
    spec = pod(workload)
    for container in spec["containers"] + spec.get("initContainers", []):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "memory" in container["resources"]["limits"]
        assert {"cpu", "memory"} <= set(container["resources"]["requests"])
        mounted = {each["name"]: each for each in container["volumeMounts"]}
        volumes = {each["name"]: each for each in spec["volumes"]}
        assert set(mounted) == set(volumes)
        assert mounted["tmp"]["mountPath"] == "/tmp"
        assert volumes["tmp"]["emptyDir"]["sizeLimit"]
        for name, volume in volumes.items():
            if "secret" in volume:
                assert mounted[name]["readOnly"] is True
                assert volume["secret"]["defaultMode"] == 0o440
        assert container["image"] == "hosted-numbers"


@pytest.mark.security("S26")
def test_images_are_named_by_digest() -> None:
    """A tag can move; a digest cannot."""
    for folder in (EXAMPLE, CONTROLLER):
        [kustomization] = documents(folder / "kustomization.yaml")
        [image] = kustomization["images"]
        assert image["name"] == "hosted-numbers"
        assert re.fullmatch(r"sha256:[0-9a-f]{64}", image["digest"])
        assert "newTag" not in image


@pytest.mark.security("S26")
@pytest.mark.parametrize("name", ["worker", "gateway", "setup"])
def test_the_network_is_closed_but_for_what_is_needed(name: str) -> None:
    """DNS, Temporal, and https to public addresses; of a worker only its metrics are reached."""
    policy = named("NetworkPolicy", f"hosted-numbers-{name}")["spec"]
    label = {"app.kubernetes.io/name": f"hosted-numbers-{name}"}
    assert policy["podSelector"]["matchLabels"] == label
    assert sorted(policy["policyTypes"]) == ["Egress", "Ingress"]
    ports = {port["port"] for rule in policy["egress"] for port in rule["ports"]}
    assert ports == ({53, 7233} if name == "setup" else {53, 443, 7233})
    for rule in policy["egress"]:
        assert rule["to"]
        for block in (to["ipBlock"] for to in rule["to"] if "ipBlock" in to):
            private = {"10.0.0.0/8", "169.254.0.0/16", "192.168.0.0/16"}
            assert private <= set(block["except"]) or "fc00::/7" in block["except"]
    entered = [port["port"] for rule in policy["ingress"] for port in rule["ports"]]
    assert entered == {"gateway": [8080, 9465], "setup": [], "worker": [9464]}[name]
    assert all(rule["from"] for rule in policy["ingress"])


@pytest.mark.parametrize("name", ["worker", "gateway"])
def test_one_is_always_there(name: str) -> None:
    """Through deploys, drained nodes and the loss of a zone."""
    deployment = named("Deployment", f"hosted-numbers-{name}")
    label = {"app.kubernetes.io/name": f"hosted-numbers-{name}"}
    assert deployment["spec"]["replicas"] >= 2
    assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert deployment["spec"]["selector"]["matchLabels"] == label
    assert deployment["spec"]["template"]["metadata"]["labels"] == label
    budget = named("PodDisruptionBudget", f"hosted-numbers-{name}")["spec"]
    assert budget == {"minAvailable": 1, "selector": {"matchLabels": label}}
    spread = pod(deployment)["topologySpreadConstraints"]
    assert {each["topologyKey"] for each in spread} == {
        "kubernetes.io/hostname",
        "topology.kubernetes.io/zone",
    }
    assert all(each["labelSelector"]["matchLabels"] == label for each in spread)


def test_the_worker_is_probed_by_its_sign_of_life() -> None:
    """Liveness does not ask whether Temporal is there, so that its absence restarts nobody."""
    [worker] = pod(named("Deployment", "hosted-numbers-worker"))["containers"]
    probe = ["python", "-m", "hosted_numbers.alive"]
    assert worker["livenessProbe"]["exec"]["command"] == probe
    assert worker["startupProbe"]["exec"]["command"] == probe
    assert worker["readinessProbe"]["exec"]["command"] == [*probe, "--ready"]
    environment = {each["name"]: each["value"] for each in worker["env"]}
    assert environment[alive.VARIABLE].startswith("/tmp/")


def test_the_gateway_is_probed_by_its_routes() -> None:
    """Alive is the process alone; requests go to one that is ready."""
    [gateway] = pod(named("Deployment", "hosted-numbers-gateway"))["containers"]
    assert gateway["livenessProbe"]["httpGet"]["path"] == "/health/live"
    assert gateway["readinessProbe"]["httpGet"]["path"] == "/health/ready"
    service = named("Service", "hosted-numbers-gateway")["spec"]
    port, metrics = gateway["ports"]
    assert metrics == {"name": "metrics", "containerPort": 9465}  # in no Service: not for the world
    assert [each["targetPort"] for each in service["ports"]] == [port["name"]] == ["http"]
    assert f"--port={port['containerPort']}" in gateway["command"]
    ingress = named("Ingress", "hosted-numbers")
    annotations = ingress["metadata"]["annotations"]
    assert annotations["nginx.ingress.kubernetes.io/proxy-body-size"] == "11m"
    assert int(annotations["nginx.ingress.kubernetes.io/proxy-read-timeout"]) >= 3600
    assert ingress["spec"]["tls"]


def given(name: Process) -> Given:
    """What a process is given by the base and the example."""
    kind = "Job" if name == "setup" else "Deployment"
    spec = pod(named(kind, f"hosted-numbers-{name}"))
    [container] = spec["containers"]
    environment = {each["name"]: each["value"] for each in container["env"]}
    files = set()
    mounted = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    for volume in spec["volumes"]:
        if "secret" in volume:
            external = named("ExternalSecret", volume["secret"]["secretName"])["spec"]
            assert external["target"]["name"] == volume["secret"]["secretName"]
            keys = [each["secretKey"] for each in external["data"]]
            files |= {f"{mounted[volume['name']]}/{key}" for key in keys}
    assert environment["TEMPORAL_CONFIG_FILE"] in files
    return Given(name, environment, frozenset(files))


@pytest.mark.security("S17", "S18")
@pytest.mark.parametrize("name", ["worker", "gateway", "setup"])
def test_each_process_gets_its_settings(name: Process) -> None:
    """All that it needs, and its own secrets as files; what is no secret is in one file for all."""
    shared = assignments(EXAMPLE / "settings.env")
    own = given(name)
    complaints = set(own.complaints())
    missing = {each for each in complaints if each.endswith("is missing")}
    assert complaints == missing
    assert {each.split()[0] for each in missing} <= set(shared)
    [container] = pod(named("Job" if name == "setup" else "Deployment", f"hosted-numbers-{name}"))[
        "containers"
    ]
    assert container["envFrom"] == [{"configMapRef": {"name": "hosted-numbers-settings"}}]


def test_the_shared_settings_are_settings() -> None:
    """Each is read by one of the processes, and none is a secret."""
    shared = assignments(EXAMPLE / "settings.env")
    readers: tuple[Process, ...] = ("worker", "gateway", "setup")
    for name, value in shared.items():
        told = [list(Given(reader, {name: value}).complaints()) for reader in readers]
        assert any(not any(each.startswith(f"{name} is") for each in one) for one in told), name


def test_secrets_go_to_those_who_need_them() -> None:
    """The auth token, which forges callbacks, is the gateway's; the API secret the worker's."""
    keys = {
        each["metadata"]["name"]: {entry["secretKey"] for entry in each["spec"]["data"]}
        for each in resources()
        if each["kind"] == "ExternalSecret"
    }
    assert [name for name, held in keys.items() if "twilio-auth-token" in held] == [
        "hosted-numbers-gateway"
    ]
    assert [name for name, held in keys.items() if "twilio-api-secret" in held] == [
        "hosted-numbers-worker"
    ]


def test_more_workers_come_and_never_none() -> None:
    """KEDA looks at the orders' own queue."""
    spec = named("ScaledObject", "hosted-numbers-worker")["spec"]
    assert spec["scaleTargetRef"]["name"] == "hosted-numbers-worker"
    assert 1 <= spec["minReplicaCount"] < spec["maxReplicaCount"]
    [trigger] = spec["triggers"]
    assert trigger["type"] == "temporal"
    assert trigger["metadata"]["taskQueue"] == contract.TASK_QUEUE
    assert set(trigger["metadata"]) <= {
        "endpoint", "namespace", "taskQueue", "queueTypes", "targetQueueSize",
        "activationTargetQueueSize",
    }  # fmt: skip
    assert all(isinstance(value, str) for value in trigger["metadata"].values())


def test_the_versioned_worker_is_the_same_worker() -> None:
    """Its template is the Deployment's; the controller finds its connection and its namespace."""
    versioned = named("WorkerDeployment", "hosted-numbers-worker")["spec"]
    assert versioned["template"] == named("Deployment", "hosted-numbers-worker")["spec"]["template"]
    assert set(versioned) == {"replicas", "rollout", "sunset", "template", "workerOptions"}
    options = versioned["workerOptions"]
    connection = named("Connection", options["connectionRef"]["name"])
    assert re.fullmatch(r"[a-zA-Z0-9.-]+:[0-9]+", connection["spec"]["hostPort"])
    assert options["temporalNamespace"] == "hosted-numbers"
    assert versioned["rollout"]["strategy"] == "Progressive"
    ramps = [step["rampPercentage"] for step in versioned["rollout"]["steps"]]
    assert ramps == sorted(ramps)
    assert 0 < ramps[0] <= ramps[-1] <= 100
    assert set(versioned["sunset"]) == {"deleteDelay", "scaledownDelay"}


def test_the_profile_for_temporal_cloud_is_read_by_the_sdk() -> None:
    """Strictly; its key is a placeholder that says so."""
    file = DEPLOY / "temporal-cloud.toml"
    profile = ClientConfigProfile.load(
        config_source=file, config_file_strict=True, override_env_vars={}
    )
    assert str(profile.address).endswith(".api.temporal.io:7233")
    assert profile.api_key == "REPLACE-WITH-THE-API-KEY"
    config = profile.to_client_connect_config()
    assert config["tls"] is True
