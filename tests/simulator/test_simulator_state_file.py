"""The simulator's memory on disk."""

import json
import sqlite3
import stat
from collections.abc import Iterable
from pathlib import Path

import pytest

from hosted_numbers.simulator.errors import SimulatorRefused
from hosted_numbers.simulator.state_file import Record, StateFile
from tests.simulator.workshop import (
    CALLBACK_URL,
    LOCKED_PDF,
    ORDERS,
    SUPPORTING,
    a_config,
    a_workshop,
    until,
)


def test_records(tmp_path: Path) -> None:
    """Written, replaced, removed; read in the order of kind and key; for the owner's eyes."""
    path = tmp_path / "state.sqlite"
    file = StateFile(path)
    file.save([("b", "1", "one"), ("a", "2", "two"), ("a", "1", "three")])
    file.save([("b", "1", "new"), ("a", "2", None)])
    file.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    file = StateFile(path)
    assert file.load() == [("a", "1", "three"), ("b", "1", "new")]
    file.clear()
    assert file.load() == []
    file.close()


def test_all_or_nothing(tmp_path: Path) -> None:
    """A record that cannot be written takes the others of its save with it."""
    file = StateFile(tmp_path / "state.sqlite")
    with pytest.raises(sqlite3.Error):
        file.save([("a", "1", "x"), ("a", object(), "y")])  # type: ignore[list-item] # what SQLite refuses
    assert file.load() == []
    file.save([("a", "1", "x")])
    assert file.load() == [("a", "1", "x")]
    file.close()


def test_files_that_are_none(tmp_path: Path) -> None:
    """No database, another format, no folder: refused with the reason."""
    text = tmp_path / "notes.txt"
    text.write_text("not a database, but long enough to look like something else" * 20)
    with pytest.raises(SimulatorRefused, match="not a database"):
        StateFile(text)
    newer = tmp_path / "newer.sqlite"
    connection = sqlite3.connect(newer)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(SimulatorRefused, match="format is 99"):
        StateFile(newer)
    with pytest.raises(SimulatorRefused, match="cannot open"):
        StateFile(tmp_path / "missing" / "state.sqlite")


async def test_a_restart_goes_on(tmp_path: Path) -> None:
    """The same file, another simulator: the same orders, and a reset empties the file too."""
    config = a_config(state_file=tmp_path / "state.sqlite")
    async with a_workshop(config) as sim:
        order = await sim.create()
        await sim.advance(5)
    async with a_workshop(config) as sim:
        assert await sim.fetch(order["sid"]) == order
        assert (await sim.control("clock"))["offset_seconds"] == 5
        await sim.http.post("/_simulator/reset")
        await sim.create("+15017122663")
    async with a_workshop(config) as sim:
        [only] = (await sim.get(ORDERS))["items"]
        assert only["phone_number"] == "+15017122663"
        assert (await sim.control("clock"))["offset_seconds"] == 0


async def test_papers_and_released_numbers_are_kept(tmp_path: Path) -> None:
    """Bills, verdicts, supporting documents and what was off-boarded outlive a restart."""
    config = a_config(
        state_file=tmp_path / "state.sqlite",
        pace=10,
        people={"reviewer"},
        accept_locked_documents=True,
    )
    async with a_workshop(config) as sim:
        bill, locked = (await sim.upload())["sid"], (await sim.upload(LOCKED_PDF))["sid"]
        order, done = await sim.create(), await sim.create("+15017122662")
        await sim.advance(5)
        await sim.control(f"orders/{order['sid']}", {"status": "received"})
        await sim.attach(order["sid"], bill, Status="pending-verification")
        await sim.control(f"orders/{done['sid']}", {"status": "completed"})
        number = done["incoming_phone_number_sid"]
        path = f"/2010-04-01/Accounts/{done['account_sid']}/IncomingPhoneNumbers/{number}.json"
        assert (await sim.http.delete(path)).status_code == 204
        for name in ("kept", "gone"):
            paper = await sim.post(SUPPORTING, FriendlyName=name, Type="passport")
        await sim.http.delete(f"{SUPPORTING}/{paper['sid']}")
        ledger = await sim.ledger()
    async with a_workshop(config) as sim:
        assert await sim.ledger() == ledger
        assert (await sim.http.get(path)).status_code == 404
        assert (await sim.create("+15017122662"))["sid"] != done["sid"]
        await sim.advance(10)
        assert await sim.status(order["sid"]) == "verified"
        papers = {each["sid"]: each["status"] for each in (await sim.ledger())["documents"]}
        assert papers == {bill: "APPROVED", locked: "REJECTED"}
        [kept] = (await sim.get(SUPPORTING))["results"]
        assert (kept["friendly_name"], kept["status"]) == ("kept", "pending-review")
        await sim.http.post("/_simulator/reset")
        assert (await sim.get(SUPPORTING))["results"] == []


async def test_a_file_from_before_there_were_bills(tmp_path: Path) -> None:
    """Orders without what was added to them since are read, and go on."""
    config = a_config(state_file=tmp_path / "state.sqlite", people={"reviewer"})
    async with a_workshop(config) as sim:
        order = await sim.create()
    file = StateFile(tmp_path / "state.sqlite")
    records = {(kind, key): body for kind, key, body in file.load()}
    old = json.loads(records["order", order["sid"]])
    for added in ("awaits_bill", "number_released_at"):
        del old[added]
    # such a simulator took any RD SID for a bill and kept nothing of it
    old |= {
        "status": "pending-verification",
        "verification_type": "phone-bill",
        "verification_document_sid": "RD" + "5" * 32,
    }
    file.save([("order", order["sid"], json.dumps(old))])
    file.close()
    async with a_workshop(config) as sim:
        await sim.advance(60)
        assert await sim.status(order["sid"]) == "pending-verification"
        bill = (await sim.upload())["sid"]
        await sim.update(order["sid"], VerificationDocumentSid=bill)
        assert await sim.status(order["sid"]) == "verified"


async def test_a_full_disk_does_not_end_the_background(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What cannot be kept is logged; steps and callbacks go on when there is room again."""
    config = a_config(state_file=tmp_path / "state.sqlite", people={"signer"}, pace=0)
    async with a_workshop(config) as sim:
        order = await sim.verified(StatusCallbackUrl=CALLBACK_URL)
        await until(lambda: len(sim.notes.sent) == 3)
        await until(lambda: not sim.simulator.world.outbox.waiting)
        sqlite_save, tries = sim.simulator._store.save, list[object]()

        def full(records: object) -> None:
            tries.append(records)
            raise sqlite3.OperationalError("database or disk is full")

        monkeypatch.setattr("hosted_numbers.simulator.runtime._PAUSE_AFTER_ERROR", 0)
        with monkeypatch.context() as patch:
            await sim.document(order["sid"])
            patch.setattr(sim.simulator._store, "save", full)
            await until(lambda: len(tries) > 3)
        assert sim.simulator._store.save == sqlite_save
        assert {record.levelname for record in caplog.records} == {"ERROR"}
        held = sim.simulator.world.orders.all[order["sid"]]
        await until(lambda: held.status == "completed" and len(sim.notes.sent) == 7)
        await sim.fetch(order["sid"])
    async with a_workshop(config) as sim:
        assert await sim.status(order["sid"]) == "completed"


async def test_an_outcome_that_cannot_be_kept_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, kept with the next write, and the following callbacks go out."""
    config = a_config(state_file=tmp_path / "state.sqlite")
    async with a_workshop(config) as sim:
        ledger, really_save = sim.simulator.world.ledger, sim.simulator._store.save

        def full(records: Iterable[Record]) -> None:
            written = list(records)
            if len(ledger.callbacks) == 1 and not caplog.records:
                raise sqlite3.OperationalError("database or disk is full")
            really_save(written)

        monkeypatch.setattr(sim.simulator._store, "save", full)
        order = await sim.create(StatusCallbackUrl=CALLBACK_URL)
        await until(lambda: bool(caplog.records))
        await sim.call(order["sid"])
        await until(lambda: len(ledger.callbacks) == 2)
    async with a_workshop(config) as sim:
        assert [sent["outcome"] for sent in (await sim.ledger())["callbacks"]] == ["200", "200"]
        assert (await sim.control("callbacks"))["waiting"] == 0


async def test_a_full_disk_loses_nothing_that_was_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that fails is an error to the caller, and is made up for with the next one."""
    config = a_config(state_file=tmp_path / "state.sqlite")
    async with a_workshop(config) as sim:
        order = await sim.create()

        def full(_: object) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        with monkeypatch.context() as patch:
            patch.setattr(sim.simulator._store, "save", full)
            with pytest.raises(sqlite3.OperationalError):
                await sim.call(order["sid"])
        await sim.fetch(order["sid"])
        held = sim.simulator.world.orders.all[order["sid"]]
        await sim.update(order["sid"], FriendlyName="written")
    async with a_workshop(config) as sim:
        assert sim.simulator.world.orders.all[order["sid"]] == held
