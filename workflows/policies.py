"""Every timeout, interval and retry policy of the workflows: one table, a reason for each row."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from temporalio.common import RetryPolicy

from hosted_numbers import steps
from hosted_numbers.letter_groups import steps as group_steps
from hosted_numbers.letter_groups.rules import GroupPace
from hosted_numbers.lifecycle import Pace

PACE: Final = Pace(
    # a callback is lost now and then; a person at the phone should not notice
    first_look=timedelta(seconds=15),
    # carriers take weeks: 24 looks a day cost little and find a lost callback within the hour
    longest_look=timedelta(hours=1),
    # should the sweep itself be what is broken: asked of Temporal, so that 100,000 orders that
    # wait cost Twilio no request each
    swept_look=timedelta(days=7),
    # a 404 on an order that was there is more often a hiccup than a deletion
    second_look=timedelta(seconds=60),
    # a busy line did not ring: long enough for a business to hang up, three times within its day
    next_call=timedelta(hours=2),
    calls_tried=3,
    # a week in which people can still act, and the last day
    reminders=(timedelta(days=7), timedelta(days=1)),
)

GROUP_PACE: Final = GroupPace(
    # owners enter their codes within a day or not for long; nobody waits longer for the others
    window=timedelta(hours=24),
    # orders that come late come together, as when a few were mended and sent again
    late_window=timedelta(hours=1),
    # Twilio names no limit; a person can still read the list, and a request stays below 20 kB
    most=500,
    # Twilio fails orders that stood still for 30 days
    signing=timedelta(days=29),
    looks=PACE,
)

LONGEST_RETRY_AFTER: Final = timedelta(minutes=15)
"""A longer Retry-After is cut: an absurd one must not park an order for a day."""


@dataclass(frozen=True)
class ActivityPolicy:
    """How one activity is tried.

    Attributes:
        attempt: how long one try may take (start to close). A crashed worker's try is given to
            another worker after this, so it is as short as the calls in it allow.
        total: how long to go on trying; then the order shows the trouble and tries at its own pace.
        retry: the pause between tries.
    """

    attempt: timedelta
    total: timedelta
    retry: RetryPolicy


_PATIENT: Final = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(seconds=60),
)
_ONCE: Final = RetryPolicy(maximum_attempts=1)

ACTIVITIES: Final = {
    # looks before it creates, so a repeated try is safe; a list and a create in one try
    steps.FIND_OR_CREATE_ORDER: ActivityPolicy(
        timedelta(seconds=30), timedelta(minutes=10), _PATIENT
    ),
    # only reads; an order and its letter in one try
    steps.FETCH_ORDER: ActivityPolicy(timedelta(seconds=20), timedelta(minutes=5), _PATIENT),
    # a call rings a real phone: never dialled by a retry, the workflow looks first and decides
    steps.PLACE_CALL: ActivityPolicy(timedelta(seconds=15), timedelta(seconds=30), _ONCE),
    # the same code again is harmless, and its answer is re-read; the code dies in ten minutes
    steps.SUBMIT_CODE: ActivityPolicy(timedelta(seconds=20), timedelta(minutes=5), _PATIENT),
    # says what the order shall be, whole, so a repeated try is safe
    steps.UPDATE_ORDER: ActivityPolicy(timedelta(seconds=20), timedelta(minutes=10), _PATIENT),
    # 10 MB at the pace of a slow line; a repeated try leaves at worst an orphan at Twilio
    steps.UPLOAD_BILL: ActivityPolicy(timedelta(seconds=90), timedelta(minutes=15), _PATIENT),
    # the same document attached again is harmless
    steps.ATTACH_BILL: ActivityPolicy(timedelta(seconds=30), timedelta(minutes=10), _PATIENT),
    # a repeated try looks first, through lists; then 5 MB
    steps.FIND_OR_CREATE_DOCUMENT: ActivityPolicy(
        timedelta(seconds=120), timedelta(minutes=15), _PATIENT
    ),
    # looks before it mails a legal document; up to four calls in one try
    steps.FIND_OR_CREATE_AUTHORIZATION: ActivityPolicy(
        timedelta(seconds=45), timedelta(minutes=10), _PATIENT
    ),
    # each ends in a state of the letter that a repeated try recognises; up to four calls in one
    steps.REOPEN_AUTHORIZATION: ActivityPolicy(
        timedelta(seconds=45), timedelta(minutes=10), _PATIENT
    ),
    steps.RESEND_AUTHORIZATION: ActivityPolicy(
        timedelta(seconds=45), timedelta(minutes=10), _PATIENT
    ),
    # an order that is gone already counts as deleted, so a repeated try is safe
    steps.DELETE_ORDER: ActivityPolicy(timedelta(seconds=45), timedelta(minutes=10), _PATIENT),
}

AWAITED: Final = frozenset(
    {
        steps.SUBMIT_CODE,
        steps.UPDATE_ORDER,
        steps.UPLOAD_BILL,
        steps.ATTACH_BILL,
        steps.REOPEN_AUTHORIZATION,
        steps.RESEND_AUTHORIZATION,
        steps.DELETE_ORDER,
    }
)
"""What follows from a person's act, whose answer that person waits for: it goes before all else."""

LETTER_ACTIVITIES: Final = {
    # looks before it mails a legal document; where Twilio refuses it, at each of 500 orders
    group_steps.FIND_OR_CREATE_LETTER: ActivityPolicy(
        timedelta(minutes=3), timedelta(minutes=20), _PATIENT
    ),
    # only reads
    group_steps.FETCH_LETTER: ActivityPolicy(timedelta(seconds=20), timedelta(minutes=5), _PATIENT),
    # each ends in a state of the letter that a repeated try recognises
    group_steps.REOPEN_LETTER: ActivityPolicy(
        timedelta(seconds=45), timedelta(minutes=10), _PATIENT
    ),
    group_steps.RESEND_LETTER: ActivityPolicy(
        timedelta(minutes=3), timedelta(minutes=20), _PATIENT
    ),
    # hints; a repeated try goes on where the last one was, and orders look for themselves anyway
    group_steps.TELL_ORDERS: ActivityPolicy(timedelta(minutes=5), timedelta(minutes=10), _PATIENT),
}

LETTER_HEARTBEAT: Final = timedelta(seconds=30)
"""Activities of a group are heard of before each request, which takes ten seconds at most: where a
worker is lost, another one goes on after this."""

LOCAL_LOOK: Final = ActivityPolicy(timedelta(seconds=5), timedelta(seconds=5), _ONCE)
"""The first try of a look runs inside the workflow task: one event in the history in place of six.
When Twilio is slow or away the regular activity takes over, whose tries the Temporal UI shows."""

LOCAL_TELL: Final = ActivityPolicy(timedelta(seconds=5), timedelta(seconds=5), _ONCE)
"""An event is handed over inside the workflow task too; else by a regular activity."""

# a repeated try finds what an earlier one started; after this the order's next news is told
TELL: Final = ActivityPolicy(timedelta(seconds=10), timedelta(minutes=10), _PATIENT)

NOTIFICATION_PAUSES: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""Between the tries of a delivery, the schedule of Standard Webhooks 1.0; each is drawn out by up
to a tenth, so that not all events return at once to a receiver that was away."""

LONGEST_NOTIFICATION_PAUSE: Final = timedelta(hours=24)
"""A longer Retry-After of a receiver is cut."""

# an event that arrives twice is known by its id; twice the deadline of a delivery. The pauses count
# where a worker is lost in the middle of a try; all others are told by the activity
DELIVERY: Final = ActivityPolicy(
    timedelta(seconds=30),
    timedelta(days=10),
    RetryPolicy(
        initial_interval=timedelta(seconds=5),
        backoff_coefficient=6.0,
        maximum_interval=timedelta(hours=24),
        maximum_attempts=len(NOTIFICATION_PAUSES) + 1,
    ),
)

# only reads and hints; a repeated try goes on where the last one was. 100 pages take minutes, and a
# Twilio that is away for long is the next sweep's business
SWEEP: Final = ActivityPolicy(timedelta(minutes=30), timedelta(hours=1), _PATIENT)

# only hints; the next tick is a minute away
EXPIRED_CODES: Final = ActivityPolicy(timedelta(seconds=20), timedelta(seconds=50), _PATIENT)

SWEEP_HEARTBEAT: Final = timedelta(seconds=30)
"""A sweep is heard of with each page, which takes ten seconds at most."""

# each start is named by its row, so a repeated try finds what an earlier one started; the workflow
# shows what is in the way and tries again
START_ROWS: Final = ActivityPolicy(timedelta(minutes=5), timedelta(minutes=10), _PATIENT)

START_ROWS_HEARTBEAT: Final = timedelta(seconds=15)
"""Ten rows are started at once, three calls to Temporal each, of four seconds at most."""

# a number that is gone already counts as released; a person waits for the answer
RELEASE: Final = ActivityPolicy(timedelta(seconds=30), timedelta(days=1), _PATIENT)

# reads a setting of the worker
DISPOSAL_DELAY: Final = ActivityPolicy(timedelta(seconds=5), timedelta(minutes=1), _PATIENT)

# files that are gone already count as deleted; the store may be away for long
DISPOSAL: Final = ActivityPolicy(
    timedelta(minutes=5),
    timedelta(days=30),
    RetryPolicy(
        initial_interval=timedelta(seconds=10),
        backoff_coefficient=2.0,
        maximum_interval=timedelta(hours=1),
    ),
)
