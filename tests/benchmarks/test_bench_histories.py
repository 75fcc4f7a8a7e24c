"""What is read from histories: shapes, counts, billed actions."""

import json

import pytest
from temporalio.api.history.v1 import HistoryEvent

from benchmarks.same_shape import Op, counts_of, shape_of
from benchmarks.throughput import check_alike
from benchmarks.waits import actions_of, shown_status


def event(what: str, **fields: object) -> HistoryEvent:
    """An event of a history."""
    found = HistoryEvent()
    attributes = getattr(found, f"{what}_event_attributes")
    attributes.SetInParent()
    for name, value in fields.items():
        setattr(attributes, name, value)
    return found


ACTIVITY = event("activity_task_scheduled")
SIGNAL = event("workflow_execution_signaled")
UPDATE = event("workflow_execution_update_accepted")
TIMER = event("timer_started")
UPSERT = event("upsert_workflow_search_attributes")
START = event("workflow_execution_started")


def look(task: int) -> HistoryEvent:
    """A local activity of a workflow task."""
    return event(
        "marker_recorded", marker_name="core_local_activity", workflow_task_completed_event_id=task
    )


def test_messages_belong_to_the_activity_that_caused_them() -> None:
    """Twilio's callback follows the call that moved it; the code follows the phone's ringing."""
    shape = shape_of([START, ACTIVITY, SIGNAL, ACTIVITY, SIGNAL, UPSERT, UPDATE, ACTIVITY])
    assert shape.ops == [
        Op(kind="activity", signals=1),
        Op(kind="activity", signals=1, code=True),
        Op(kind="upsert"),
        Op(kind="wait", code=True),
        Op(kind="activity"),
    ]


def test_a_wait_ends_with_the_message_that_came() -> None:
    """An order that set a timer and was hinted waits for as many hints as there were then."""
    shape = shape_of([ACTIVITY, SIGNAL, TIMER, SIGNAL, look(4)])
    assert shape.ops == [
        Op(kind="activity", signals=2),
        Op(kind="wait", signals=2),
        Op(kind="local"),
    ]


def test_kinds_are_counted() -> None:
    """Signals and updates are messages; each event counts as one."""
    counts = counts_of([START, ACTIVITY, SIGNAL, UPDATE, TIMER, UPSERT, look(1)])
    assert counts["events"] == 7
    assert counts["messages"] == 2
    assert counts["activities"] == counts["timers"] == counts["upserts"] == 1


def test_actions_are_counted_as_they_are_billed() -> None:
    """Start, activity, its second try, timer, signal, update, upsert; local ones by their task."""
    tried_twice = event("activity_task_started", attempt=2)
    history = [START, ACTIVITY, tried_twice, TIMER, SIGNAL, UPDATE, UPSERT]
    assert actions_of(history) == 7
    assert actions_of([*history, look(4), look(4), look(9)]) == 9
    assert actions_of([event("workflow_task_completed"), event("timer_fired")]) == 0


def test_shown_status_is_the_last_that_was_shown() -> None:
    """Other attributes leave it as it was."""

    def shows(name: str, value: str) -> HistoryEvent:
        found = event("upsert_workflow_search_attributes")
        fields = found.upsert_workflow_search_attributes_event_attributes.search_attributes
        fields.indexed_fields[name].data = json.dumps(value).encode()
        return found

    history = [shows("HostedNumberStatus", "received"), shows("HostedNumberWaitingFor", "nothing")]
    assert shown_status([]) is None
    assert shown_status(history) == "received"


def test_the_same_shape_is_held_to_be_the_same() -> None:
    """Half a message more is chance; an activity more is another workflow."""
    ours = {"activities": 4.0, "messages": 8.0, "upserts": 1.3}
    check_alike(ours, {"activities": 4.0, "messages": 8.4, "upserts": 1.0})
    with pytest.raises(AssertionError, match="activities: 4"):
        check_alike(ours, {"activities": 5.0, "messages": 8.0, "upserts": 1.0})
