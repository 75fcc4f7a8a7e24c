"""``hosted-numbers doctor``: what is well, what is not, and what mends it."""

import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.service import RPCError, RPCStatusCode

from hosted_numbers import contract, rollouts, search_attributes, sweeps, temporal
from hosted_numbers.cli import doctor_actions
from hosted_numbers.encryption.key_ring import Key
from hosted_numbers.namespace_retention import NamespaceRetention
from hosted_numbers.problem_reports import Problem, ProblemReports, Problems
from hosted_numbers.rollouts import Rollout
from hosted_numbers.settings import Settings
from hosted_numbers.sweeping import Orphan, SweepReport
from hosted_numbers.sweeps import SweepSchedule
from tests.cli.storied_orders import Run
from tests.orders import ORDER_SID

ORPHAN = Orphan(phone_number="+12125550101", sid=ORDER_SID, status="verified")


STUCK = Problem(
    workflow_id="hosted-number-order/+12125550103",
    run_id="run-1",
    workflow_type="HostedNumberOrder",
    cause="The workers' code does not fit its history.",
    next_step="Roll the workers back.",
)


@dataclass
class Namespace:
    """What a namespace of Temporal's has; everything is well."""

    namespace: str = "numbers"
    missing: list[str] = field(default_factory=list)
    polled: set[str] = field(
        default_factory=lambda: {contract.TASK_QUEUE, contract.NOTIFICATION_QUEUE}
    )
    schedule: SweepSchedule | None = field(
        default_factory=lambda: SweepSchedule(timedelta(seconds=60), False, None)
    )
    report: SweepReport | None = None
    refusal: RPCError | None = None
    retention: timedelta | RPCError = timedelta(days=3)
    rollout: Rollout | None = None
    problems: Problems = field(default_factory=lambda: Problems(0, ()))


def a_report(**changes: object) -> SweepReport:
    """What a sweep found a while ago."""
    at = datetime.now(UTC) - timedelta(minutes=2)
    fields = {"at": at, "complete": True, "complete_at": at, "requests": 3, "open_orders": 7}
    listed = {"listed": {"received": 4, "testing": 0, "pending-loa": 3}}
    return SweepReport.model_validate({**fields, **listed, **changes})


@pytest.fixture
def namespace(monkeypatch: pytest.MonkeyPatch) -> Namespace:
    """The one that the command finds."""
    found = Namespace(report=a_report())

    async def connect(_: Settings) -> Namespace:
        return found

    async def unregistered(_: object) -> list[str]:
        if found.refusal:
            raise found.refusal
        return found.missing

    async def schedule(_: object) -> SweepSchedule | None:
        return found.schedule

    async def last_report(_: object) -> SweepReport | None:
        return found.report

    async def retention(_: object) -> NamespaceRetention:
        if isinstance(found.retention, RPCError):
            raise found.retention
        return NamespaceRetention(kept=found.retention, archived=False)

    workers_of(found, monkeypatch)
    monkeypatch.setattr(temporal, "connect", connect)
    monkeypatch.setattr(doctor_actions, "namespace_retention", retention)
    monkeypatch.setattr(temporal, "address", lambda: "127.0.0.1:7233")
    monkeypatch.setattr(search_attributes, "unregistered", unregistered)
    monkeypatch.setattr(sweeps, "schedule", schedule)
    monkeypatch.setattr(sweeps, "last_report", last_report)
    return found


def workers_of(namespace: Namespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which workers there are, their versions, and what they cannot go on with."""

    async def has_worker(_: object, queue: str) -> bool:
        return queue in namespace.polled

    async def rollout(_: object, queue: str) -> Rollout | None:
        assert queue == contract.TASK_QUEUE
        return namespace.rollout

    async def read(_: object) -> Problems:
        return namespace.problems

    monkeypatch.setattr(temporal, "has_worker", has_worker)
    monkeypatch.setattr(rollouts, "rollout", rollout)
    monkeypatch.setattr(ProblemReports, "read", read)


def test_all_is_well(run: Run, namespace: Namespace) -> None:
    """One line for each check, exit code 0, nothing to mend."""
    result = run("doctor")
    assert result.exit_code == 0
    assert "unwell" not in result.stdout
    assert namespace.namespace in result.stdout
    assert "closed orders are kept 3 days" in result.stdout
    assert "0:02:00 ago, 3 requests, 7 open orders; at Twilio: received 4, pending-loa 3" in (
        result.stdout
    )
    assert result.stderr == ""


def test_for_programs_it_is_json(run: Run, namespace: Namespace) -> None:
    """Each check, and the whole report."""
    namespace.polled = set()
    result = run("doctor", "-o", "json")
    told = json.loads(result.stdout)
    assert result.exit_code == 1
    assert told["well"] is False
    unwell = [each for each in told["checks"] if not each["well"]]
    assert {each["name"] for each in unwell} == {
        "worker of hosted-numbers",
        "worker of hosted-numbers-notifications",
    }
    assert {each["fix"] for each in unwell} == {"python worker.py"}
    assert told["report"]["requests"] == 3


@pytest.mark.parametrize(
    ("changes", "found", "fix"),
    [
        ({"missing": ["HostedNumberStatus"]}, "HostedNumberStatus", "hosted-numbers setup"),
        ({"polled": {contract.NOTIFICATION_QUEUE}}, "none polls", "python worker.py"),
        ({"schedule": None}, "there is none", "hosted-numbers setup"),
        (
            {"retention": timedelta(hours=1)},
            "gone after 1:00:00",
            "temporal operator namespace update --namespace numbers --retention 720h",
        ),
        (
            {"schedule": SweepSchedule(timedelta(seconds=60), True, "moving")},
            "paused: moving",
            "temporal schedule toggle --schedule-id status-sweep --unpause",
        ),
        (
            {"schedule": SweepSchedule(timedelta(seconds=60), True, None)},
            "nobody said why",
            "--unpause",
        ),
        (
            {"schedule": SweepSchedule(timedelta(hours=1), False, None)},
            "every 1:00:00, and not every 0:01:00",
            "hosted-numbers setup",
        ),
        ({"report": None}, "none has come to an end", "StatusSweep in the Temporal UI"),
        (
            {"report": {"complete_at": None}},
            "3 requests",
            "Look at the newest StatusSweep",
        ),
        (
            {"rollout": Rollout("numbers", "2", None, False)},
            "no version is current and none of its workers polls; the newest is numbers 2",
            "temporal worker deployment set-current-version --deployment-name numbers --build-id 2",
        ),
        (
            {"rollout": Rollout("numbers", "2", "1", False)},
            "numbers 1 is current and none of its workers polls",
            "Start its workers",
        ),
        (
            {"problems": Problems(7, (STUCK,))},
            "7, such as hosted-number-order/+12125550103",
            f"{STUCK.workflow_id}: {STUCK.cause} {STUCK.next_step}",
        ),
        (
            {"report": {"strays": ("+12125550102",), "strays_total": 1}},
            "+12125550102",
            "hosted-numbers order show",
        ),
        (
            {"report": {"orphans": (ORPHAN,), "orphans_total": 1}},
            "1 orders at Twilio",
            f"Adopt {ORDER_SID}: hosted-numbers order create --phone-number +12125550101 --email",
        ),
    ],
    ids=lambda value: None if isinstance(value, dict) else value,
)
def test_what_is_unwell_is_said_with_what_mends_it(
    run: Run, namespace: Namespace, changes: dict[str, object], found: str, fix: str
) -> None:
    """Exit code 1; what was found goes to stdout, the way out to stderr."""
    for name, value in changes.items():
        setattr(namespace, name, a_report(**value) if isinstance(value, dict) else value)
    result = run("doctor")
    assert result.exit_code == 1
    assert result.stdout.count("unwell") == 1
    assert found in result.stdout
    assert fix in result.stderr


@pytest.mark.parametrize(
    ("rollout", "found"),
    [
        (Rollout("numbers", "2", "2", True), "numbers 2 is current"),
        (Rollout("numbers", "2", "1", True, "2", 12.5), "numbers 1 is current, 2 takes 12.5 %"),
        (Rollout("numbers", "2", None, True), "workers without a version take the work"),
    ],
    ids=["current", "ramping", "unversioned"],
)
def test_versions_of_the_workers_are_told(
    run: Run, namespace: Namespace, rollout: Rollout, found: str
) -> None:
    """Where workers have versions: which takes the work, and which is on trial."""
    namespace.rollout = rollout
    result = run("doctor")
    assert result.exit_code == 0
    assert found in result.stdout


@pytest.mark.fault("F44")
def test_workflows_that_stand_still_are_told_to_programs(run: Run, namespace: Namespace) -> None:
    """Each with its cause and the next step."""
    namespace.problems = Problems(1, (STUCK,))
    told = json.loads(run("doctor", "-o", "json").stdout)
    assert told["well"] is False
    assert [each["workflow_id"] for each in told["problems"]] == [STUCK.workflow_id]
    assert told["problems"][0]["cause"] == STUCK.cause


def test_without_a_sweep_none_is_missed(
    run: Run, namespace: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the settings want none, and there is none."""
    monkeypatch.setenv("HOSTED_NUMBERS_SWEEP_SECONDS", "0")
    namespace.schedule = None
    result = run("doctor")
    assert result.exit_code == 0
    assert "none is wanted" in result.stdout
    assert "last sweep" not in result.stdout


def test_nothing_listed_is_said(run: Run, namespace: Namespace) -> None:
    """A namespace without open orders."""
    namespace.report = a_report(listed={}, open_orders=0)
    assert "0 open orders; at Twilio: none" in run("doctor").stdout


def test_a_retention_that_is_not_told_is_no_fault(run: Run, namespace: Namespace) -> None:
    """A key may be good for orders and not for that."""
    namespace.retention = RPCError("no", RPCStatusCode.PERMISSION_DENIED, b"")
    result = run("doctor")
    assert result.exit_code == 0
    assert "cannot be read (PERMISSION_DENIED)" in result.stdout


def test_a_namespace_that_is_closed_to_us_says_so(run: Run, namespace: Namespace) -> None:
    """Which one, why, and what to check."""
    namespace.refusal = RPCError("no", RPCStatusCode.PERMISSION_DENIED, b"")
    result = run("doctor")
    assert result.exit_code == 1
    assert "PERMISSION_DENIED" in result.stdout
    assert "TEMPORAL_NAMESPACE" in result.stderr


def test_without_temporal_it_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it was sought, and how to name another place."""
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:9")
    result = run("doctor")
    assert result.exit_code == 1
    assert "127.0.0.1:9" in result.stdout
    assert "TEMPORAL_ADDRESS" in result.stderr


@pytest.mark.security("S11")
@pytest.mark.fault("F47")
def test_keys_are_told_by_their_ids(
    run: Run, namespace: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None is well on a developer's machine, and unwell in production, where nothing connects."""
    assert namespace.missing == []
    assert "none: nothing is encrypted" in run("doctor").stdout
    ring = f"{Key('new', b'n' * 32)},{Key('old', b'o' * 32)}"
    monkeypatch.setenv("HOSTED_NUMBERS_ENCRYPTION_KEYS", ring)
    told = run("doctor")
    assert told.exit_code == 0
    assert "writes with new; reads old" in told.stdout
    assert ring[10:20] not in told.output
    monkeypatch.delenv("HOSTED_NUMBERS_ENCRYPTION_KEYS")
    monkeypatch.setenv("HOSTED_NUMBERS_ENV", "production")
    unwell = run("doctor")
    assert unwell.exit_code == 1
    assert "encryption keys" in unwell.stdout
    assert "encryption-keys new" in unwell.stderr
