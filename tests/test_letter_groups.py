"""The rules of a letter that orders share: who is on it, when it goes out, what mends it."""

from datetime import timedelta

import pytest

from hosted_numbers.contract import Message, Resumption
from hosted_numbers.letter_groups import steps
from hosted_numbers.letter_groups.contract import (
    LetterAmendment,
    SendNow,
    group_key,
    group_workflow_id,
)
from hosted_numbers.letter_groups.learning import learn
from hosted_numbers.letter_groups.messages import act_answer, act_settled, refusal, taken
from hosted_numbers.letter_groups.rules import next_step, starting
from hosted_numbers.letter_groups.standing import details, progress, standing
from hosted_numbers.letter_groups.state import GroupInput, GroupState
from hosted_numbers.letter_groups.steps import LetterSnapshot
from hosted_numbers.lifecycle import Do
from hosted_numbers.steps import Trouble
from tests.letter_groups import (
    GROUP_PACE,
    KEY,
    LETTER,
    a_group,
    act,
    doing,
    joining,
    leaving,
    number,
    order_sid,
    out,
    says,
    seen,
    told,
    until,
    waited,
)
from tests.orders import DOCUMENT_SID, NOW, an_order

OTHER_SID = "PX" + "9" * 32
TITLE = LetterAmendment(contact_title="Director")
FIXED = Trouble(kind="refused", code=22107, status=400)
AWAY = Trouble(kind="unreachable")


def request(state: GroupState) -> steps.LetterRequest:
    """What the next activity is asked, which sends a letter out."""
    step = next_step(state, GROUP_PACE)
    assert isinstance(step, Do)
    assert isinstance(step.argument, steps.LetterRequest)
    return step.argument


@pytest.mark.parametrize(
    "other",
    [
        {"email": "another@example.com"},
        {"address_sid": "AD" + "1" * 32},
        {"contact_title": "Owner"},
        {"contact_phone_number": "+15017122663"},
        {"cc_emails": ("cc@example.com",)},
        {"customer": "customer-2"},
        {"account_sid": "AC" + "3" * 32},
        {"loa_group": "autumn"},
    ],
)
def test_orders_of_another_signer_are_another_group(other: dict[str, object]) -> None:
    """The same name is not enough: a letter is one person's, for one address and customer."""
    order = an_order(loa_group="spring")
    assert group_key(order) == group_key(an_order(loa_group="spring", friendly_name="Desk"))
    assert group_key(an_order(**{"loa_group": "spring", **other})) != group_key(order)
    assert group_key(an_order()) is None


def test_the_workflow_is_named_after_the_group() -> None:
    """The name and eight digits, none of which tells who signs."""
    assert group_workflow_id(KEY).startswith("authorization-document/spring 2026/")
    assert len(KEY.rpartition("/")[2]) == 8


def test_letter_goes_out_once_all_are_ready() -> None:
    """As many as were told are verified: one letter for them, exactly."""
    state = told(a_group(), *(joining(index, size=3) for index in range(2)))
    assert doing(state) is None
    assert standing(state).status == "gathering"
    assert "2 of 3" in standing(state).reason
    state = told(state, joining(2, size=3))
    assert request(state).order_sids == tuple(order_sid(index) for index in range(3))
    state = act(state, says())
    assert doing(state) == steps.TELL_ORDERS
    state = act(state, None)
    assert (standing(state).status, standing(state).waiting_for) == ("signing", "signature")
    assert progress(state).document_sids == (DOCUMENT_SID,)


def test_orders_that_ended_count() -> None:
    """Nobody waits for an order that failed, whether it had joined or not."""
    state = told(a_group(), joining(0, size=3), leaving(1, size=3), joining(2), leaving(2))
    assert list(request(state).order_sids) == [order_sid(0)]
    assert progress(state).left == 2


def test_the_largest_size_counts() -> None:
    """Two files of one group: the orders of both are waited for."""
    state = told(a_group(), joining(0, size=1000), joining(1, size=2))
    assert state.size == 1000
    assert doing(state) is None


def test_without_a_size_the_window_decides() -> None:
    """A day after the first one joined, however many there are."""
    state = told(a_group(), joining(0))
    state = told(state, joining(1), at=NOW + timedelta(hours=20))
    assert until(state) == NOW + GROUP_PACE.window
    state = waited(state)
    assert len(request(state).order_sids) == 2


def test_a_letter_holds_so_many_orders() -> None:
    """With the most that a letter may have, it goes out; the others wait for the next."""
    state = told(a_group(), *(joining(index, size=8) for index in range(6)))
    assert len(request(state).order_sids) == GROUP_PACE.most
    assert progress(state).gathered == 1


def test_a_person_sends_it_now() -> None:
    """Without the others, who will get another letter."""
    state = told(a_group(), joining(0, size=3), SendNow())
    assert doing(state) == steps.FIND_OR_CREATE_LETTER
    refused = refusal(state, SendNow())
    assert refused is not None
    assert "No order waits" in refused.reason


def test_late_orders_get_a_letter_of_their_own() -> None:
    """An hour after the first of them, as the group had been complete; the first letter stays."""
    state = told(out(0, 1), joining(2, size=3), joining(3))
    assert progress(state).gathered == 2
    late = NOW + GROUP_PACE.late_window
    while doing(state) != steps.FIND_OR_CREATE_LETTER:
        step = next_step(state, GROUP_PACE)
        state = act(state, says()) if isinstance(step, Do) else waited(state)
    assert state.letters[1].looked_at == late
    assert set(request(state).order_sids) == {order_sid(2), order_sid(3)}
    state = act(state, says(sid=OTHER_SID))
    assert progress(state).document_sids == (DOCUMENT_SID, OTHER_SID)
    assert "2 letters are out for 4 orders" in standing(state).reason


def test_the_rest_of_a_group_goes_out_once_it_is_complete() -> None:
    """The window had sent the first ones away."""
    state = told(a_group(), joining(0, size=2))
    state = act(act(waited(state), says()), None)
    assert not state.was_complete
    state = told(state, joining(1, size=2))
    assert doing(state) == steps.FIND_OR_CREATE_LETTER


def test_messages_twice_are_as_good_as_once() -> None:
    """Orders tell again what they are not sure to have told."""
    once = told(a_group(), joining(0, size=3), joining(1, size=3))
    assert told(once, joining(0, size=3), joining(1, size=3)) == once
    state = out(0, 1)
    assert told(state, joining(0, size=2)) == state
    gone = told(state, leaving(0))
    assert told(gone, leaving(0)) == gone


def test_an_order_that_leaves_harms_nobody() -> None:
    """Nothing is sent to Twilio for it; with the last one the letter is nobody's business."""
    state = told(out(0, 1), leaving(0))
    assert doing(state) is None
    assert list(state.letters[0].members) == [number(1)]
    state = told(state, leaving(1))
    assert next_step(state, GROUP_PACE) is None
    assert standing(state).status == "ended"


def test_an_order_may_leave_while_its_letter_is_sent() -> None:
    """The others are told; the order itself looks after what became of it."""
    state = told(a_group(), joining(0, size=2), joining(1))
    step = next_step(state, GROUP_PACE)
    assert isinstance(step, Do)
    state = told(starting(state, step), leaving(0))
    after = learn(state, step, says(), NOW, GROUP_PACE)
    assert after.untold[0].phone_numbers == (number(1),)
    alone = told(state, leaving(1))
    assert learn(alone, step, says(), NOW, GROUP_PACE) == alone
    assert next_step(alone, GROUP_PACE) is None


def test_an_order_sent_anew_is_another_one() -> None:
    """The same number, another order at Twilio: it leaves its place to the new one."""
    state = told(out(0, 1), joining(0, sid=order_sid(7)))
    assert state.gathering == {number(0): order_sid(7)}
    assert list(state.letters[0].members) == [number(1)]


def test_a_group_of_nobody_ends() -> None:
    """Only orders that ended told it something: it waits a window for others, and ends."""
    state = told(a_group(), leaving(0))
    assert until(state) == NOW + GROUP_PACE.window
    assert standing(state).status == "ended"
    assert next_step(waited(state), GROUP_PACE) is None


def test_a_signed_letter_ends_the_group() -> None:
    """Each order is told, and nothing is left to do."""
    state = act(waited(out(0, 1)), says("signed"))
    assert state.untold[0].phone_numbers == (number(0), number(1))
    state = act(state, None)
    assert next_step(state, GROUP_PACE) is None
    assert (standing(state).status, progress(state).signed) == ("signed", 2)


@pytest.mark.fault("F33")
@pytest.mark.parametrize(
    ("statuses", "status"),
    [(["canceled"], "declined"), (["failed"], "failed"), (["missing", "missing"], "missing")],
)
@pytest.mark.parametrize("act_of_a_person", [Resumption(), TITLE])
def test_a_dead_letter_is_issued_anew_when_a_person_says_so(
    statuses: list[str], status: str, act_of_a_person: Message
) -> None:
    """The group holds; then one new letter goes to all who are still in."""
    state = seen(told(out(0, 1, 2)), *statuses)
    assert (standing(state).status, standing(state).waiting_for) == (status, "operator")
    assert "letter resume 'spring 2026/" in standing(state).next_step
    assert doing(state) is None
    state = told(state, leaving(1), act_of_a_person)
    assert not act_settled(state)
    assert set(request(state).order_sids) == {order_sid(0), order_sid(2)}
    state = act(state, says(sid=OTHER_SID))
    assert act_settled(state)
    assert act_answer(state).reason.startswith("Taken.")
    assert state.untold[0].status is None, "orders on hold have to look, whatever they know"
    assert [letter.sid for letter in state.letters] == [OTHER_SID]


def test_a_dead_letter_is_looked_at_no_more() -> None:
    """Only a person brings it on: a look a month later finds the same, and it is no news."""
    state = seen(out(0), "canceled")
    later = waited(state)
    assert later.letters[0].looked_at == NOW + timedelta(seconds=15) + GROUP_PACE.signing
    after = act(later, says("canceled"), at=later.letters[0].looked_at)
    assert not after.untold
    assert after.timeline == state.timeline


def test_nothing_goes_out_while_a_person_is_wanted() -> None:
    """What is in the way of one letter would be in the way of the next; a person may insist."""
    state = told(seen(out(0), "canceled"), joining(1))
    assert until(state) > NOW + GROUP_PACE.window
    assert doing(told(state, SendNow())) == steps.FIND_OR_CREATE_LETTER


def test_a_member_resumed_alone_goes_onto_the_next_letter() -> None:
    """Its old letter is done with; one that only repeats itself stays where it is."""
    dead = seen(out(0, 1), "canceled")
    assert told(dead, joining(0)) == dead
    state = told(dead, joining(0, voided_document_sid=DOCUMENT_SID))
    assert list(state.gathering) == [number(0)]
    assert list(state.letters[0].members) == [number(1)]


def test_a_withdrawn_letter_is_sent_again() -> None:
    """Somebody set it to opened in Twilio's console: a person has it sent as it was."""
    state = seen(out(0, 1), "opened")
    assert standing(state).status == "withdrawn"
    state = told(state, Resumption())
    assert doing(state) == steps.RESEND_LETTER
    state = act(state, says())
    assert standing(state).status == "signing"


@pytest.mark.parametrize("gone", [["opened"], ["missing", "missing"]])
def test_a_letter_that_turns_up_again_needs_no_person(gone: list[str]) -> None:
    """Sent again in the console, or found again."""
    state = seen(out(0), *gone)
    assert standing(state).waiting_for == "operator"
    state = act(waited(state), says())
    assert doing(state) == steps.TELL_ORDERS
    assert standing(state).waiting_for == "signature"


def test_one_look_that_does_not_find_it_is_a_hiccup() -> None:
    """It is looked for once more."""
    state = seen(out(0), "missing")
    assert standing(state).status == "signing"
    assert not seen(state, "signing").letters[0].missing


def test_a_letter_that_is_out_is_withdrawn_changed_and_sent() -> None:
    """Another one signs: the same document, with those who are still in."""
    state = told(out(0, 1), leaving(1), TITLE)
    assert doing(state) == steps.REOPEN_LETTER
    assert standing(state).status == "sending"
    state = act(state, says("opened"))
    step = next_step(state, GROUP_PACE)
    assert isinstance(step, Do)
    assert isinstance(step.argument, steps.LetterChange)
    assert (step.argument.contact_title, step.argument.order_sids) == ("Director", (order_sid(0),))
    state = act(state, says())
    assert act_settled(state)
    assert progress(state).document_sids == (DOCUMENT_SID,)


def test_a_change_that_comes_while_it_is_sent_again_is_sent_too() -> None:
    """What was sent is not what the letter shall say now."""
    state = act(told(out(0), TITLE), says("opened"))
    step = next_step(state, GROUP_PACE)
    assert isinstance(step, Do)
    state = told(starting(state, step), LetterAmendment(email="right@example.com"))
    state = learn(state, step, says(), NOW, GROUP_PACE)
    state = act(state, None)
    assert doing(state) == steps.REOPEN_LETTER


def test_a_change_that_comes_while_it_is_created_is_sent_after_it() -> None:
    """Nobody knows which of the tries Twilio took, so the letter is made what it shall be."""
    state = told(a_group(), joining(0, size=1))
    step = next_step(state, GROUP_PACE)
    assert isinstance(step, Do)
    state = told(starting(state, step), LetterAmendment(email="right@example.com"))
    state = waited(learn(state, step, AWAY, NOW, GROUP_PACE))
    assert request(state).in_doubt
    assert request(state).emails == (LETTER.email, "right@example.com")
    state = act(act(state, says()), None)
    assert doing(state) == steps.REOPEN_LETTER


@pytest.mark.fault("F33")
@pytest.mark.parametrize("outcome", [FIXED, says("signing")])
def test_a_letter_that_nobody_can_change_is_looked_at(outcome: LetterSnapshot | Trouble) -> None:
    """22107: it was signed, or is about to be."""
    state = act(told(out(0), TITLE), outcome)
    assert doing(state) == steps.FETCH_LETTER
    assert state.timeline[-1].what == "Twilio lets nobody change the letter any more."


def test_a_letter_signed_before_it_was_withdrawn_is_signed() -> None:
    """The signer was faster."""
    state = act(told(out(0), TITLE), says("signed"))
    assert standing(act(state, None)).status == "signed"


def test_refusals_hold_until_a_person_mends_them() -> None:
    """22109: another address, and the same orders go out."""
    state = told(a_group(), joining(0, size=1))
    state = act(state, Trouble(kind="refused", code=22109, status=400))
    assert (standing(state).status, standing(state).waiting_for) == ("refused", "operator")
    assert "address" in standing(state).reason
    assert not act_answer(state).reason.startswith("Taken.")
    state = told(state, LetterAmendment(address_sid="AD" + "9" * 32))
    assert request(state).address_sid == "AD" + "9" * 32
    assert not request(state).in_doubt


def test_trouble_with_twilio_is_waited_out() -> None:
    """The pauses grow; a try that may have worked is looked for."""
    state = told(a_group(), joining(0, size=1))
    for pause in (15, 30):
        before = NOW if pause == 15 else until(state)
        state = act(state if pause == 15 else waited(state), AWAY, at=before)
        assert until(state) == before + timedelta(seconds=pause)
        assert standing(state).status == "waiting"
    assert request(told(state, Resumption())).in_doubt
    state = act(waited(state), Trouble(kind="not-found", status=404, retry_after=120))
    assert state.letters[0].hold is not None
    assert state.letters[0].hold.kind == "no-access"


def test_trouble_with_a_look_is_waited_out() -> None:
    """Then it looks again."""
    state = act(waited(out(0)), AWAY)
    assert standing(state).waiting_for == "nothing"
    assert doing(waited(state)) == steps.FETCH_LETTER
    assert doing(told(state, Resumption())) == steps.FETCH_LETTER


def test_orders_that_cannot_be_on_it_are_left_out() -> None:
    """They failed or were deleted at Twilio, which their own workflows do not know yet."""
    state = told(a_group(), joining(0, size=2), joining(1))
    state = act(state, says().model_copy(update={"left_out": (order_sid(1),)}))
    assert {news.phone_numbers for news in state.untold} == {(number(0),), (number(1),)}
    assert (progress(state).out, progress(state).left) == (1, 1)


def test_nobody_is_left_for_a_letter() -> None:
    """None was sent, and each order is told to look."""
    state = told(a_group(), joining(0, size=1))
    state = act(state, LetterSnapshot(left_out=(order_sid(0),)))
    assert next_step(act(state, None), GROUP_PACE) is None


def test_orders_that_an_earlier_letter_lacks_are_sent_their_own() -> None:
    """A letter was found in place of one that was to be sent, for some of them alone."""
    state = told(a_group(), joining(0, size=2), joining(1))
    state = act(state, says().model_copy(update={"left_over": (order_sid(1),)}))
    state = act(state, None)
    assert request(state).order_sids == (order_sid(1),)
    assert list(state.letters[0].members) == [number(0)]


@pytest.mark.parametrize("status", ["opened", "signed"])
def test_a_letter_that_is_found_is_taken_as_it_is(status: str) -> None:
    """It was withdrawn or signed while nobody knew of it."""
    state = act(told(a_group(), joining(0, size=1)), says(status))
    found = {"opened": "withdrawn", "signed": "signed"}
    assert standing(state).status == found[status]


def test_reminders_are_given_once_each() -> None:
    """A week and a day before Twilio would fail the orders."""
    state = out(0)
    for _ in range(1000):
        state, now = waited(state), until(state)
        state = act(state, says(), at=now) if doing(state) else state
    reminders = [entry.at for entry in state.timeline if "Reminder" in entry.what]
    due = NOW + GROUP_PACE.signing
    assert reminders == [due - timedelta(days=7), due - timedelta(days=1)]


def test_what_is_refused_says_why() -> None:
    """Nothing to resume, nothing to amend, or nobody to amend it for."""
    for state, message in (
        (out(0), Resumption()),
        (out(0), LetterAmendment()),
        (a_group(), TITLE),
    ):
        refused = refusal(state, message)
        assert refused is not None
        assert refused.reason.endswith(".")
        assert refused.next_step
    for words in (refusal, lambda state, message: taken(state, message, NOW, GROUP_PACE)):
        with pytest.raises(TypeError):
            words(a_group(), Message())


def test_the_panel_tells_nothing_personal() -> None:
    """Who waits, what is out, what happened; no e-mail, no title, no phone of the signer."""
    state = told(out(0, 1), joining(2), LetterAmendment(email="right@example.com"))
    shown = details(state)
    assert DOCUMENT_SID in shown
    assert "1 waiting, 2 out" in shown
    for secret in (LETTER.email, "right@example.com", LETTER.contact_title):
        assert secret not in shown + progress(state).model_dump_json()
    assert "Until" in details(out(0))


def test_the_state_survives_continue_as_new() -> None:
    """Nothing is lost on the way."""
    state = told(out(0, 1), joining(2), TITLE)
    again = GroupInput(key=KEY, letter=LETTER, carried=state).model_dump_json()
    assert GroupInput.model_validate_json(again).state(NOW, GROUP_PACE.window) == state
