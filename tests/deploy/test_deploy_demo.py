"""The demo's verdict: an order went well only if Twilio agrees, with one order and its letters."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from deploy.demo import Run
from deploy.demo_stories import SCRIPTS, People, Script, plain, signer_declines

NUMBER = "+15017122661"
OTHER = "+14155550123"


def a_script(number: str = NUMBER, letters: int = 1) -> Script:
    """A script that ends completed."""
    return Script(number, plain, "completed", letters)


def people(answer: Callable[[httpx.Request], httpx.Response], number: str = NUMBER) -> People:
    """People whose gateway and phone answer so."""
    client = httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://127.0.0.1:1")
    return People(client, client, number)


def a_run(**changes: Any) -> Run:
    """A run that has ended as its script says."""
    run = Run(changes.pop("script", a_script()), people(lambda _: httpx.Response(500)))
    run.people.progress = {"phase": "completed"} | changes
    return run


def a_ledger() -> dict[str, Any]:
    """Two orders, completed, a letter for each."""
    return {
        "orders": [
            {"sid": "HR1", "phone_number": NUMBER, "status": "completed"},
            {"sid": "HR2", "phone_number": OTHER, "status": "completed"},
        ],
        "authorization_documents": [
            {"sid": "PX1", "order_sids": ["HR1"]},
            {"sid": "PX2", "order_sids": ["HR2"]},
        ],
        "loa_mails": [{"document_sid": "PX1"}, {"document_sid": "PX2"}],
    }


def test_order_that_ended_as_scripted_went_well() -> None:
    """The other orders' letters are not counted to it."""
    assert a_run().went_well(a_ledger())
    assert a_run(script=a_script(OTHER)).went_well(a_ledger())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda ledger: ledger["orders"][0].update(status="failed"),
        lambda ledger: ledger["orders"].append(ledger["orders"][0]),
        lambda ledger: ledger["orders"].pop(0),
        lambda ledger: ledger["loa_mails"].append({"document_sid": "PX1"}),
        lambda ledger: ledger["loa_mails"].pop(0),
    ],
    ids=["other status", "two orders", "no order", "two letters", "no letter"],
)
def test_what_twilio_holds_decides(spoil: Callable[[dict[str, Any]], object]) -> None:
    """Whatever our own API says."""
    ledger = a_ledger()
    spoil(ledger)
    assert not a_run().went_well(ledger)


def test_other_ending_or_trouble_is_not_well() -> None:
    """The API's own words count too."""
    assert not a_run(phase="failed").went_well(a_ledger())
    troubled = a_run()
    troubled.trouble = "TimeoutError"
    assert not troubled.went_well(a_ledger())


def test_run_that_never_heard_of_its_order_is_not_well() -> None:
    """Even where Twilio has it."""
    unheard = Run(a_script(), people(lambda _: httpx.Response(500)))
    unheard.trouble = "HTTPStatusError"
    assert not unheard.went_well(a_ledger())


async def test_run_notes_what_went_wrong() -> None:
    """An error of the API ends the script, not the demo."""
    run = Run(a_script(), people(lambda _: httpx.Response(503)))
    await run.play()
    assert run.trouble.startswith("HTTPStatusError")
    assert "while one sends the order" in run.trouble
    assert run.took is not None


async def test_run_gives_up_on_an_order_that_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo ends, whatever becomes of an order."""
    monkeypatch.setattr("deploy.demo.PATIENCE", 0.1)
    run = Run(a_script(), people(lambda _: httpx.Response(200, json={"phase": "ordering"})))
    await run.play()
    assert run.trouble.startswith("TimeoutError")


async def test_code_that_is_not_taken_is_trouble() -> None:
    """A script says what each act must come to, also where Python leaves asserts out."""

    def answer(_: httpx.Request) -> httpx.Response:
        body: dict[str, object] = {
            "phase": "verification",
            "waiting_for": "verification-code",
            "sid": "HR1",
            "verification_code": "0042",
            "taken": False,
            "reason": "The code is wrong.",
        }
        return httpx.Response(200, json=body)

    run = Run(a_script(), people(answer))
    await run.play()
    assert run.trouble.startswith("NotAsScriptedError: The code is wrong.")
    assert "enters the code" in run.trouble


def test_scripts_cover_every_ending() -> None:
    """Eight numbers, each with a story of its own; a declined letter is sent twice."""
    assert len({script.number for script in SCRIPTS}) == len(SCRIPTS) == 8
    assert {script.ending for script in SCRIPTS} == {"completed", "failed", "cancelled"}
    assert [s.letters for s in SCRIPTS if s.story is signer_declines] == [2]
