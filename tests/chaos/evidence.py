"""What a fault run leaves behind, as the checker reads it: plain data, which a test can doctor.

Moments are seconds of this process's monotonic clock, numbers are E.164.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

Act: TypeAlias = Literal[
    "start", "import", "code", "call", "bill", "document", "amend", "resume", "cancel", "offboard"
]


@dataclass(frozen=True)
class Answered:
    """One answer of the gateway's API, also those that a client did not rely on.

    Attributes:
        at: when it came.
        what: method and path, the number left out.
        status: of HTTP.
        seconds: how long it took.
        retry_after: whether it said when to try again.
        code: the problem's stable name; empty where it is none.
    """

    at: float
    what: str
    status: int
    seconds: float
    retry_after: bool = False
    code: str = ""


@dataclass(frozen=True)
class Deed:
    """What a person or a backend did, sent until there was an answer to rely on.

    Attributes:
        number: whose order it is about.
        act: what was done.
        matter: the code, or the file's SHA-256; empty for acts without one.
        status: of the answer; None where the run ended before one came.
        taken: what the answer says of the act.
        reason: in the answer's words.
        run_ids: of every 2xx answer to a start.
    """

    number: str
    act: Act
    matter: str = ""
    status: int | None = None
    taken: bool | None = None
    reason: str = ""
    run_ids: frozenset[str] = frozenset()


@dataclass(frozen=True)
class OrderRun:
    """A workflow of an order, as Temporal has it in the end.

    Attributes:
        number: its order's.
        run_id: of the first run, which a start is answered with.
        open: whether it runs.
        outcome: how it closed: ``completed`` for a workflow that returned a result.
        progress: its result, or where it stands; None where it cannot be read.
        public: what stands unencrypted: workflow id, search attributes, memo's names.
        trouble: pending activities that fail, and a workflow task that does.
    """

    number: str
    run_id: str
    open: bool
    outcome: str
    progress: Mapping[str, Any] | None
    public: str = ""
    trouble: str = ""


@dataclass(frozen=True)
class Outage:
    """A time in which a part was down, or a link of it did not work.

    Attributes:
        part: which one.
        began: when.
        ended: when it was ready again.
        killed: whether the part itself was gone; else only a link.
        gone_until: when its process was started again.
    """

    part: str
    began: float
    ended: float
    killed: bool = True
    gone_until: float = 0.0


@dataclass(frozen=True)
class Probe:
    """A question after readiness.

    Attributes:
        asked: when.
        answered: when.
        status: of HTTP; None where nothing answered.
    """

    asked: float
    answered: float
    status: int | None


@dataclass(frozen=True)
class CallbackAnswer:
    """How the gateway answered a callback, as the proxy before it saw it.

    Attributes:
        at: when the gateway had the whole request.
        seconds: until its answer began.
        status: of HTTP.
    """

    at: float
    seconds: float
    status: int


@dataclass(frozen=True)
class Canary:
    """What must not be written down anywhere.

    Attributes:
        name: what it is.
        pattern: a regular expression that finds it in any case.
    """

    name: str
    pattern: str


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Everything that the checker reads.

    Attributes:
        now: the moment of the reading, as ISO 8601 with a time zone.
        ledger: the simulator's.
        deeds: of people and backends.
        answers: of the gateway.
        runs: workflows of orders.
        ordered: how each number was ordered: ``now`` or ``asked`` for its first call.
        imported: the numbers of the bulk file.
        unsettled: numbers that did not come to their end in time, and what they stood at.
        bound: seconds in which everything goes on once the faults have stopped.
        canaries: what must not be found.
        logs: of each process.
        exposed: other text that anybody may read: metrics, traces.
        spans: how many of the traces are among that.
        history_finds: canaries in raw histories, as workflow id and name; None where histories are
            not encrypted, and so not searched.
        reported: RUNNING workflows with TemporalReportedProblems.
        replayed: how many histories were replayed.
        replay_failures: workflow id and error of those that did not.
        outages: when which part was down.
        probes: of readiness.
        callbacks: answers to callbacks.
        crashes: parts that ended by themselves.
    """

    now: str
    ledger: Mapping[str, Any]
    deeds: Sequence[Deed] = ()
    answers: Sequence[Answered] = ()
    runs: Sequence[OrderRun] = ()
    ordered: Mapping[str, str] = field(default_factory=dict)
    imported: frozenset[str] = frozenset()
    unsettled: Mapping[str, str] = field(default_factory=dict)
    bound: float = 120.0
    canaries: Sequence[Canary] = ()
    logs: Mapping[str, Path] = field(default_factory=dict)
    exposed: Mapping[str, str] = field(default_factory=dict)
    spans: int = 0
    history_finds: Sequence[tuple[str, str]] | None = None
    reported: Sequence[str] = ()
    replayed: int = 0
    replay_failures: Sequence[tuple[str, str]] = ()
    outages: Sequence[Outage] = ()
    probes: Sequence[Probe] = ()
    callbacks: Sequence[CallbackAnswer] = ()
    crashes: Sequence[str] = ()
