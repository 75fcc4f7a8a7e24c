"""``hosted-numbers export``: the whole story of orders, in a file of yours."""

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hosted_numbers import temporal_calls
from hosted_numbers.contract import Cancellation
from hosted_numbers.errors import TemporalUnavailableError
from hosted_numbers.executions import Executions
from hosted_numbers.order_export import ExportedOrder, OrderExport, Selection
from hosted_numbers.orders import HostedNumberOrders
from tests.letter_groups import GROUP, number
from tests.orders import NUMBER, an_order
from tests.retention.conftest import RunCommand
from tests.retention.stories import Keeping
from tests.world import a_dev_server, a_world_on

OPEN = number(1)
CANCELLED = number(2)
STOPPED = number(3)


def lines(text: str) -> dict[str, ExportedOrder]:
    """The orders of a JSON Lines text, by number."""
    found = [ExportedOrder.model_validate_json(line) for line in text.splitlines()]
    return {each.phone_number: each for each in found}


def files_in(folder: Path) -> list[str]:
    """The files of a folder, but for Temporal's."""
    return [
        each.name for each in folder.iterdir() if each.is_file() and "temporal" not in each.name
    ]


async def some_orders(keeping: Keeping) -> None:
    """One that completed, one that waits for its code, one that was cancelled, one stopped."""
    world = keeping.world
    await keeping.completed(customer="Elm Books", loa_group=GROUP, loa_group_size=1)
    for each in (OPEN, CANCELLED, STOPPED):
        await world.start(phone_number=each)
        await world.until(each, waiting_for="verification-code")
    await world.handle(CANCELLED).signal("cancel_order", Cancellation())
    await keeping.ended(CANCELLED)
    await world.handle(STOPPED).terminate("by mistake")
    await keeping.counted("ExecutionStatus = 'Terminated'")


async def test_every_order_is_told_from_its_request_to_its_end(
    keeping: Keeping, command: RunCommand, tmp_path: Path
) -> None:
    """Open or ended, however it ended; the file is its owner's alone, and the person is warned."""
    await some_orders(keeping)
    kept = await keeping.world.kept(OPEN)
    file = tmp_path / "orders.jsonl"

    result = await command("export", "--all", "--to", str(file))

    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert "names people" in result.stderr
    assert "4 orders" in result.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    found = lines(file.read_text())
    assert {name: each.state for name, each in found.items()} == {
        NUMBER: "completed",
        OPEN: "open",
        CANCELLED: "completed",
        STOPPED: "terminated",
    }
    completed = found[NUMBER]
    assert completed.request == an_order(customer="Elm Books", loa_group=GROUP, loa_group_size=1)
    assert completed.progress is not None
    assert completed.progress.phase == "completed"
    assert completed.progress.sid is not None
    assert completed.progress.timeline
    assert completed.letter_group is not None
    assert completed.letter_group.startswith(GROUP)
    assert completed.closed_at is not None
    phases = {name: each.progress and each.progress.phase for name, each in found.items()}
    assert (phases[OPEN], phases[CANCELLED], phases[STOPPED]) == (
        "verification",
        "cancelled",
        "verification",
    )
    assert found[OPEN].files == (kept.blob,)
    # a code is for whoever is at the phone, not for a file that is kept for years
    assert "verification_code" not in file.read_text()


async def test_what_ended_in_a_span_is_the_same_file_each_time(
    keeping: Keeping, command: RunCommand, tmp_path: Path
) -> None:
    """So a job that makes yesterday's file may run twice; orders of another time stay out."""
    await keeping.completed()
    await keeping.world.start(phone_number=OPEN)
    now = datetime.now(UTC)
    soon, long_ago = now + timedelta(hours=1), now - timedelta(days=2)
    file = tmp_path / "day.jsonl"
    words = ["export", "--since", "1d", "--until", soon.isoformat(), "--to", str(file)]

    first = await command(*words)
    content = file.read_text()
    second = await command(*words)
    nothing = await command("export", "--since", "9d", "--until", long_ago.isoformat())

    assert (first.exit_code, second.exit_code, nothing.exit_code) == (0, 0, 0)
    assert list(lines(content)) == [NUMBER]
    assert file.read_text() == content
    assert nothing.stdout == ""
    assert files_in(tmp_path) == ["day.jsonl"]


async def test_one_number_is_shown_as_json(
    keeping: Keeping, command: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An array, which is one also where there is nothing in it; however many are read at once."""
    monkeypatch.setattr("hosted_numbers.order_export._AT_ONCE", 1)
    await keeping.completed()

    one = await command("export", "--phone-number", NUMBER, "-o", "json")
    none = await command("export", "--phone-number", OPEN, "-o", "json")

    [order] = json.loads(one.stdout)
    assert order["request"]["email"] == an_order().email
    assert json.loads(none.stdout) == []


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--all", "--since", "1d"],
        ["--all", "--phone-number", NUMBER],
        ["--until", "1d"],
        ["--phone-number", NUMBER, "--until", "1d"],
        ["--since", "yesterday"],
        ["--phone-number", "5017122661"],
    ],
    ids=" ".join,
)
async def test_which_orders_are_meant_has_to_be_said(
    command_alone: RunCommand, words: list[str]
) -> None:
    """Exit 2, and nothing is asked of Temporal."""
    result = await command_alone("export", *words)

    assert result.exit_code == 2, result.output
    assert result.stdout == ""


async def test_a_file_that_cannot_be_written_is_left_as_it_was(
    keeping: Keeping, command: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No directory, or no room: exit 2, and what was there stays."""
    await keeping.completed()
    file = tmp_path / "orders.jsonl"
    file.write_text("before")

    def full(_: Any) -> None:
        raise OSError(28, "No space left on device")

    nowhere = await command("export", "--all", "--to", str(tmp_path / "none" / "orders.jsonl"))
    monkeypatch.setattr("os.fsync", full)
    no_room = await command("export", "--all", "--to", str(file))

    assert (nowhere.exit_code, no_room.exit_code) == (2, 2)
    assert "No such file" in nowhere.stderr
    assert "No space left" in no_room.stderr
    assert file.read_text() == "before"
    assert files_in(tmp_path) == ["orders.jsonl"]


async def test_without_a_worker_what_nobody_can_tell_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An open order is exported without its progress, with the reason; the command exits 1."""
    monkeypatch.setattr(temporal_calls, "SECOND_LOOK", timedelta(seconds=10))
    async with await a_dev_server() as env, a_world_on(env) as world:
        await world.orders.start(an_order())
        keeping = Keeping(world, tmp_path, tmp_path)
        await keeping.counted("ExecutionStatus = 'Running'")
        orders = HostedNumberOrders(env.client, deadline=timedelta(seconds=1))
        export = OrderExport(env.client, orders, world.blobs)

        [order] = [each async for each in export.selected(Selection(phone_number=NUMBER))]

    assert order.request == an_order()
    assert order.progress is None
    assert "no worker" in str(order.missing)


async def test_what_temporal_forgets_meanwhile_is_left_out(
    keeping: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lists may still have it; where Temporal itself is away, the export breaks off."""
    await keeping.completed()
    world = keeping.world
    export = OrderExport(world.client, world.orders, world.blobs)

    async def forgotten(*_: object) -> None:
        return None

    with monkeypatch.context() as patch:
        patch.setattr(Executions, "started_with", forgotten)
        assert [each async for each in export.selected(Selection())] == []

    async def away(*_: object) -> None:
        raise TemporalUnavailableError("Temporal does not answer.", "Try again shortly.")

    await world.start(phone_number=OPEN)
    await keeping.counted("ExecutionStatus = 'Running'")
    monkeypatch.setattr(HostedNumberOrders, "progress", away)
    with pytest.raises(TemporalUnavailableError):
        _ = [each async for each in export.selected(Selection(phone_number=OPEN))]
