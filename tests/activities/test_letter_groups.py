"""A letter for many orders at Twilio, and what orders and their group tell each other."""

import json
from dataclasses import replace
from typing import Any, cast

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.letter_groups import GroupCallActivities, LetterGroupActivities
from hosted_numbers.contract import OrderChanged
from hosted_numbers.letter_groups.client import LetterGroups
from hosted_numbers.letter_groups.contract import Joining, Leaving, LetterFields
from hosted_numbers.letter_groups.steps import (
    LetterChange,
    LetterLookup,
    LetterNews,
    LetterRequest,
)
from hosted_numbers.steps import GroupCall
from tests.activities.running import letter, run, verified
from tests.letter_groups import KEY, LETTER, number
from tests.world import Twilio

LETTERS = "/HostedNumbers/AuthorizationDocuments"
ONE_LETTER = f"{LETTERS}/*"
ONE_ORDER = "/HostedNumbers/HostedNumberOrders/*"
NOWHERE = "PX" + "0" * 32


@pytest.fixture
def letters(twilio: Twilio) -> LetterGroupActivities:
    """The activities."""
    return LetterGroupActivities(twilio.twilio)


async def orders(twilio: Twilio, count: int) -> tuple[str, ...]:
    """Verified orders at Twilio; their SIDs."""
    return tuple([await verified(twilio, f"+1212555{20 + i:04d}") for i in range(count)])


def request(sids: tuple[str, ...], **more: object) -> LetterRequest:
    """The letter of a group."""
    fields = LETTER.model_dump() | {"number": 1, "order_sids": sids, "emails": (LETTER.email,)}
    return LetterRequest.model_validate(fields | more)


def change(sids: tuple[str, ...], sid: str, **more: object) -> LetterChange:
    """The letter of a group that is out, as it shall be."""
    fields = LETTER.model_dump() | {"number": 1, "order_sids": sids, "document_sid": sid}
    return LetterChange.model_validate(fields | more)


def lookup(sid: str) -> LetterLookup:
    """A look at the letter."""
    return LetterLookup(number=1, document_sid=sid)


async def documents(twilio: Twilio) -> list[dict[str, Any]]:
    """Every letter there ever was."""
    found: list[dict[str, Any]] = (await twilio.ledger())["authorization_documents"]
    return found


async def mails(twilio: Twilio) -> list[str]:
    """Who was sent a letter, in order."""
    return [mail["email"] for mail in (await twilio.ledger())["loa_mails"]]


async def test_one_letter_for_all(twilio: Twilio, letters: LetterGroupActivities) -> None:
    """One document, one mail, and each order on it; a plain send costs four requests."""
    sids = await orders(twilio, 30)
    sent = await run(letters.find_or_create, request(sids))
    assert (sent.status, sent.left_out, sent.left_over) == ("signing", (), ())
    assert [set(each["order_sids"]) for each in await documents(twilio)] == [set(sids)]
    assert await mails(twilio) == [LETTER.email]
    assert (await twilio.ledger())["requests"]["GET /HostedNumbers/HostedNumberOrders/{sid}"] == 3


@pytest.mark.fault("F08")
@pytest.mark.parametrize("again", [{"attempt": 2}, {"in_doubt": True}, {}])
async def test_letter_that_is_out_is_found(
    twilio: Twilio, letters: LetterGroupActivities, again: dict[str, Any]
) -> None:
    """An earlier try sent it, and its answer was lost: no second mail."""
    sids = await orders(twilio, 5)
    sent = await run(letters.find_or_create, request(sids))
    in_doubt = bool(again.pop("in_doubt", False))
    found = await run(letters.find_or_create, request(sids, in_doubt=in_doubt), **again)
    assert found == sent
    assert await mails(twilio) == [LETTER.email]


@pytest.mark.fault("F08")
async def test_letter_is_found_by_its_signer(
    twilio: Twilio, letters: LetterGroupActivities
) -> None:
    """The orders that are looked at first do not know it: they were put on it last."""
    sids = await orders(twilio, 5)
    sent = await run(letters.find_or_create, request(sids[3:]))
    dead = await run(letters.find_or_create, request(sids[:1], email="other@example.com"))
    await twilio.sign_document(str(dead.sid), "canceled")
    found = await run(letters.find_or_create, request(sids), attempt=2)
    assert (found.sid, found.left_over) == (sent.sid, sids[:3])
    assert len(await documents(twilio)) == 2


async def test_letter_of_another_signer_is_not_taken_for_ours(
    twilio: Twilio, letters: LetterGroupActivities
) -> None:
    """Its orders are left out, and the others go out without them."""
    sids = await orders(twilio, 4)
    await run(letters.find_or_create, request(sids[:2], email="other@example.com", emails=()))
    sent = await run(letters.find_or_create, request(sids), attempt=2)
    assert sent.left_out == sids[:2]
    assert (await documents(twilio))[1]["order_sids"] == list(sids[2:])


async def test_orders_that_are_not_verified_any_more_are_left_out(
    twilio: Twilio, letters: LetterGroupActivities
) -> None:
    """22101 says not which: each is looked at, and the others are sent."""
    sids = await orders(twilio, 14)
    await twilio.tell(f"orders/{sids[4]}", status="failed")
    await twilio.twilio.hosted_number_orders.delete(sids[5])
    await twilio.tell(f"orders/{sids[6]}", status="pending-verification")
    sent = await run(letters.find_or_create, request(sids))
    assert sent.left_out == sids[4:7]
    assert [each["order_sids"] for each in await documents(twilio)] == [[*sids[:4], *sids[7:]]]
    assert len(await mails(twilio)) == 1


async def test_nobody_is_left(twilio: Twilio, letters: LetterGroupActivities) -> None:
    """No letter is sent for nobody."""
    sids = await orders(twilio, 2)
    for sid in sids:
        await twilio.tell(f"orders/{sid}", status="failed")
    sent = await run(letters.find_or_create, request(sids))
    assert (sent.sid, sent.left_out) == (None, sids)
    assert not await mails(twilio)


async def test_some_are_on_a_letter_of_the_group(
    twilio: Twilio, letters: LetterGroupActivities
) -> None:
    """22101, as those who were looked at first are on none: the letter is found by the others."""
    sids = await orders(twilio, 6)
    sent = await run(letters.find_or_create, request(sids[3:]))
    found = await run(letters.find_or_create, request(sids))
    assert (found.sid, found.left_over) == (sent.sid, sids[:3])
    assert len(await mails(twilio)) == 1


@pytest.mark.parametrize("code", [22101, 22109])
async def test_refusals_are_told(twilio: Twilio, letters: LetterGroupActivities, code: int) -> None:
    """Twilio refuses orders with which nothing is wrong, or the address."""
    sids = await orders(twilio, 2)
    refused = json.dumps({"code": code, "message": "no", "status": 400})
    await twilio.fault("POST", LETTERS, "status", status=400, body=refused)
    with pytest.raises(ApplicationError, match=str(code)):
        await run(letters.find_or_create, request(sids))


async def test_letter_is_withdrawn_changed_and_sent(
    twilio: Twilio, letters: LetterGroupActivities
) -> None:
    """Each step run twice is as good as once; only those who are still in are on it."""
    sids = await orders(twilio, 4)
    sid = str((await run(letters.find_or_create, request(sids))).sid)
    assert (await run(letters.fetch, lookup(sid))).status == "signing"
    for attempt in (1, 2):
        assert (await run(letters.reopen, lookup(sid), attempt=attempt)).status == "opened"
    changed = change(sids[1:], sid, email="right@example.com")
    for attempt in (1, 2):
        assert (await run(letters.resend, changed, attempt=attempt)).status == "signing"
    assert await mails(twilio) == [LETTER.email, "right@example.com"]
    assert [each["order_sids"] for each in await documents(twilio)] == [list(sids[1:])]


async def test_letter_is_sent_again_without_those_who_cannot_be_on_it(
    twilio: Twilio, letters: LetterGroupActivities
) -> None:
    """22101 on the change: one was deleted while the letter was withdrawn."""
    sids = await orders(twilio, 3)
    sid = str((await run(letters.find_or_create, request(sids))).sid)
    await run(letters.reopen, lookup(sid))
    await twilio.twilio.hosted_number_orders.delete(sids[0])
    sent = await run(letters.resend, change(sids, sid))
    assert (sent.status, sent.left_out) == ("signing", sids[:1])


@pytest.mark.parametrize("code", [22101, 22104])
async def test_refusals_of_a_change_are_told(
    twilio: Twilio, letters: LetterGroupActivities, code: int
) -> None:
    """Nothing is wrong with the orders, or it is about something else."""
    sids = await orders(twilio, 2)
    sid = str((await run(letters.find_or_create, request(sids))).sid)
    await run(letters.reopen, lookup(sid))
    refused = json.dumps({"code": code, "message": "no", "status": 400})
    await twilio.fault("POST", ONE_LETTER, "status", status=400, body=refused)
    with pytest.raises(ApplicationError, match=str(code)):
        await run(letters.resend, change(sids, sid))


async def test_letter_that_is_gone_is_missing(letters: LetterGroupActivities) -> None:
    """Whatever is to be done with it."""
    for step, argument in (
        (letters.fetch, lookup(NOWHERE)),
        (letters.reopen, lookup(NOWHERE)),
        (letters.resend, change(("HR" + "0" * 32,), NOWHERE)),
    ):
        assert (await run(cast("Any", step), argument)).status == "missing"


class Recorded(LetterGroups):
    """Groups in memory, of which some calls fail."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.said: list[Any] = []
        self.fails_at = fails_at

    async def join(
        self, key: str, letter: LetterFields, joining: Joining, *, customer: str | None
    ) -> None:
        """An order waits."""
        self.said.append((key, letter, joining, customer))

    async def leave(
        self,
        key: str,
        letter: LetterFields,
        leaving: Leaving,
        *,
        customer: str | None,
        joined: bool,
    ) -> None:
        """An order leaves."""
        self.said.append((key, letter, leaving, customer, joined))

    async def tell_order(self, phone_number: str, hint: OrderChanged) -> None:
        """An order looks."""
        if len(self.said) == self.fails_at:
            self.fails_at = None
            raise ConnectionError
        self.said.append((phone_number, hint.status))


async def test_orders_tell_their_group(twilio: Twilio) -> None:
    """Who they are and what they wait for, with what the letter says."""
    groups = Recorded()
    calls = GroupCallActivities(groups)
    sid = await verified(twilio)
    fields = letter(sid).model_dump(exclude={"sid"})
    call = GroupCall(
        group=KEY,
        letter=LetterFields(**fields),
        customer="customer-1",
        phone_number=number(0),
        size=3,
        sid=sid,
        joined=True,
    )
    assert (await run(calls.join, call)).group == KEY
    assert (await run(calls.leave, call)).group == KEY
    joined = Joining(phone_number=number(0), sid=sid, size=3)
    assert groups.said == [
        (KEY, LETTER, joined, "customer-1"),
        (KEY, LETTER, Leaving(phone_number=number(0), size=3), "customer-1", True),
    ]


@pytest.mark.fault("F01")
async def test_telling_goes_on_where_it_was() -> None:
    """A try that broke off told some: the next one begins after those that it counted."""
    groups = Recorded(fails_at=60)
    calls = GroupCallActivities(groups)
    everybody = tuple(number(index) for index in range(110))
    news = LetterNews(phone_numbers=everybody, status="pending-loa")
    beats: list[int] = []
    first = ActivityEnvironment()
    first.on_heartbeat = beats.append
    with pytest.raises(ConnectionError):
        await first.run(calls.tell, news)
    assert beats == [25, 50]
    groups.said.clear()
    second = ActivityEnvironment()
    second.info = replace(second.info, heartbeat_details=[beats[-1]])
    await second.run(calls.tell, news)
    assert groups.said == [(each, "pending-loa") for each in everybody[50:]]
