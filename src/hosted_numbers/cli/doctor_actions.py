"""What ``doctor`` looks at: the keys, Temporal, the namespace, the workers, the status sweep."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import typer
from pydantic import TypeAdapter
from rich.table import Table
from temporalio.client import Client
from temporalio.service import RPCError

from hosted_numbers import contract, rollouts, search_attributes, sweeping, sweeps, temporal
from hosted_numbers.cli import doctor_settings
from hosted_numbers.cli.checks import Check
from hosted_numbers.cli.connection import run
from hosted_numbers.cli.terminal import FAILED, Output, plain, say, stdout
from hosted_numbers.errors import HostedNumbersError, SettingsError
from hosted_numbers.namespace_retention import namespace_retention
from hosted_numbers.problem_reports import Problem, ProblemReports, Problems
from hosted_numbers.rollouts import Rollout
from hosted_numbers.settings import Settings
from hosted_numbers.sweeping import Orphan, SweepReport

_SETUP = "hosted-numbers setup"
_WORKER = "python worker.py"
_SHORTEST_RETENTION = timedelta(days=1)


@dataclass(frozen=True)
class Examination:
    """All that was looked at, and the last sweep's report where there is one."""

    well: bool
    checks: list[Check]
    report: SweepReport | None
    problems: tuple[Problem, ...] = ()


def examine(output: Output) -> None:
    """Print every check; exit 1 when one is unwell.

    Raises:
        SettingsError: the environment is wrong.
    """
    settings = Settings.read()
    found = _beside(run(doctor_settings.checks(settings)), run(_examined(settings)))
    if output is Output.JSON:
        typer.echo(TypeAdapter(Examination).dump_json(found))
    else:
        stdout().print(_table(found.checks))
        for each in found.checks:
            if each.fix:
                say(f"{each.name}: {each.fix}")
        for problem in found.problems:
            say(f"{problem.workflow_id}: {problem.cause} {problem.next_step}")
        for orphan in found.report.orphans if found.report else ():
            say(f"Adopt {orphan.sid}: {adoption(orphan)}")
    if not found.well:
        raise typer.Exit(FAILED)


def _beside(others: list[Check], found: Examination) -> Examination:
    well = found.well and all(each.well for each in others)
    return replace(found, well=well, checks=[*others, *found.checks])


def adoption(orphan: Orphan) -> str:
    """The command that takes an orphan up: it finds the order at Twilio and makes no second one."""
    return (
        f"hosted-numbers order create --phone-number {orphan.phone_number} --email EMAIL "
        "--address-sid AD… --contact-title TITLE --contact-phone-number NUMBER"
    )


async def _examined(settings: Settings) -> Examination:
    keys = _keys(settings)
    if not keys.well:  # production without keys: no process connects
        return Examination(well=False, checks=[keys], report=None)
    try:
        client = await temporal.connect(settings)
    except HostedNumbersError as error:
        unwell = Check("Temporal", False, error.reason, error.next_step)
        return Examination(well=False, checks=[keys, unwell], report=None)
    where = f"{temporal.address()}, namespace {client.namespace}"
    try:
        missing = await search_attributes.unregistered(client)
        checks = [Check("Temporal", True, where), await _retention(client), keys]
        checks.append(_attributes(missing))
        checks += [
            await _worker(client, queue)
            for queue in (contract.TASK_QUEUE, contract.NOTIFICATION_QUEUE)
        ]
        checks += _rollout(await rollouts.rollout(client, contract.TASK_QUEUE))
        problems = await ProblemReports(client, settings.temporal_deadline()).read()
        schedule = await sweeps.schedule(client)
        report = await sweeps.last_report(client)
    except RPCError as error:
        fix = "Check TEMPORAL_NAMESPACE and the rights of the profile's API key."
        refused = Check("Temporal", False, f"{where}: {error.status.name}", fix)
        return Examination(well=False, checks=[refused, keys], report=None)
    checks += [_problems(problems), _schedule(schedule, settings.sweep_pace())]
    if schedule is not None:
        checks += _report(report, datetime.now(UTC))
    return Examination(all(each.well for each in checks), checks, report, problems.some)


def _keys(settings: Settings) -> Check:
    """By their ids alone; the doctor's own ring should be that of the worker and the gateway."""
    name = "encryption keys"
    try:
        ring = settings.key_ring()
    except SettingsError as error:
        return Check(name, False, error.reason, error.next_step)
    if ring is None:
        return Check(name, True, "none: nothing is encrypted, which is for development alone")
    read = [key_id for key_id in ring.keys if key_id != ring.current.id]
    others = f"; reads {', '.join(read)}" if read else ""
    return Check(name, True, f"writes with {ring.current.id}{others}")


async def _retention(client: Client) -> Check:
    """How long closed orders can be read, which is all that is left of them."""
    name = "retention"
    try:
        kept = (await namespace_retention(client)).kept
    except RPCError as error:
        return Check(name, True, f"cannot be read ({error.status.name})")
    if kept < _SHORTEST_RETENTION:
        fix = f"temporal operator namespace update --namespace {client.namespace} --retention 720h"
        return Check(name, False, f"closed orders are gone after {_span(kept)}", fix)
    return Check(name, True, f"closed orders are kept {kept / timedelta(days=1):g} days")


def _attributes(missing: list[str]) -> Check:
    if missing:
        return Check("search attributes", False, f"missing: {', '.join(missing)}", _SETUP)
    return Check("search attributes", True, "registered")


async def _worker(client: Client, queue: str) -> Check:
    if await temporal.has_worker(client, queue):
        return Check(f"worker of {queue}", True, "polls")
    return Check(f"worker of {queue}", False, "none polls; orders wait", _WORKER)


def _rollout(rollout: Rollout | None) -> list[Check]:
    """Whether the workers of some version take the work, where workers have versions."""
    if rollout is None:
        return []
    name, newest = "worker version", f"{rollout.deployment} {rollout.newest}"
    make = (
        "temporal worker deployment set-current-version --deployment-name "
        f"{rollout.deployment} --build-id {rollout.newest}"
    )
    if not rollout.polls:
        waits = f"{rollout.deployment} {rollout.current}" if rollout.current else "no version"
        found = f"{waits} is current and none of its workers polls; the newest is {newest}"
        return [Check(name, False, found, f"Start its workers, or: {make}")]
    if rollout.current is None:
        found = f"workers without a version take the work, and {newest} none"
        return [Check(name, True, found)]
    ramping = f", {rollout.ramping} takes {rollout.percentage:g} %" if rollout.ramping else ""
    return [Check(name, True, f"{rollout.deployment} {rollout.current} is current{ramping}")]


def _problems(problems: Problems) -> Check:
    """Workflows that no worker can go on with."""
    name = "stuck workflows"
    if not problems.total:
        return Check(name, True, "none")
    found = f"{problems.total}, such as {', '.join(each.workflow_id for each in problems.some)}"
    return Check(name, False, found, "nothing is lost; mend what is said below of each.")


def _schedule(schedule: sweeps.SweepSchedule | None, every: timedelta) -> Check:
    name = "sweep's Schedule"
    if schedule is None:
        if every == sweeps.NONE:
            return Check(name, True, "none is wanted (HOSTED_NUMBERS_SWEEP_SECONDS=0)")
        return Check(name, False, "there is none; each order looks for itself", _SETUP)
    if schedule.paused:
        resume = f"temporal schedule toggle --schedule-id {sweeps.SCHEDULE_ID} --unpause"
        return Check(name, False, f"paused: {schedule.note or 'nobody said why'}", resume)
    if schedule.every != every:
        found = f"every {_span(schedule.every)}, and not every {_span(every)} as the settings say"
        return Check(name, False, found, _SETUP)
    return Check(name, True, f"every {_span(every)}")


def _report(report: SweepReport | None, now: datetime) -> list[Check]:
    if report is None:
        wait = "Wait a minute; then look at StatusSweep in the Temporal UI."
        return [Check("last sweep", False, "none has come to an end yet", wait)]
    listed = ", ".join(f"{status} {count}" for status, count in report.listed.items() if count)
    found = (
        f"{_span(now - report.at)} ago, {report.requests} requests, "
        f"{report.open_orders} open orders; at Twilio: {listed or 'none'}"
    )
    reliable = sweeping.is_reliable(report, now)
    fix = None if reliable else "Look at the newest StatusSweep in the Temporal UI."
    return [Check("last sweep", reliable, found, fix), _orphans(report), _strays(report)]


def _orphans(report: SweepReport) -> Check:
    """Orders at Twilio that no workflow looks after."""
    if not report.orphans_total:
        return Check("orphans", True, "none")
    found = f"{report.orphans_total} orders at Twilio have our name and no open workflow"
    fix = "send each order again, which adopts it; or delete it at Twilio."
    return Check("orphans", False, found, fix)


def _strays(report: SweepReport) -> Check:
    """Open workflows whose order is gone from Twilio."""
    if not report.strays_total:
        return Check("strays", True, "none")
    numbers = ", ".join(report.strays)
    found = f"{report.strays_total} open orders are not at Twilio: {numbers}"
    return Check("strays", False, found, "hosted-numbers order show NUMBER says what to do.")


def _span(span: timedelta) -> str:
    return str(timedelta(seconds=round(span.total_seconds())))


def _table(checks: list[Check]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("check", no_wrap=True)
    table.add_column("")
    table.add_column("found", overflow="fold")
    for each in checks:
        mark = "[green]well[/]" if each.well else "[bold red]unwell[/]"
        table.add_row(plain(each.name), mark, plain(each.found))
    return table
