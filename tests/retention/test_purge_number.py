"""``hosted-numbers purge number``: nothing of a number is left here; what is elsewhere is said."""

import json
import logging
import re
from datetime import timedelta
from pathlib import Path

import pytest

from hosted_numbers import contract
from hosted_numbers.bulk.imports import BulkImports
from hosted_numbers.cli import purge_actions
from hosted_numbers.contract import VerificationCodeEntry
from hosted_numbers.erasure.number import NumberErasure
from hosted_numbers.errors import RefusedError, TemporalUnavailableError
from hosted_numbers.executions import Executions
from hosted_numbers.ids import (
    PREFIX,
    bulk_import_workflow_id,
    offboarding_workflow_id,
    order_workflow_id,
)
from hosted_numbers.letter_groups.contract import group_workflow_id
from hosted_numbers.namespace_retention import NamespaceRetention
from tests.bulk.files import a_row, as_csv, number
from tests.letter_groups import GROUP
from tests.letter_groups import KEY as GROUP_KEY
from tests.retention.conftest import RunCommand
from tests.retention.stories import Keeping
from tests.world import eventually

pytestmark = pytest.mark.security("S30")

ERASED, OTHER = number(0), number(1)
CANARIES = {
    "email": "canary.owner@canary.example.com",
    "contact_title": "Canarytitle",
    "contact_phone_number": "+12025550188",
}
TRACES = (b"anary", CANARIES["contact_phone_number"].encode(), ERASED.encode())


@pytest.fixture(autouse=True)
def _log_of_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command's log goes where the test looks, not to the stream of a command that is over."""
    monkeypatch.setattr(
        purge_actions, "log_to_stderr", lambda _: logging.getLogger().setLevel(logging.INFO)
    )


async def everything_at_temporal(keeping: Keeping) -> bytes:
    """All histories, as they are stored, and all that lists show."""
    client = keeping.world.client
    found = [
        (row.raw_info.SerializeToString(), row.id, row.run_id)
        async for row in client.list_workflows()
    ]
    histories = [
        event.SerializeToString()
        for _, id_, run_id in found
        async for event in client.get_workflow_handle(id_, run_id=run_id).fetch_history_events()
    ]
    return b"\n".join([*(row for row, _, _ in found), *histories])


def in_files(folder: Path) -> bytes:
    """Every file of the store, with its name."""
    files = sorted(each for each in folder.rglob("*") if each.is_file())
    return b"\n".join(str(each).encode() + each.read_bytes() for each in files)


def traces(content: bytes) -> list[bytes]:
    """Which traces of the number are in there."""
    return [each for each in TRACES if each in content]


async def lives(keeping: Keeping) -> str:
    """Orders of two numbers; one number has had two, and canaries in all that it said.

    Its first order had a bill and was cancelled. Its second came from a file, with the other
    number's, and completed under a letter of a group. The id of the import.
    """
    world = keeping.world
    await world.start(phone_number=ERASED, verification_type="phone-bill", **CANARIES)
    await world.until(ERASED, waiting_for="document")
    assert (await world.provide(ERASED)).taken
    await world.orders.cancel(ERASED)
    await keeping.ended(ERASED)
    mine = a_row(0, **CANARIES, loa_group=GROUP, loa_group_size=1)
    imports = BulkImports(world.client, world.blobs)
    begun = await imports.begin(as_csv(mine, a_row(1)), "csv")
    for each in (ERASED, OTHER):
        waiting = await world.until(each, waiting_for="verification-code")
        entry = VerificationCodeEntry(code=await world.code(waiting))
        assert (await world.orders.submit_verification_code(each, entry)).taken
        await world.sign(await world.until(each, waiting_for="signature", status="pending-loa"))
        await keeping.ended(each)
    await world.client.get_workflow_handle(bulk_import_workflow_id(begun.progress.id)).result()
    for type_ in ("AuthorizationDocument", "BulkImport"):
        await keeping.counted(f"WorkflowType = '{type_}' AND CloseTime IS NOT NULL")
    return begun.progress.id


async def test_nothing_of_a_purged_number_is_left(
    keeping: Keeping, command: RunCommand, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither in a history, nor in a list, nor in a file; the other number's order is whole.

    What goes is shown first; the log says what went without saying whose it was.
    """
    import_id = await lives(keeping)
    before = await everything_at_temporal(keeping)
    assert traces(before) == list(TRACES)
    assert traces(in_files(keeping.blobs)) == list(TRACES)

    dry = await command("purge", "number", ERASED, "--dry-run", "-o", "json")
    assert traces(await everything_at_temporal(keeping)) == list(TRACES)
    done = await command("purge", "number", ERASED, "--yes", "-o", "json")

    assert (dry.exit_code, done.exit_code) == (0, 0), done.output
    would, did = json.loads(dry.stdout), json.loads(done.stdout)
    assert (would["deleted"], did["deleted"]) == (False, True)
    assert would["workflows"] == did["workflows"]
    assert did["workflows"]["order"] == 2
    assert did["workflows"]["disposal"] == did["workflows"]["letter group"] == 1
    assert did["workflows"]["event"] > 4
    assert (did["files"], did["rows"], did["pending"]) == (1, 2, [])
    [at_twilio] = did["remains"]
    assert re.search("HR[0-9a-f]{32} at Twilio", at_twilio["what"])
    assert "offboard" in at_twilio["then"]
    audit = [each.getMessage() for each in caplog.records if each.name.endswith("erasure.number")]
    assert [line[: len("Purged ********2000:")] for line in audit] == ["Purged ********2000:"]

    async def nowhere() -> bool:
        return not traces(await everything_at_temporal(keeping))

    await eventually(nowhere)
    assert not traces(in_files(keeping.blobs))
    assert (await keeping.world.orders.progress(OTHER)).phase == "completed"
    imports = BulkImports(keeping.world.client, keeping.world.blobs)
    results = [row async for some in imports.results(import_id) for row in some]
    assert [row.phone_number for row in results] == [OTHER]

    again = await command("purge", "number", ERASED, "--yes")
    assert again.exit_code == 0
    assert "Nothing is known" in again.stderr


async def test_an_open_order_is_cancelled_first(keeping: Keeping, command: RunCommand) -> None:
    """Refused with the command that cancels it; nothing is deleted, also where it opened since."""
    world = keeping.world
    erasure = NumberErasure(world.client, world.blobs)
    plan = await erasure.plan(ERASED)
    await world.start(phone_number=ERASED)
    await world.kept(ERASED)

    refused = await command("purge", "number", ERASED, "--yes")

    assert refused.exit_code == 1
    assert f"hosted-numbers order cancel {ERASED}" in refused.stderr
    with pytest.raises(RefusedError, match="is open"):
        await erasure.carry_out(plan)
    assert ERASED.encode() in in_files(keeping.blobs)


async def test_what_is_under_way_with_a_number_ends_first(keeping: Keeping) -> None:
    """Its release, or an import that may yet start an order of it."""
    world = keeping.world
    erasure = NumberErasure(world.client, world.blobs)
    release = await world.client.start_workflow(
        contract.OFFBOARDING_TYPE,
        id=offboarding_workflow_id(ERASED),
        task_queue="nobody",
    )
    with pytest.raises(RefusedError, match="being given back"):
        await erasure.plan(ERASED)
    await release.terminate()
    import_id = "0" * 32
    await world.blobs.write(
        f"bulk-imports/{import_id}/results-0.jsonl",
        b'{"line":2,"phone_number":"%b","outcome":"started"}\n' % ERASED.encode(),
    )
    running = await world.client.start_workflow(
        "BulkImport", id=bulk_import_workflow_id(import_id), task_queue="nobody"
    )
    with pytest.raises(RefusedError, match=f"bulk cancel {import_id}"):
        await erasure.plan(ERASED)
    await running.terminate()

    plan = await erasure.plan(ERASED)

    assert (plan.count("release"), sum(plan.rows.values())) == (1, 1)


async def test_a_letter_that_others_need_stays_until_they_have_ended(
    keeping: Keeping, command: RunCommand
) -> None:
    """It says which, and until when; repeated later, the purge finds it without the order."""
    world = keeping.world
    group = {"loa_group": GROUP, "loa_group_size": 2}
    for each in (ERASED, OTHER):
        await world.start(phone_number=each, **group)
        waiting = await world.until(each, waiting_for="verification-code")
        entry = VerificationCodeEntry(code=await world.code(waiting))
        await world.orders.submit_verification_code(each, entry)
    await world.until(ERASED, waiting_for="signature", status="pending-loa")
    await world.until(OTHER, waiting_for="signature", status="pending-loa")
    await world.handle(ERASED).terminate()

    open_group = await NumberErasure(world.client, world.blobs).plan(ERASED)
    handle = world.client.get_workflow_handle(group_workflow_id(GROUP_KEY))
    await handle.terminate()
    first = await command("purge", "number", ERASED, "--yes")
    await world.handle(OTHER).terminate()
    second = await command("purge", "number", ERASED, "--yes", "-o", "json")

    assert [each.what for each in open_group.remains if GROUP in each.what] == [
        f"the group {GROUP_KEY!r} is open: it waits for orders of other numbers"
    ]
    assert (first.exit_code, second.exit_code) == (0, 0), first.output + second.output
    assert f"Stays: the group {GROUP_KEY!r}: another order on its letter is open" in first.stdout
    assert json.loads(second.stdout)["workflows"]["letter group"] == 1


async def test_a_purge_that_was_broken_off_is_repeated(
    keeping: Keeping, command: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it had done: orders, which lead to the rest, go last."""
    await keeping.completed(ERASED, **CANARIES)
    delete = Executions.delete

    async def broken(self: Executions, workflow_id: str, run_id: str) -> None:
        if workflow_id.startswith(PREFIX):
            raise TemporalUnavailableError("Temporal does not answer.", "Try again shortly.")
        await delete(self, workflow_id, run_id)

    with monkeypatch.context() as patch:
        patch.setattr(Executions, "delete", broken)
        broken_off = await command("purge", "number", ERASED, "--yes")
    assert broken_off.exit_code == 1
    assert await keeping.world.orders.summary(ERASED) is not None

    done = await command("purge", "number", ERASED, "--yes", "-o", "json")

    assert done.exit_code == 0, done.output
    assert await keeping.world.orders.summary(ERASED) is None


async def test_what_temporal_has_not_deleted_yet_is_named(
    keeping: Keeping, command: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It deletes in its own time; whoever has waited long enough is told what is left."""
    await keeping.completed(ERASED)

    async def taken(_: Executions, *__: str) -> None:
        """Temporal took it, and has not done it."""

    monkeypatch.setattr(Executions, "delete", taken)
    monkeypatch.setattr("hosted_numbers.erasure.number.PATIENCE", timedelta(0))

    result = await command("purge", "number", ERASED, "--yes")

    assert result.exit_code == 1
    assert f"still deleting: {order_workflow_id(ERASED)}" in result.stderr
    assert "Repeat" in result.stderr


async def test_files_of_an_order_that_temporal_forgot_go_with_their_disposal(
    keeping: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disposal, which knows the number, is found by what it was told, among others'."""
    monkeypatch.setattr("hosted_numbers.erasure.records._AT_ONCE", 1)
    world = keeping.world
    for each in (ERASED, OTHER):
        await world.start(phone_number=each, verification_type="phone-bill", loa_group=each)
        await world.until(each, waiting_for="document")
        await world.provide(each)
        await world.orders.cancel(each)
        await keeping.ended(each)
    await keeping.counted("WorkflowType = 'DocumentDisposal'", 2)
    await keeping.forget(ERASED)

    plan = await NumberErasure(world.client, world.blobs).plan(ERASED)

    assert (plan.count("order"), plan.count("disposal"), plan.files) == (0, 1, 1)


async def test_nobody_erases_by_mistake(
    keeping: Keeping, command: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a terminal the number is typed again; without one, --yes has to be said."""
    await keeping.world.kept(ERASED)
    nobody = await command("purge", "number", ERASED)
    program = await command("purge", "number", ERASED, "-o", "json")
    monkeypatch.setattr(purge_actions, "_is_asked", lambda: True)
    typed_another = await command("purge", "number", ERASED, stdin=f"{OTHER}\n")
    assert ERASED.encode() in in_files(keeping.blobs)
    typed = await command("purge", "number", ERASED, stdin=f"{ERASED}\n")

    assert (nobody.exit_code, program.exit_code) == (2, 2)
    assert (typed_another.exit_code, typed.exit_code) == (2, 0)
    assert "--yes" in nobody.stderr
    assert "another number" in typed_another.stderr
    assert "files" in typed.stdout
    assert ERASED.encode() not in in_files(keeping.blobs)


async def test_an_archive_of_temporals_is_told_of(
    keeping: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing here reaches into it."""

    async def archiving(*_: object) -> NamespaceRetention:
        return NamespaceRetention(timedelta(days=30), archived=True)

    monkeypatch.setattr("hosted_numbers.erasure.number.namespace_retention", archiving)

    plan = await NumberErasure(keeping.world.client, keeping.world.blobs).plan(ERASED)

    assert plan.is_empty
    assert ["archive" in each.what for each in plan.remains] == [True]
