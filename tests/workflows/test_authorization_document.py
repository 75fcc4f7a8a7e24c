"""One letter for many orders: from the first verified order to the signature of all."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowHandle

from hosted_numbers.contract import Amendment, Progress, Resumption, VerificationCodeEntry
from hosted_numbers.errors import NoWorkerError, RefusedError, TemporalUnavailableError
from hosted_numbers.letter_groups import contract
from hosted_numbers.letter_groups.client import LetterGroups
from hosted_numbers.letter_groups.contract import (
    LetterAmendment,
    LetterProgress,
    SendNow,
    group_key,
    group_workflow_id,
)
from tests.letter_groups import GROUP, KEY, number
from tests.orders import an_order
from tests.world import World, a_dev_server, a_world_on, eventually
from workflows import authorization_document, hosted_number_order
from workflows.policies import GROUP_PACE, PACE

LETTERS = "/HostedNumbers/AuthorizationDocuments"
A_MOMENT = timedelta(milliseconds=300)


Hasten = Callable[..., None]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """On the dev server: the time-skipping one loses tasks of many workflows that move at once."""
    async with await a_dev_server() as env, a_world_on(env) as found, found.working():
        yield found


@pytest.fixture(autouse=True)
def hasten(monkeypatch: pytest.MonkeyPatch) -> Hasten:
    """Groups look at their letters at once, and wait as briefly as a test tells them."""
    looks = replace(
        GROUP_PACE.looks, first_look=A_MOMENT, longest_look=A_MOMENT, second_look=A_MOMENT
    )

    def hastened(
        *, window: timedelta = GROUP_PACE.window, late_window: timedelta = GROUP_PACE.late_window
    ) -> None:
        pace = replace(GROUP_PACE, looks=looks, window=window, late_window=late_window)
        monkeypatch.setattr(authorization_document, "GROUP_PACE", pace)

    hastened()
    return hastened


@pytest.fixture
def groups(world: World) -> LetterGroups:
    """What people act on groups by."""
    return LetterGroups(world.client)


async def ready(world: World, index: int, **order: object) -> str:
    """An order of the group whose owner entered the right code; its number."""
    phone_number = number(index)
    await world.start(phone_number=phone_number, **({"loa_group": GROUP} | order))
    waiting = await world.until(phone_number, waiting_for="verification-code")
    entry = VerificationCodeEntry(code=await world.code(waiting))
    assert (await world.orders.submit_verification_code(phone_number, entry)).taken
    return phone_number


async def all_ready(world: World, count: int, **order: object) -> list[str]:
    """So many orders of a group of that size."""
    sized = {"loa_group_size": count} | order
    return await asyncio.gather(*(ready(world, index, **sized) for index in range(count)))


async def until_all(world: World, numbers: list[str], **expected: object) -> list[Progress]:
    """Wait until each order shows what is expected."""
    return [await world.until(each, **expected) for each in numbers]


async def until_group(
    groups: LetterGroups, *, key: str = KEY, **expected: object
) -> LetterProgress:
    """Wait, in real time, until the group's progress shows what is expected."""
    seen: list[LetterProgress] = []

    async def shown() -> bool:
        # as for an order: the server may give a workflow task out again only ten seconds later
        with contextlib.suppress(NoWorkerError, TemporalUnavailableError):
            seen.append(await groups.progress(key))
            return all(getattr(seen[-1], name) == value for name, value in expected.items())
        return False

    await eventually(shown, patience=20)
    return seen[-1]


def group(world: World, key: str = KEY) -> WorkflowHandle[object, LetterProgress]:
    """The group's workflow."""
    return world.client.get_workflow_handle(group_workflow_id(key), result_type=LetterProgress)


async def ended(world: World) -> LetterProgress:
    """What the group ends with, once it has looked at its letters."""
    return await group(world).result()


async def mails(world: World) -> list[str]:
    """Who was sent a letter, in order."""
    return [mail["email"] for mail in (await world.ledger())["loa_mails"]]


async def letters(world: World) -> list[dict[str, Any]]:
    """Every letter there ever was."""
    found: list[dict[str, Any]] = (await world.ledger())["authorization_documents"]
    return found


async def test_a_person_signs_once_for_forty_numbers(world: World, groups: LetterGroups) -> None:
    """One document, one mail, all completed, and the group has ended."""
    numbers = await all_ready(world, 40)
    out = await until_all(world, numbers, status="pending-loa")
    assert {each.authorization_document_sid for each in out} == {out[0].authorization_document_sid}
    assert [len(each["order_sids"]) for each in await letters(world)] == [40]
    shown = await until_group(groups, status="signing")
    assert (shown.out, shown.size, shown.waiting_for) == (40, 40, "signature")
    await world.sign(out[0])
    await until_all(world, numbers, phase="completed")
    assert (await ended(world)).signed == 40
    assert await mails(world) == ["owner@example.com"]
    afterwards = await groups.progress(KEY)
    assert (afterwards.status, afterwards.waiting_for) == ("signed", "nothing")


async def test_callbacks_are_not_needed(world: World, groups: LetterGroups) -> None:
    """The group looks at the letter and tells its orders, which look for themselves."""
    numbers = await all_ready(world, 3)
    out = await until_all(world, numbers, status="pending-loa")
    await until_group(groups, status="signing")
    world.callbacks.lost = True
    await world.sign(out[0])
    assert (await ended(world)).status == "signed"
    await until_all(world, numbers, phase="completed")


async def test_an_order_says_what_it_waits_for(world: World, groups: LetterGroups) -> None:
    """The others of its group, which a person can see, or send away without them."""
    first = await ready(world, 0, loa_group_size=3)
    waiting = await world.until(first, waiting_for="signature", status="verified")
    assert "together with the others" in waiting.reason
    assert f"letter show '{KEY}'" in waiting.next_step
    gathering = await until_group(groups, gathered=1)
    assert (gathering.status, gathering.waiting_for) == ("gathering", "nothing")
    assert "letter send" in gathering.next_step
    assert (await groups.send_now(KEY)).taken
    await world.until(first, status="pending-loa")
    with pytest.raises(RefusedError, match="No order waits"):
        await groups.send_now(KEY)


async def test_the_window_ends_the_wait(world: World, hasten: Hasten) -> None:
    """After the first one joined, without a size that anybody told."""
    hasten(window=A_MOMENT)
    first = await ready(world, 0)
    await world.until(first, status="pending-loa")
    assert len(await mails(world)) == 1


async def test_orders_that_end_are_not_waited_for(world: World, groups: LetterGroups) -> None:
    """One is cancelled before it is verified, one fails: the letter goes out for the rest."""
    await world.start(phone_number=number(0), loa_group=GROUP, loa_group_size=3)
    await world.until(number(0), waiting_for="verification-code")
    assert (await world.orders.cancel(number(0))).taken
    joined = await ready(world, 1, loa_group_size=3)
    gone = await world.until(joined, status="verified", waiting_for="signature")
    await until_group(groups, gathered=1, left=1)
    await world.tell(f"orders/{gone.sid}", status="failed")
    await world.until(joined, phase="failed")
    await until_group(groups, gathered=0, left=2)
    last = await ready(world, 2, loa_group_size=3)
    await world.until(last, status="pending-loa")
    assert [len(each["order_sids"]) for each in await letters(world)] == [1]


async def test_a_member_that_is_cancelled_harms_nobody(world: World, groups: LetterGroups) -> None:
    """It is taken off at Twilio; the letter stays out, and the others complete."""
    numbers = await all_ready(world, 3)
    out = await until_all(world, numbers, status="pending-loa")
    assert (await world.orders.cancel(numbers[0])).taken
    story = await world.story(numbers[0])
    assert "The Letter of Authorization stays out: other orders are on it." in story
    await until_group(groups, left=1, out=2)
    await world.sign(out[1])
    await until_all(world, numbers[1:], phase="completed")
    assert (await ended(world)).signed == 2
    assert len(await mails(world)) == 1


async def test_a_late_order_gets_a_letter_of_its_own(world: World, hasten: Hasten) -> None:
    """The first letter stays as it is; both are signed, and the group ends."""
    hasten(late_window=A_MOMENT)
    numbers = await all_ready(world, 2)
    out = await until_all(world, numbers, status="pending-loa")
    late = await ready(world, 2, loa_group_size=2)
    second = await world.until(late, status="pending-loa")
    assert second.authorization_document_sid != out[0].authorization_document_sid
    await world.sign(out[0])
    await world.sign(second)
    await until_all(world, [*numbers, late], phase="completed")
    assert (await ended(world)).signed == 3
    assert len(await mails(world)) == 2


async def test_a_later_order_begins_the_group_anew(world: World) -> None:
    """The group had ended: a run of its own, under the same name."""
    first = await ready(world, 0, loa_group_size=1)
    await world.sign(await world.until(first, status="pending-loa"))
    await ended(world)
    second = await ready(world, 1, loa_group_size=1)
    await world.sign(await world.until(second, status="pending-loa"))
    await world.until(second, phase="completed")
    assert len(await mails(world)) == 2


@pytest.mark.fault("F33")
async def test_a_declined_letter_is_issued_anew_for_all(world: World, groups: LetterGroups) -> None:
    """Each order holds and says what mends it for all; one new letter goes out."""
    numbers = await all_ready(world, 4)
    out = await until_all(world, numbers, status="pending-loa")
    await world.sign(out[0], "canceled")
    held = await until_all(world, numbers, waiting_for="operator")
    assert f"letter resume '{KEY}'" in held[0].next_step
    shown = await until_group(groups, status="declined")
    assert shown.waiting_for == "operator"
    assert (await groups.resume(KEY)).taken
    again = await until_all(world, numbers, waiting_for="signature", status="pending-loa")
    assert len({each.authorization_document_sid for each in again}) == 1
    assert [each["status"] for each in await letters(world)] == ["canceled", "signing"]
    await world.sign(again[0])
    await until_all(world, numbers, phase="completed")
    assert len(await mails(world)) == 2


@pytest.mark.fault("F33")
async def test_an_order_that_is_resumed_alone_goes_onto_the_next_letter(
    world: World, groups: LetterGroups
) -> None:
    """The others stay on hold until a person resumes the group."""
    numbers = await all_ready(world, 2)
    out = await until_all(world, numbers, status="pending-loa")
    await world.sign(out[0], "canceled")
    await until_all(world, numbers, waiting_for="operator")
    await until_group(groups, status="declined")
    assert (await world.orders.resume(numbers[0])).taken
    await until_group(groups, gathered=1, out=1)
    assert (await groups.send_now(KEY)).taken
    await world.until(numbers[0], status="pending-loa", waiting_for="signature")
    assert (await groups.resume(KEY)).taken
    await world.until(numbers[1], status="pending-loa", waiting_for="signature")
    statuses = [each["status"] for each in await letters(world)]
    assert statuses == ["canceled", "signing", "signing"]


async def test_the_group_is_amended_and_not_one_of_its_orders(
    world: World, groups: LetterGroups
) -> None:
    """The letter is others' too: the refusal names the command that changes it for all."""
    numbers = await all_ready(world, 3)
    out = await until_all(world, numbers, status="pending-loa")
    with pytest.raises(RefusedError, match="shares its letter") as refused:
        await world.orders.amend(numbers[0], Amendment(contact_title="Director"))
    assert f"letter amend '{KEY}'" in refused.value.next_step
    answer = await groups.amend(KEY, LetterAmendment(email="right@example.com"))
    assert (answer.taken, answer.reason[:6]) == (True, "Taken.")
    assert await mails(world) == ["owner@example.com", "right@example.com"]
    after = await until_all(world, numbers, status="pending-loa", waiting_for="signature")
    assert after[0].authorization_document_sid == out[0].authorization_document_sid
    assert [len(each["order_sids"]) for each in await letters(world)] == [3]
    with pytest.raises(RefusedError, match="changes nothing"):
        await groups.amend(KEY, LetterAmendment())
    with pytest.raises(RefusedError, match="not on hold"):
        await groups.resume(KEY)


async def test_an_order_that_is_amended_before_goes_to_its_new_signer(
    world: World, groups: LetterGroups
) -> None:
    """It leaves the group that it had joined for the one of the same name and another signer."""
    numbers = [await ready(world, index, loa_group_size=3) for index in range(2)]
    await until_group(groups, gathered=2)
    changed = {"email": "right@example.com"}
    assert (await world.orders.amend(numbers[0], Amendment.model_validate(changed))).taken
    other = str(group_key(an_order(loa_group=GROUP, **changed)))
    await until_group(groups, key=other, gathered=1)
    left = await until_group(groups, gathered=1)
    assert left.left == 1
    await groups.send_now(other)
    await world.until(numbers[0], status="pending-loa")
    assert await mails(world) == ["right@example.com"]


@pytest.mark.fault("F08")
@pytest.mark.parametrize("action", ["commit-then-drop", "garbage"])
async def test_a_letter_whose_answer_is_lost_is_found(world: World, action: str) -> None:
    """No second mail of a legal document."""
    await world.fault("POST", LETTERS, action, times=1)
    numbers = await all_ready(world, 3)
    out = await until_all(world, numbers, status="pending-loa")
    assert len(await letters(world)) == len(await mails(world)) == 1
    await world.sign(out[0])
    assert (await ended(world)).signed == 3


async def test_an_order_that_failed_unheard_is_left_out(world: World) -> None:
    """22101: the others get their letter all the same."""
    first = await ready(world, 0, loa_group_size=3)
    waiting = await world.until(first, status="verified", waiting_for="signature")
    second = await ready(world, 1, loa_group_size=3)
    await world.until(second, status="verified", waiting_for="signature")
    world.callbacks.lost = True
    await world.tell(f"orders/{waiting.sid}", status="failed")
    world.callbacks.lost = False
    third = await ready(world, 2, loa_group_size=3)
    await until_all(world, [second, third], status="pending-loa")
    await world.until(first, phase="failed")
    assert [len(each["order_sids"]) for each in await letters(world)] == [2]


async def test_a_refusal_holds_the_group_until_it_is_amended(
    world: World, groups: LetterGroups
) -> None:
    """22109: with the right address the letter goes out."""
    refused = '{"code": 22109, "message": "no such address", "status": 400}'
    await world.fault("POST", LETTERS, "status", status=400, body=refused, times=1)
    numbers = await all_ready(world, 2)
    held = await until_group(groups, status="refused")
    assert "22109" in held.reason
    amendment = LetterAmendment(address_sid="AD" + "9" * 32)
    assert (await groups.amend(KEY, amendment)).taken
    await until_all(world, numbers, status="pending-loa")


async def test_a_group_that_was_lost_is_found_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody terminated it in the Temporal UI: its orders have joined a new one in good time."""
    pace = replace(PACE, rejoin=timedelta(seconds=2))
    monkeypatch.setattr(hosted_number_order, "PACE", pace)
    numbers = [await ready(world, index, loa_group_size=3) for index in range(2)]
    await until_all(world, numbers, status="verified", waiting_for="signature")
    await group(world).terminate()
    await until_group(LetterGroups(world.client), gathered=2)
    await ready(world, 2, loa_group_size=3)
    await until_all(world, numbers, status="pending-loa")
    assert len(await mails(world)) == 1


async def test_people_can_signal_too(world: World, groups: LetterGroups) -> None:
    """From the Temporal UI: what a signal cannot be told is a line of the timeline."""
    handle = group(world)
    first = await ready(world, 0, loa_group_size=2)
    await until_group(groups, gathered=1)
    await handle.signal(contract.RESUME, Resumption())
    await handle.signal(contract.SEND_NOW, SendNow())
    out = await world.until(first, status="pending-loa")
    await handle.signal(contract.AMEND, LetterAmendment(contact_title="Director"))
    told: list[str] = []

    async def amended() -> bool:
        told[:] = [entry.what for entry in (await until_group(groups, out=1)).timeline]
        return told[-1] == "Letter 1 is out for signature again."

    await eventually(amended)
    assert any(line.startswith("Not taken: The group is not on hold.") for line in told)
    await world.sign(out)
    assert (await ended(world)).status == "signed"
    shown: LetterProgress = await handle.query(contract.PROGRESS, result_type=LetterProgress)
    assert shown.group == KEY


@pytest.mark.fault("F48")
async def test_a_long_history_is_begun_anew(
    world: World, groups: LetterGroups, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state goes along: who waits, and which letter is out."""
    monkeypatch.setattr(
        "temporalio.workflow.Info.is_continue_as_new_suggested",
        lambda info: (
            info.continued_run_id is None and info.workflow_type == "AuthorizationDocument"
        ),
    )
    numbers = await all_ready(world, 3)
    out = await until_all(world, numbers, status="pending-loa")
    shown = await until_group(groups, status="signing", out=3)
    assert shown.timeline[0].what == "A letter for 3 orders is being sent out."
    history = await group(world).fetch_history()
    begun = history.events[0].workflow_execution_started_event_attributes
    assert begun.continued_execution_run_id
    await world.sign(out[0])
    assert (await ended(world)).signed == 3


@pytest.mark.fault("F12")
async def test_a_look_that_fails_is_left_to_an_activity_of_its_own(
    world: World, groups: LetterGroups
) -> None:
    """Twilio answers 500 for a while: the letter is followed all the same."""
    first = await ready(world, 0, loa_group_size=1)
    out = await world.until(first, status="pending-loa")
    await until_group(groups, status="signing")
    world.callbacks.lost = True
    await world.sign(out)
    await world.fault("GET", f"{LETTERS}/*", "status", status=500, times=2)
    assert (await ended(world)).signed == 1
    await world.until(first, phase="completed")
