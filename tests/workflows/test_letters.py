"""The Letter of Authorization: changed while it is out, declined, withdrawn, lost."""

import asyncio
import json
from datetime import timedelta

import pytest

from hosted_numbers.contract import Amendment
from hosted_numbers.errors import RefusedError
from tests.orders import NUMBER
from tests.world import World

LETTERS = "/HostedNumbers/AuthorizationDocuments"
ONE_LETTER = f"{LETTERS}/*"
ONE_ORDER = "/HostedNumbers/HostedNumberOrders/*"
TWO_LOOKS = timedelta(seconds=100)


async def mails(world: World) -> list[str]:
    """Who was sent a letter, in order."""
    return [mail["email"] for mail in (await world.ledger())["loa_mails"]]


async def letters(world: World) -> list[str]:
    """The status of every letter there ever was."""
    return [each["status"] for each in (await world.ledger())["authorization_documents"]]


async def test_letter_is_changed_while_it_is_out(world: World) -> None:
    """The same document goes to another signer: withdrawn, changed, sent again."""
    before = await world.verified()
    changes = Amendment(
        email="right@example.com", contact_title="Director", cc_emails=("cc@example.com",)
    )
    answer = await world.orders.amend(NUMBER, changes)
    assert answer.taken
    after = await world.until(waiting_for="signature", status="pending-loa")
    assert after.authorization_document_sid == before.authorization_document_sid
    assert await letters(world) == ["signing"]
    assert await mails(world) == ["owner@example.com", "right@example.com"]
    order = await world.twilio.hosted_number_orders.fetch(str(after.sid))
    assert (order.email, order.cc_emails) == ("right@example.com", ("cc@example.com",))
    await world.sign(after)
    await world.until(phase="completed")


async def test_change_of_the_contact_alone_leaves_the_order_as_it_is(world: World) -> None:
    """Twilio's order knows neither title nor phone of the signer: only the letter is changed."""
    await world.verified()
    amended = Amendment(contact_title="Director", contact_phone_number="+15017122663")
    assert (await world.orders.amend(NUMBER, amended)).taken
    assert await mails(world) == ["owner@example.com"] * 2
    assert "Twilio has the changes of the order." not in await world.story()


@pytest.mark.fault("F33")
async def test_letter_that_is_signed_meanwhile_is_not_changed(world: World) -> None:
    """22107: the signer was faster, and whoever amended learns so."""
    signing = await world.verified()
    await world.hold("POST", ONE_LETTER)
    amending = asyncio.create_task(world.orders.amend(NUMBER, Amendment(contact_title="Director")))
    await world.struck()
    await world.sign(signing)
    await world.well_again()
    answer = await amending
    assert not answer.taken
    assert "signed before" in answer.reason
    await world.until(phase="completed")
    assert await mails(world) == ["owner@example.com"]


async def test_letter_that_twilio_lets_nobody_change_is_told(world: World) -> None:
    """22107 on the change itself: the letter is looked at anew, and nothing is sent."""
    await world.verified()
    refused = json.dumps({"code": 22107, "message": "fixed", "status": 400})
    await world.fault("POST", ONE_LETTER, "status", status=400, body=refused, times=1)
    answer = await world.orders.amend(NUMBER, Amendment(contact_title="Director"))
    assert not answer.taken
    assert any("lets nobody change" in line for line in await world.story())
    assert await mails(world) == ["owner@example.com"]


async def test_two_changes_at_once_end_in_one_letter_with_both(world: World) -> None:
    """Neither is lost, and never are two documents out."""
    await world.verified()
    await world.fault("POST", ONE_LETTER, "delay", delay_seconds=0.2, times=2)
    first, second = await asyncio.gather(
        world.orders.amend(NUMBER, Amendment(email="right@example.com")),
        world.orders.amend(NUMBER, Amendment(contact_title="Director")),
    )
    assert first.taken
    assert second.taken
    await world.until(waiting_for="signature", status="pending-loa")
    assert await letters(world) == ["signing"]
    assert (await mails(world))[-1] == "right@example.com"


async def test_change_that_comes_while_the_letter_is_sent_again_is_sent_too(world: World) -> None:
    """What was sent is not what the order says now: the letter is changed once more."""
    await world.verified()
    await world.orders.amend(NUMBER, Amendment(contact_title="Director"))
    await world.hold("POST", ONE_LETTER, passing=1)
    first = asyncio.create_task(world.orders.amend(NUMBER, Amendment(contact_title="Owner")))
    await world.struck(2)
    assert "withdrawn to be changed" in (await world.story())[-1]
    second = asyncio.create_task(world.orders.amend(NUMBER, Amendment(email="right@example.com")))
    await world.accepted(4)  # the code, the title, the owner, the address
    await world.well_again()
    assert (await second).taken
    assert (await first).taken
    await world.until(waiting_for="signature", status="pending-loa")
    assert (await mails(world))[-1] == "right@example.com"
    assert await letters(world) == ["signing"]


async def test_withdrawn_letter_is_sent_again_when_a_person_says_so(world: World) -> None:
    """Somebody set it to opened in the console; resumed, it goes out once more."""
    signing = await world.verified()
    sid = str(signing.authorization_document_sid)
    await world.twilio.authorization_documents.update(sid, status="opened")
    await world.env.sleep(timedelta(minutes=1))
    held = await world.until(waiting_for="operator")
    assert "withdrawn" in held.reason
    assert (await world.orders.resume(NUMBER)).taken
    again = await world.until(waiting_for="signature", status="pending-loa")
    assert again.authorization_document_sid == sid
    assert await mails(world) == ["owner@example.com"] * 2
    await world.sign(again)
    await world.until(phase="completed")


async def test_withdrawn_letter_is_amended_and_sent_again(world: World) -> None:
    """The amendment goes out with it, in one letter."""
    signing = await world.verified()
    sid = str(signing.authorization_document_sid)
    await world.twilio.authorization_documents.update(sid, status="opened")
    await world.env.sleep(timedelta(minutes=1))
    await world.until(waiting_for="operator")
    assert (await world.orders.amend(NUMBER, Amendment(email="right@example.com"))).taken
    await world.until(waiting_for="signature", status="pending-loa")
    assert await mails(world) == ["owner@example.com", "right@example.com"]
    assert await letters(world) == ["signing"]


async def test_letter_that_is_not_found_for_a_moment_is_no_trouble(world: World) -> None:
    """One 404 is a hiccup: a second look finds it."""
    await world.verified()
    await world.fault("GET", ONE_LETTER, "status", status=404, times=1)
    await world.env.sleep(TWO_LOOKS)
    await world.until(waiting_for="signature")
    assert await mails(world) == ["owner@example.com"]


async def test_letter_that_is_gone_is_sent_anew_when_a_person_says_so(world: World) -> None:
    """Two looks do not find it: a person resumes, and a new letter goes out."""
    signing = await world.verified()
    await world.fault("GET", ONE_LETTER, "status", status=404)
    await world.env.sleep(TWO_LOOKS)
    held = await world.until(waiting_for="operator")
    assert "does not find the Letter" in held.reason
    world.callbacks.lost = True
    await world.tell(f"orders/{signing.sid}", status="verified")
    assert (await world.orders.resume(NUMBER)).taken
    await world.well_again()
    again = await world.until(waiting_for="signature", status="pending-loa")
    assert again.authorization_document_sid != signing.authorization_document_sid
    assert len(await mails(world)) == 2


async def test_letter_that_turns_up_again_is_kept(world: World) -> None:
    """A person resumes, and Twilio finds the letter: nothing is mailed, nothing runs in circles."""
    signing = await world.verified()
    await world.fault("GET", ONE_LETTER, "status", status=404)
    await world.env.sleep(TWO_LOOKS)
    await world.until(waiting_for="operator")
    await world.well_again()

    async def alarms() -> int:
        events = (await world.handle().fetch_history()).events
        return sum(event.HasField("timer_fired_event_attributes") for event in events)

    before = await alarms()
    assert (await world.orders.resume(NUMBER)).taken
    await world.until(authorization_document_sid=signing.authorization_document_sid)
    assert await alarms() == before, "it waited for its next look"
    assert await mails(world) == ["owner@example.com"]
    await world.sign(signing)
    await world.until(phase="completed")


@pytest.mark.fault("F33")
async def test_declined_letter_is_sent_again_as_it_was(world: World) -> None:
    """The signer thought better of it: resumed, the same letter goes out anew."""
    signing = await world.verified()
    await world.sign(signing, "canceled")
    held = await world.until(waiting_for="operator")
    assert "declined" in held.reason
    assert (await world.orders.resume(NUMBER)).taken
    again = await world.until(waiting_for="signature", status="pending-loa")
    assert again.authorization_document_sid != signing.authorization_document_sid
    await world.sign(again)
    await world.until(phase="completed")
    assert await letters(world) == ["canceled", "signed"]
    assert await mails(world) == ["owner@example.com"] * 2


@pytest.mark.fault("F33")
async def test_failed_letter_is_mended_by_an_amendment(world: World) -> None:
    """Twilio failed it: with the right address a new one goes out."""
    signing = await world.verified()
    await world.sign(signing, "failed")
    held = await world.until(waiting_for="operator")
    assert "failed" in held.reason
    assert (await world.orders.amend(NUMBER, Amendment(address_sid="AD" + "9" * 32))).taken
    await world.until(waiting_for="signature", status="pending-loa")
    assert await letters(world) == ["failed", "signing"]


async def test_amendment_that_twilio_refuses_holds_the_order(world: World) -> None:
    """22104: the change is kept, and goes to Twilio once it is right."""
    await world.verified()
    refused = json.dumps({"code": 22104, "message": "malformed", "status": 400})
    await world.fault("POST", ONE_ORDER, "status", status=400, body=refused, times=1)
    answer = await world.orders.amend(NUMBER, Amendment(email="wrong@example.com"))
    assert "22104" in answer.reason
    await world.until(waiting_for="operator")
    assert (await world.orders.amend(NUMBER, Amendment(email="right@example.com"))).taken
    await world.until(waiting_for="signature", status="pending-loa")
    assert await mails(world) == ["owner@example.com", "right@example.com"]


async def test_signed_letter_cannot_be_amended(slow_world: World) -> None:
    """It is too late, and the refusal says so; a friendly name may still change."""
    signing = await slow_world.verified()
    await slow_world.sign(signing)
    await slow_world.until(waiting_for="carrier")
    with pytest.raises(RefusedError, match="too late to amend email"):
        await slow_world.orders.amend(NUMBER, Amendment(email="late@example.com"))
    assert (await slow_world.orders.amend(NUMBER, Amendment(friendly_name="Front desk"))).taken
    order = await slow_world.twilio.hosted_number_orders.fetch(str(signing.sid))
    assert order.friendly_name == "Front desk"


async def test_what_twilio_takes_only_at_the_create_is_refused_later(world: World) -> None:
    """SMS URLs belong to the number from then on; an empty amendment is none."""
    await world.start()
    await world.until(waiting_for="verification-code")
    with pytest.raises(RefusedError, match="only when the order is created"):
        await world.orders.amend(NUMBER, Amendment(sms_url="https://example.com/sms"))
    with pytest.raises(RefusedError, match="changes nothing"):
        await world.orders.amend(NUMBER, Amendment())
