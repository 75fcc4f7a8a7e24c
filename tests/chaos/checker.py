"""What holds after any mix of faults, each as a function that says what is violated and where.

I1 one workflow and at most one live order for a number; I2 nothing is stuck in silence; I3 we say
what Twilio says; I4 phones do not ring and letters do not go out more often than they may; I5 what
was handed in is used once or given back; I6 nothing personal is written down; I7 nothing is broken
inside; I8 the gateway answers in time and does not lie.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from tests.chaos.canaries import found_in
from tests.chaos.evidence import CallbackAnswer, Deed, Evidence

CALLS_ALLOWED: Final = 3
"""Verification calls that Twilio places for one order (HostedNumberOrder page)."""

CALLBACK_P99: Final = 1.0
"""Seconds."""

PEOPLES: Final = frozenset(
    {"verification-call", "verification-code", "document", "signature", "operator"}
)
"""What only a person brings on: somebody at the phone, the owner, the signer, the operator."""

_ALIVE: Final = frozenset({"opened", "signing", "signed"})
_SETTLING: Final = 5.0
"""Seconds after an outage in which what was late because of it is answered."""

_BEFORE_PROOF: Final = frozenset({"twilio-processing", "received", "pending-verification"})


@dataclass(frozen=True)
class Violation:
    """One thing that must not be.

    Attributes:
        invariant: I1 to I8.
        text: what is violated, where.
    """

    invariant: str
    text: str


def violations(evidence: Evidence) -> list[Violation]:
    """Everything that is violated, in the order of the invariants."""
    return [Violation(name, text) for name, check in INVARIANTS.items() for text in check(evidence)]


def one_of_each(evidence: Evidence) -> Iterator[str]:
    """I1: each accepted order is exactly one workflow, and at most one live order at Twilio."""
    accepted: dict[str, set[str]] = defaultdict(set)
    for deed in evidence.deeds:
        if deed.act == "start" and deed.status in {200, 201}:
            accepted[deed.number] |= deed.run_ids
    runs: dict[str, set[str]] = defaultdict(set)
    for run in evidence.runs:
        runs[run.number].add(run.run_id)
    for number, ids in sorted(accepted.items()):
        if lost := ids - runs[number]:
            yield f"{number}: accepted as {_some(lost)}, but there is no such workflow"
        if more := runs[number] - ids:
            yield f"{number}: the workflows {_some(more)} run beside the accepted {_some(ids)}"
    for number in sorted(evidence.imported):
        if len(runs[number]) != 1:
            yield f"{number}: {len(runs[number])} workflows for one row of the bulk file"
    for number in sorted(runs.keys() - accepted.keys() - evidence.imported):
        yield f"{number}: a workflow that nobody was told of"
    yield from _one_at_twilio(evidence, runs)


def _one_at_twilio(evidence: Evidence, runs: Mapping[str, set[str]]) -> Iterator[str]:
    live, ever = Counter[str](), Counter[str]()
    for order in evidence.ledger["orders"]:
        ever[order["phone_number"]] += 1
        live[order["phone_number"]] += not order["deleted"] and order["status"] != "failed"
    for number, count in sorted(ever.items()):
        workflows = len(runs.get(number, ()))
        if live[number] > 1:
            yield f"{number}: {live[number]} live orders at Twilio"
        if count > workflows:
            yield f"{number}: {count} orders were made at Twilio for {workflows} workflows"


def nothing_stuck(evidence: Evidence) -> Iterator[str]:
    """I2: every order has ended, or waits for a person by a deadline; none stood still."""
    now = datetime.fromisoformat(evidence.now)
    for run in evidence.runs:
        if not run.open:
            continue
        at = f"{run.number}: {run.trouble}".removesuffix(": ")
        if run.progress is None:
            yield f"{at}: open, and nobody can say where it stands"
        elif run.progress["waiting_for"] not in PEOPLES:
            stands = f"{run.progress['phase']}, {run.progress['status']}"
            yield f"{at}: waits for {run.progress['waiting_for']} at {stands}"
        elif not (deadline := run.progress.get("deadline")):
            yield f"{at}: waits for {run.progress['waiting_for']} without a deadline"
        elif datetime.fromisoformat(str(deadline)) < now:
            yield f"{at}: waits for {run.progress['waiting_for']} since {deadline}, its deadline"
    for number, stood_at in sorted(evidence.unsettled.items()):
        yield f"{number}: stood still for more than {evidence.bound:.0f} s at {stood_at}"


def as_twilio_says(evidence: Evidence) -> Iterator[str]:
    """I3: the end of each order is the simulator's, and so is where an open one stands."""
    at_twilio = {order["sid"]: order for order in evidence.ledger["orders"]}
    told: set[str] = set()
    for run in evidence.runs:
        progress = run.progress
        if progress is None:
            if not run.open:
                yield f"{run.number}: closed as {run.outcome} without a result"
            continue
        if not run.open and run.outcome != "completed":
            yield f"{run.number}: its workflow {run.outcome}, which is no end of an order"
        sid = progress.get("sid")
        told.add(str(sid))
        held = at_twilio.get(str(sid))
        if sid is not None and held is None:
            yield f"{run.number}: it names {sid}, which Twilio never had"
        elif not _agree(progress, held):
            is_there = "nothing" if held is None else _words(held)
            yield f"{run.number}: we say {progress['phase']}, {progress.get('status')}; {is_there}"
    for sid, order in sorted(at_twilio.items()):
        if sid not in told and not order["deleted"]:
            yield f"{order['phone_number']}: Twilio has {sid}, {order['status']}, and we do not"


def _agree(progress: Mapping[str, Any], held: Mapping[str, Any] | None) -> object:
    """Whether what we say of an order is what Twilio holds."""
    match progress["phase"]:
        case "cancelled":
            return held is None or bool(held["deleted"])
        case "completed" | "failed" as phase:
            return held is not None and not held["deleted"] and held["status"] == phase
        case _:
            if held is None or held["deleted"]:
                # not made yet, or gone and on hold for a person who knows
                return progress["waiting_for"] == "operator"
            return held["status"] == progress.get("status")


def _words(held: Mapping[str, Any]) -> str:
    return f"Twilio says {held['status']}{', deleted' if held['deleted'] else ''}"


def calls_and_letters(evidence: Evidence) -> Iterator[str]:
    """I4: no call that nobody wanted, never more than three; never two letters out at once."""
    number_of = {order["sid"]: order["phone_number"] for order in evidence.ledger["orders"]}
    yield from _calls(evidence, number_of)
    yield from _letters(evidence, number_of)


def _calls(evidence: Evidence, number_of: Mapping[str, str]) -> Iterator[str]:
    asked = Counter(deed.number for deed in evidence.deeds if deed.act == "call")
    calls = Counter(call["order_sid"] for call in evidence.ledger["calls"])
    for sid, count in sorted(calls.items()):
        number = number_of.get(sid, sid)
        allowed = asked[number] + (evidence.ordered.get(number, "now") == "now")
        if count > CALLS_ALLOWED:
            yield f"{number}: {count} verification calls for {sid}, Twilio allows {CALLS_ALLOWED}"
        elif count > allowed:
            yield f"{number}: the phone rang {count} times, and only {allowed} calls were wanted"


def _letters(evidence: Evidence, number_of: Mapping[str, str]) -> Iterator[str]:
    letters = {each["sid"]: each for each in evidence.ledger["authorization_documents"]}
    alive: dict[str, list[str]] = defaultdict(list)
    for letter in letters.values():
        for sid in letter["order_sids"] if letter["status"] in _ALIVE else ():
            alive[sid].append(f"{letter['sid']} {letter['status']}")
    for sid, out in sorted(alive.items()):
        if len(out) > 1:
            yield f"{number_of.get(sid, sid)}: {len(out)} letters at once: {', '.join(out)}"
    changed = Counter(deed.number for deed in evidence.deeds if deed.act in {"amend", "resume"})
    mails = Counter(mail["document_sid"] for mail in evidence.ledger["loa_mails"])
    for sid, count in sorted(mails.items()):
        on_it = letters.get(sid, {}).get("order_sids", ())
        allowed = 1 + sum(changed[number_of.get(each, each)] for each in on_it)
        if count > allowed and on_it:
            yield f"{sid}: mailed {count} times, {allowed} were wanted"


def used_or_given_back(evidence: Evidence) -> Iterator[str]:
    """I5: an acknowledged code or bill was used once, or its order tells why it was not."""
    progress: dict[str, Mapping[str, Any]] = {
        run.number: run.progress for run in evidence.runs if run.progress is not None
    }
    handed = Counter[str]()
    for document in evidence.ledger["documents"]:
        handed[document["sha256"]] += bool(document["order_sids"])
    codes: dict[str, list[Deed]] = defaultdict(list)
    for deed in evidence.deeds:
        if deed.act == "bill" and deed.taken:
            yield from _bill(deed, handed[deed.matter], progress.get(deed.number))
        elif deed.act == "code" and deed.taken:
            codes[deed.number].append(deed)
    for number, taken in sorted(codes.items()):
        yield from _codes(number, taken, progress.get(number))


def _bill(deed: Deed, uses: int, progress: Mapping[str, Any] | None) -> Iterator[str]:
    if uses > 1:
        yield f"{deed.number}: one bill was handed in at Twilio {uses} times"
    given_back = _timeline(progress, "Another bill is needed", "No bill is needed", "cancel")
    ended = progress is not None and progress["phase"] in {"failed", "cancelled", "completed"}
    moved_on = progress is not None and progress.get("status") not in _BEFORE_PROOF
    if not uses and not given_back and not ended and not moved_on:
        yield f"{deed.number}: a bill was taken ({deed.reason}), and nothing came of it"


def _codes(number: str, taken: list[Deed], progress: Mapping[str, Any] | None) -> Iterator[str]:
    right = _timeline(progress, "The verification code was right.")
    wrong = _timeline(progress, "A verification code was wrong or expired.")
    acknowledged = [deed for deed in taken if deed.reason.startswith("The code is right")]
    if len({deed.matter for deed in acknowledged}) > 1:
        yield f"{number}: two codes were right"
    if right > 1:
        yield f"{number}: its code was used {right} times"
    if acknowledged and not right:
        yield f"{number}: it was told that its code is right, and its order does not say so"
    if acknowledged and progress is not None and progress.get("status") in _BEFORE_PROOF:
        yield f"{number}: its code was right, and it stands at {progress['status']}"
    open_ended = {deed.matter for deed in taken if deed not in acknowledged}
    moved_on = progress is not None and progress.get("status") != "pending-verification"
    if len(open_ended) > right + wrong and not moved_on:
        yield f"{number}: {len(open_ended)} codes were taken, and {right + wrong} judged"


def _timeline(progress: Mapping[str, Any] | None, *words: str) -> int:
    """How many steps of an order's timeline hold one of these."""
    steps = progress.get("timeline", ()) if progress is not None else ()
    return sum(any(each in step["what"] for each in words) for step in steps)


def nothing_personal(evidence: Evidence) -> Iterator[str]:
    """I6: no canary in logs, workflow ids, search attributes, metrics, traces, raw histories."""
    if evidence.runs and not evidence.spans:
        yield "no span was searched"
    for name, log in sorted(evidence.logs.items()):
        for number, line in enumerate(log.read_text("utf-8", "replace").splitlines(), 1):
            for canary in found_in(line, evidence.canaries):
                yield f"{name}.log, line {number}: {canary}"
    for name, text in sorted(evidence.exposed.items()):
        for canary in found_in(text, evidence.canaries):
            yield f"{name}: {canary}"
    for run in evidence.runs:
        for canary in found_in(run.public, evidence.canaries):
            yield f"{run.number}, what Temporal shows of its workflow: {canary}"
    for workflow_id, canary in evidence.history_finds or ():
        yield f"{workflow_id}, its raw history: {canary}"


def nothing_broken(evidence: Evidence) -> Iterator[str]:
    """I7: nothing that runs has TemporalReportedProblems, all replays; no part died by itself."""
    for workflow_id in evidence.reported:
        yield f"{workflow_id} runs with TemporalReportedProblems"
    for workflow_id, error in evidence.replay_failures:
        yield f"{workflow_id} does not replay: {error}"
    if evidence.runs and not evidence.replayed:
        yield "no history was replayed"
    for crash in evidence.crashes:
        yield f"a part ended by itself: {crash}"


def honest_gateway(evidence: Evidence) -> Iterator[str]:
    """I8: callbacks are answered within a second, 5xx only say "again", readiness is true."""
    seconds = sorted(each.seconds for each in undisturbed(evidence))
    if seconds:
        slowest, allowed = _p99(seconds), CALLBACK_P99 + slowness(evidence)
        if slowest >= allowed:
            yield (
                f"the p99 of {len(seconds)} answers to callbacks is {slowest:.2f} s, "
                f"{allowed:.2f} s are allowed"
            )
    for status, count in sorted(Counter(each.status for each in evidence.callbacks).items()):
        if status not in {204, 403, 503}:
            yield f"{count} callbacks were answered {status}"
    hidden: Counter[str] = Counter()
    for answer in evidence.answers:
        if answer.status >= 500 and not (answer.status in {503, 507} and answer.retry_after):
            hidden[f"{answer.what} was answered {answer.status} {answer.code}".rstrip()] += 1
    for text, count in sorted(hidden.items()):
        yield f"{text}, {count} times: whoever asked cannot know what happened"
    yield from _readiness(evidence)


def undisturbed(evidence: Evidence) -> list[CallbackAnswer]:
    """The answers to callbacks that came while the gateway and Temporal were up."""
    return [each for each in evidence.callbacks if _is_calm(evidence, each.at)]


def slowness(evidence: Evidence) -> float:
    """Seconds that readiness took then, at p99: how slow the machine answers anything."""
    calm = [each for each in evidence.probes if each.status and _is_calm(evidence, each.asked)]
    return _p99(sorted(each.answered - each.asked for each in calm)) if calm else 0.0


def _is_calm(evidence: Evidence, moment: float) -> bool:
    return not any(
        each.began - _SETTLING <= moment <= each.ended + _SETTLING
        for each in evidence.outages
        if each.part in {"gateway", "temporal", "gateway-temporal"}
    )


def _p99(ascending: Sequence[float]) -> float:
    return ascending[min(int(len(ascending) * 0.99), len(ascending) - 1)]


def _readiness(evidence: Evidence) -> Iterator[str]:
    for outage in evidence.outages:
        if outage.part != "temporal" or not outage.killed:
            continue
        for probe in evidence.probes:
            inside = outage.began < probe.asked and probe.answered < outage.gone_until
            if inside and probe.status == 200:
                yield f"ready, {probe.asked - outage.began:.1f} s after Temporal was killed"
    if evidence.probes and evidence.probes[-1].status != 200:
        yield f"not ready in the end: {evidence.probes[-1].status}"


def _some(ids: set[str]) -> str:
    return ", ".join(sorted(ids))


INVARIANTS: Final[Mapping[str, Callable[[Evidence], Iterator[str]]]] = {
    "I1": one_of_each,
    "I2": nothing_stuck,
    "I3": as_twilio_says,
    "I4": calls_and_letters,
    "I5": used_or_given_back,
    "I6": nothing_personal,
    "I7": nothing_broken,
    "I8": honest_gateway,
}
