"""The checker finds each violation: evidence of a good run is doctored, and it says what is wrong.

That is what makes a run without violations worth something.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.canaries import found_in
from tests.chaos.checker import INVARIANTS, undisturbed, violations
from tests.chaos.evidence import (
    Answered,
    CallbackAnswer,
    Canary,
    Deed,
    Evidence,
    OrderRun,
    Outage,
    Probe,
)

NUMBER, OTHER = "+12125550120", "+14155550120"
SID, OTHER_SID = "HR" + "a" * 32, "HR" + "b" * 32
LETTER, SECOND = "PX" + "a" * 32, "PX" + "b" * 32
NOW = "2026-03-02T09:00:00+00:00"
LATER, EARLIER = "2026-03-09T09:00:00+00:00", "2026-03-01T09:00:00+00:00"
BILL = "5" * 64
CANARIES = [Canary("e-mail", r"canary\.example\.com"), Canary("right code", r"code\W{1,4}(1234)\b")]


def progress(**changes: Any) -> dict[str, Any]:
    """A completed order."""
    return {
        "phone_number": NUMBER,
        "sid": SID,
        "status": "completed",
        "phase": "completed",
        "waiting_for": "nothing",
        "deadline": None,
        "timeline": [
            {"at": EARLIER, "what": "The verification code was right."},
            {"at": EARLIER, "what": "The bill was handed in; Twilio looks at it."},
        ],
    } | changes


def a_run(**changes: Any) -> OrderRun:
    """The workflow of a completed order."""
    run = OrderRun(
        number=NUMBER,
        run_id="run-1",
        open=False,
        outcome="completed",
        progress=progress(),
        public=f"hosted-number-order/{NUMBER}",
    )
    return replace(run, **changes)


def waiting(**changes: Any) -> OrderRun:
    """The workflow of an order that waits for its signer."""
    stands = {"status": "pending-loa", "phase": "authorization", "deadline": LATER}
    more = stands | {"waiting_for": "signature"} | changes
    return a_run(open=True, outcome="running", progress=progress(**more))


def order(sid: str = SID, number: str = NUMBER, **changes: Any) -> dict[str, Any]:
    """An order in the ledger."""
    return {"sid": sid, "phone_number": number, "status": "completed", "deleted": False} | changes


def ledger(**changes: Any) -> dict[str, Any]:
    """A ledger with one completed order, proven by a call, or by a bill, whichever is asked."""
    return {
        "orders": [order()],
        "calls": [{"order_sid": SID, "call_sid": "CA1", "at": EARLIER}],
        "authorization_documents": [{"sid": LETTER, "status": "signed", "order_sids": [SID]}],
        "loa_mails": [{"document_sid": LETTER, "email": "x", "at": EARLIER}],
        "documents": [{"sid": "RD1", "sha256": BILL, "order_sids": [SID]}],
    } | changes


def started(*run_ids: str, number: str = NUMBER) -> Deed:
    """An order that was accepted."""
    return Deed(number, "start", status=201, run_ids=frozenset(run_ids or ("run-1",)))


def good(**changes: Any) -> Evidence:
    """Evidence of a run in which all went well, or of a doctored one."""
    fields: dict[str, Any] = {
        "now": NOW,
        "ledger": ledger(),
        "deeds": [
            started(),
            Deed(NUMBER, "code", "1234", 200, taken=True, reason="The code is right: …"),
            Deed(NUMBER, "bill", BILL, 200, taken=True, reason="Twilio has the bill"),
        ],
        "answers": [Answered(1, "POST /v1/hosted-number-orders", 503, 4.0, retry_after=True)],
        "runs": [a_run()],
        "ordered": {NUMBER: "now"},
        "canaries": CANARIES,
        "history_finds": [],
        "replayed": 1,
        "spans": 7,
        "outages": [Outage("temporal", 10, 20, gone_until=15)],
        "probes": [Probe(9, 9.1, 200), Probe(11, 14, 503), Probe(30, 30.1, 200)],
        "callbacks": [CallbackAnswer(1, 0.5, 204), CallbackAnswer(12, 4.5, 503)],
    }
    return Evidence(**fields | changes)


def told(evidence: Evidence) -> str:
    """What the checker says."""
    return "\n".join(f"{each.invariant} {each.text}" for each in violations(evidence))


def test_a_good_run_has_no_violation() -> None:
    """Also where an order waits for a person, was cancelled, or failed as Twilio says."""
    assert told(good()) == ""
    assert told(good(runs=[waiting()], ledger=ledger(orders=[order(status="pending-loa")]))) == ""
    failed = a_run(progress=progress(phase="failed", status="failed"))
    assert told(good(runs=[failed], ledger=ledger(orders=[order(status="failed")]))) == ""
    cancelled = a_run(progress=progress(phase="cancelled"))
    assert told(good(runs=[cancelled], ledger=ledger(orders=[order(deleted=True)]))) == ""


def test_every_invariant_is_checked() -> None:
    """I1 to I8, each by a function of its own."""
    assert list(INVARIANTS) == [f"I{number}" for number in range(1, 9)]
    assert len(set(INVARIANTS.values())) == 8


LOST = Deed(NUMBER, "start", status=201, run_ids=frozenset({"run-1", "run-2"}))
VANISHED = progress(sid=SID, status="pending-loa", phase="authorization", waiting_for="operator")
UNMADE = progress(sid=None, status=None, phase="ordering", waiting_for="operator", deadline=LATER)
TWO_RIGHT = {
    "timeline": [{"at": EARLIER, "what": "The verification code was right."}] * 2,
}

DOCTORED: dict[str, tuple[Mapping[str, Any], str]] = {
    "an accepted order is lost": (
        {"runs": [], "ledger": ledger(orders=[]), "replayed": 0, "deeds": [started()]},
        f"I1 {NUMBER}: accepted as run-1, but there is no such workflow",
    ),
    "one of two accepted runs is lost": (
        {"deeds": [LOST]},
        f"I1 {NUMBER}: accepted as run-2, but there is no such workflow",
    ),
    "a second workflow": (
        {"runs": [a_run(), a_run(run_id="run-2")]},
        f"I1 {NUMBER}: the workflows run-2 run beside the accepted run-1",
    ),
    "a workflow of nobody's": (
        {"deeds": []},
        f"I1 {NUMBER}: a workflow that nobody was told of",
    ),
    "a row of the bulk file twice": (
        {"deeds": [], "imported": frozenset({NUMBER}), "runs": [a_run(), a_run(run_id="run-2")]},
        f"I1 {NUMBER}: 2 workflows for one row of the bulk file",
    ),
    "a row of the bulk file not at all": (
        {"imported": frozenset({OTHER})},
        f"I1 {OTHER}: 0 workflows for one row of the bulk file",
    ),
    "two live orders at Twilio": (
        {"ledger": ledger(orders=[order(), order(OTHER_SID)])},
        f"I1 {NUMBER}: 2 live orders at Twilio",
    ),
    "an order made twice, one deleted": (
        {"ledger": ledger(orders=[order(), order(OTHER_SID, deleted=True)])},
        f"I1 {NUMBER}: 2 orders were made at Twilio for 1 workflows",
    ),
    "stuck with the carrier": (
        {
            "runs": [waiting(waiting_for="carrier", phase="carrier", status="testing")],
            "ledger": ledger(orders=[order(status="testing")]),
        },
        f"I2 {NUMBER}: waits for carrier at carrier, testing",
    ),
    "stuck, with what is in the way": (
        {"runs": [replace(waiting(waiting_for="nothing"), trouble="create was tried 9 times")]},
        f"I2 {NUMBER}: create was tried 9 times: waits for nothing at authorization, pending-loa",
    ),
    "waits without a deadline": (
        {"runs": [waiting(deadline=None)]},
        f"I2 {NUMBER}: waits for signature without a deadline",
    ),
    "waits beyond its deadline": (
        {"runs": [waiting(deadline=EARLIER)]},
        f"I2 {NUMBER}: waits for signature since {EARLIER}, its deadline",
    ),
    "cannot say where it stands": (
        {"runs": [a_run(open=True, progress=None)]},
        f"I2 {NUMBER}: open, and nobody can say where it stands",
    ),
    "did not go on": (
        {"unsettled": {NUMBER: "received, waiting for verification-call"}, "bound": 120.0},
        f"I2 {NUMBER}: stood still for more than 120 s at received, waiting",
    ),
    "completed for us alone": (
        {"ledger": ledger(orders=[order(status="carrier-processing")])},
        f"I3 {NUMBER}: we say completed, completed; Twilio says carrier-processing",
    ),
    "completed, and deleted there": (
        {"ledger": ledger(orders=[order(deleted=True)])},
        "Twilio says completed, deleted",
    ),
    "completed at Twilio alone": (
        {"runs": [a_run(progress=progress(phase="failed", status="failed"))]},
        f"I3 {NUMBER}: we say failed, failed; Twilio says completed",
    ),
    "cancelled for us alone": (
        {"runs": [a_run(progress=progress(phase="cancelled"))]},
        f"I3 {NUMBER}: we say cancelled, completed; Twilio says completed",
    ),
    "an open order behind Twilio": (
        {"runs": [waiting()]},
        f"I3 {NUMBER}: we say authorization, pending-loa; Twilio says completed",
    ),
    "an order that Twilio never had": (
        {"ledger": ledger(orders=[])},
        f"I3 {NUMBER}: it names {SID}, which Twilio never had",
    ),
    "an orphan at Twilio": (
        {"runs": [a_run(progress=UNMADE, open=True)]},
        f"I3 {NUMBER}: Twilio has {SID}, completed, and we do not",
    ),
    "a workflow that failed": (
        {"runs": [a_run(outcome="failed", progress=None)]},
        f"I3 {NUMBER}: closed as failed without a result",
    ),
    "a workflow that was terminated with a result": (
        {"runs": [a_run(outcome="terminated")]},
        f"I3 {NUMBER}: its workflow terminated, which is no end of an order",
    ),
    "a call that nobody wanted": (
        {"ledger": ledger(calls=[{"order_sid": SID}] * 2)},
        f"I4 {NUMBER}: the phone rang 2 times, and only 1 calls were wanted",
    ),
    "a call before anybody asked": (
        {"ordered": {NUMBER: "asked"}},
        f"I4 {NUMBER}: the phone rang 1 times, and only 0 calls were wanted",
    ),
    "a fourth call": (
        {
            "ledger": ledger(calls=[{"order_sid": SID}] * 4),
            "deeds": [started(), *[Deed(NUMBER, "call", status=200)] * 9],
        },
        f"I4 {NUMBER}: 4 verification calls for {SID}, Twilio allows 3",
    ),
    "two letters out at once": (
        {
            "ledger": ledger(
                authorization_documents=[
                    {"sid": LETTER, "status": "signed", "order_sids": [SID]},
                    {"sid": SECOND, "status": "signing", "order_sids": [SID]},
                ]
            )
        },
        f"I4 {NUMBER}: 2 letters at once: {LETTER} signed, {SECOND} signing",
    ),
    "a letter mailed twice": (
        {"ledger": ledger(loa_mails=[{"document_sid": LETTER}] * 2)},
        f"I4 {LETTER}: mailed 2 times, 1 were wanted",
    ),
    "a bill handed in twice": (
        {"ledger": ledger(documents=[{"sha256": BILL, "order_sids": [SID]}] * 2)},
        f"I5 {NUMBER}: one bill was handed in at Twilio 2 times",
    ),
    "a bill that was taken and forgotten": (
        {
            "ledger": ledger(documents=[], orders=[order(status="received")]),
            "runs": [
                waiting(
                    waiting_for="document", phase="verification", status="received", timeline=[]
                )
            ],
            "deeds": [started(), Deed(NUMBER, "bill", BILL, 200, taken=True, reason="Kept.")],
        },
        f"I5 {NUMBER}: a bill was taken (Kept.), and nothing came of it",
    ),
    "a code that was used twice": (
        {"runs": [a_run(progress=progress(**TWO_RIGHT))]},
        f"I5 {NUMBER}: its code was used 2 times",
    ),
    "two right codes": (
        {
            "deeds": [
                started(),
                *(
                    Deed(NUMBER, "code", code, 200, taken=True, reason="The code is right: …")
                    for code in ("1234", "4321")
                ),
            ]
        },
        f"I5 {NUMBER}: two codes were right",
    ),
    "a right code of which the order knows nothing": (
        {"runs": [a_run(progress=progress(timeline=[]))]},
        f"I5 {NUMBER}: it was told that its code is right, and its order does not say so",
    ),
    "a right code, and the order does not go on": (
        {
            "runs": [waiting(status="received", phase="verification", waiting_for="document")],
            "ledger": ledger(orders=[order(status="received")]),
        },
        f"I5 {NUMBER}: its code was right, and it stands at received",
    ),
    "a code that was taken and never judged": (
        {
            "deeds": [started(), Deed(NUMBER, "code", "1", 200, taken=True, reason="It took it")],
            "runs": [waiting(status="pending-verification", phase="verification", timeline=[])],
            "ledger": ledger(orders=[order(status="pending-verification")]),
        },
        f"I5 {NUMBER}: 1 codes were taken, and 0 judged",
    ),
    "personal data among the search attributes": (
        {"runs": [a_run(public="HostedNumberCustomer: owner@canary.example.com")]},
        f"I6 {NUMBER}, what Temporal shows of its workflow: e-mail",
    ),
    "personal data in a raw history": (
        {"history_finds": [("letter/1", "contact name")]},
        "I6 letter/1, its raw history: contact name",
    ),
    "personal data in metrics": (
        {"exposed": {"metrics of the worker": 'orders{owner="x@CANARY.example.com"} 1'}},
        "I6 metrics of the worker: e-mail",
    ),
    "personal data in traces": (
        {"exposed": {"traces": "\x12\x04email\x1ax@canary.example.com"}},
        "I6 traces: e-mail",
    ),
    "no traces": ({"spans": 0}, "I6 no span was searched"),
    "reported problems": (
        {"reported": ["hosted-number-order/+1"]},
        "I7 hosted-number-order/+1 runs with TemporalReportedProblems",
    ),
    "a history that does not replay": (
        {"replay_failures": [("hosted-number-order/+1", "TMPRL1100")]},
        "I7 hosted-number-order/+1 does not replay: TMPRL1100",
    ),
    "nothing was replayed": ({"replayed": 0}, "I7 no history was replayed"),
    "a part that died": (
        {"crashes": ["The worker ended with code 1."]},
        "I7 a part ended by itself: The worker ended with code 1.",
    ),
    "slow answers to callbacks": (
        {"callbacks": [CallbackAnswer(100, 1.2, 204)]},
        "I8 the p99 of 1 answers to callbacks is 1.20 s, 1.10 s are allowed",
    ),
    "a callback that broke the gateway": (
        {"callbacks": [CallbackAnswer(100, 0.1, 500)]},
        "I8 1 callbacks were answered 500",
    ),
    "an answer that hides what happened": (
        {"answers": [Answered(1, "POST /v1/hosted-number-orders", 500, 0.1, code="internal")]},
        "I8 POST /v1/hosted-number-orders was answered 500 internal, 1 times",
    ),
    "again, but nobody says when": (
        {"answers": [Answered(1, "GET /v1/hosted-number-orders", 503, 0.1)]},
        "I8 GET /v1/hosted-number-orders was answered 503, 1 times",
    ),
    "ready without Temporal": (
        {"probes": [Probe(11, 14, 200)]},
        "I8 ready, 1.0 s after Temporal was killed",
    ),
    "not ready in the end": ({"probes": [Probe(40, 41, 503)]}, "I8 not ready in the end: 503"),
}


@pytest.mark.parametrize("what", DOCTORED)
def test_a_doctored_run_is_found_out(what: str) -> None:
    """The violation is told by its invariant, with the number and what is wrong."""
    changes, words = DOCTORED[what]
    assert words in told(good(**changes))


def test_canaries_are_found_in_logs(tmp_path: Path) -> None:
    """With the process and the line."""
    log = tmp_path / "gateway.log"
    log.write_text("started\nsent to Owner@Canary.Example.com\n{'code': '1234'} 1234\n")
    found = told(good(logs={"gateway": log}))
    assert found.splitlines() == [
        "I6 gateway.log, line 2: e-mail",
        "I6 gateway.log, line 3: right code",
    ]
    assert found_in("it took 1234 ms, status code 200", CANARIES) == []


def test_a_letter_that_was_changed_may_be_mailed_again() -> None:
    """As often as people changed it, or had it sent again."""
    mails = ledger(loa_mails=[{"document_sid": LETTER}] * 2)
    amended = [*good().deeds, Deed(NUMBER, "amend", status=200)]
    assert told(good(ledger=mails, deeds=amended)) == ""


def test_an_order_that_vanished_waits_for_a_person_who_knows() -> None:
    """Deleted behind our back, or never made: on hold for a person, that is no lie."""
    vanished = a_run(open=True, progress=VANISHED | {"deadline": LATER})
    assert told(good(runs=[vanished], ledger=ledger(orders=[order(deleted=True)]))) == ""
    unmade = a_run(open=True, progress=UNMADE)
    deeds = [started()]
    assert told(good(runs=[unmade], ledger=ledger(orders=[], calls=[]), deeds=deeds)) == ""


def test_a_bill_or_a_code_that_is_given_back_is_accounted_for() -> None:
    """The timeline says why."""
    stands = {"status": "received", "phase": "verification", "waiting_for": "document"}
    back = [{"at": EARLIER, "what": "Another bill is needed. It is too old."}]
    papers = ledger(documents=[], orders=[order(status="received")])
    deeds = [started(), Deed(NUMBER, "bill", BILL, 200, taken=True)]
    assert told(good(runs=[waiting(**stands, timeline=back)], ledger=papers, deeds=deeds)) == ""
    wrong = [{"at": EARLIER, "what": "A verification code was wrong or expired."}]
    stands = {"status": "pending-verification", "phase": "verification"}
    run = waiting(**stands, waiting_for="verification-code", timeline=wrong)
    phone = ledger(orders=[order(status="pending-verification")])
    deeds = [started(), Deed(NUMBER, "code", "1", 200, taken=True, reason="It took it")]
    assert told(good(runs=[run], ledger=phone, deeds=deeds)) == ""


def test_callbacks_count_while_gateway_and_temporal_are_up() -> None:
    """Those during an outage, and just after it, do not; those of other parts' outages do."""
    outages = [
        Outage("gateway", 100, 110),
        Outage("gateway-temporal", 200, 210, killed=False),
        Outage("worker", 300, 310),
    ]
    seen = [CallbackAnswer(at, 9, 204) for at in (50, 105, 114, 150, 205, 305)]
    counted = undisturbed(good(outages=outages, callbacks=seen))
    assert [each.at for each in counted] == [50, 150, 305]


def test_a_machine_that_is_slow_with_everything_is_allowed_for() -> None:
    """As readiness shows in calm times; what it took in an outage does not count."""
    slow = [CallbackAnswer(100, 1.4, 204)]
    assert told(good(callbacks=slow, probes=[Probe(100, 100.5, 200)])) == ""
    in_outage = [Probe(8, 11, 503), Probe(100, 100.1, 200)]
    assert "1.10 s are allowed" in told(good(callbacks=slow, probes=in_outage))
