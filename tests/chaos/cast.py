"""The people around one order, each of whom does what the plan says when the order asks for it.

They follow no script line by line, as faults change the order of things: they look where the order
stands and act on that, again and again, until it has ended or everybody forgot it as planned.
"""

import asyncio
import hashlib
import io
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

import pikepdf

from tests.chaos.backend import Backend
from tests.chaos.desk import Desk
from tests.chaos.evidence import Act, Deed
from tests.chaos.plan import TITLE, WRONG_CODE, OrderPlan
from tests.chaos.twilio_side import TwilioSide

ENDED: Final = frozenset({"completed", "failed", "cancelled"})

_BREATH: Final = 0.5
_UNSAID: Final = 3
"""How often a phone may say nothing until another call is asked for."""


@dataclass
class Player:
    """The people around one order.

    Attributes:
        plan: what they will do.
        backend: how they reach the product.
        twilio: what they do on Twilio's side.
        desk: tells them when their order may have moved.
        progress: where the order last stood.
        changed_at: when that last changed.
        settled: how it came out: a phase, or ``waiting``; empty while it is played.
        moves: where it stood from when on: seconds, status, what it waited for.
    """

    plan: OrderPlan
    backend: Backend
    twilio: TwilioSide
    desk: Desk
    progress: dict[str, Any] = field(default_factory=dict)
    changed_at: float = 0.0
    settled: str = ""
    moves: list[tuple[float, str | None, str | None]] = field(default_factory=list)
    _did: dict[str, int] = field(default_factory=dict)
    _said: int = 0

    async def play(self) -> None:
        """Order, and act until nothing is left to do."""
        if not self.plan.imported:
            await self._order()
        while not self.settled:
            await self._look()
            phase = self.progress.get("phase", "")
            if phase in ENDED:
                await self._afterwards(phase)
                self.settled = phase
            elif self._forgets():
                self.settled = "waiting"
            elif self.progress and not await self._react():
                await self.desk.news(self.plan.number, self._stands)
            else:
                await asyncio.sleep(_BREATH)

    @property
    def state(self) -> str:
        """Where the order stands, for the picture."""
        if self.settled:
            return self.settled
        return str(self.progress.get("phase", "")) or "not taken"

    @property
    def _stands(self) -> tuple[str | None, str | None]:
        return self.progress.get("status"), self.progress.get("waiting_for")

    async def _order(self) -> None:
        plan = self.plan
        sends = [self.backend.start(plan.request, f"start-{plan.number}")]
        if plan.doubled:
            sends.append(self.backend.start(plan.request, f"start-{plan.number}"))
        await asyncio.gather(*sends)
        self.changed_at = time.monotonic()
        if plan.rival:
            other = plan.request | {"friendly_name": f"{TITLE} rival"}
            await self.backend.start(other, f"rival-{plan.number}")

    async def _look(self) -> None:
        found = await self.backend.progress(self.plan.number)
        if found is None:
            await asyncio.sleep(_BREATH)
            return
        before = self.progress
        self.progress = found
        if [before.get(name) for name in _MOVES] != [found.get(name) for name in _MOVES]:
            self.changed_at = time.monotonic()
            self.moves.append((self.changed_at, *self._stands))

    def _forgets(self) -> bool:
        """Whether this is where everybody goes home."""
        return bool(self.plan.abandoned_at) and (
            self.progress.get("waiting_for") == self.plan.abandoned_at
            and self.progress.get("deadline") is not None
        )

    async def _react(self) -> bool:
        """Do what the order asks for now; whether anything was done."""
        waiting_for = self.progress["waiting_for"]
        if self.plan.cancels_at == waiting_for and self._first("cancel"):
            await self._pause()
            return await self._acts("cancel")
        reactions: dict[str, Callable[[], Awaitable[bool]]] = {
            "verification-call": self._at_the_phone,
            "verification-code": self._with_a_code,
            "document": self._with_papers,
            "document-review": self._review,
            "signature": self._sign,
            "carrier": self._carry,
            "operator": self._mend,
        }
        reaction = reactions.get(waiting_for)
        return await reaction() if reaction is not None else False

    async def _at_the_phone(self) -> bool:
        await self._pause()
        if self.plan.bill or self._count("call") > 1 or not self.progress["attempts_left"]:
            return await self._provides()
        return await self._acts("call")

    async def _with_a_code(self) -> bool:
        plan, sid = self.plan, str(self.progress["sid"])
        await self._pause()
        if plan.bill and self._first("instead"):
            return await self._provides()
        if plan.calls_again and self._first("again"):
            return await self._acts("call")
        if self._count("code") < plan.wrong_codes:
            wrong = f"{WRONG_CODE}{int(plan.number[-5:]) + self._count('code'):05}"
            return await self._acts("code", code=wrong)
        code = self.progress.get("verification_code") if plan.reads else None
        code = code or await self.twilio.heard_code(sid)
        if code is None:
            self._said += 1
            return self._said % _UNSAID == 0 and await self._acts("call")
        if plan.keys and self._first("keyed"):
            await self.twilio.keyed(sid, code)
            return False
        return await self._acts("code", code=code)

    async def _with_papers(self) -> bool:
        await self._pause()
        for document in self.progress["supporting_documents"]:
            wanted = document["sid"] is None or document["status"] in {"rejected", "expired"}
            if wanted and await self._provides(document["type"]):
                return True
        return await self._provides()

    async def _review(self) -> bool:
        await self._pause()
        for document in self.progress["supporting_documents"]:
            if document["sid"] and document["status"] != "approved":
                await self.twilio.reviewer("supporting-documents", document["sid"], "approved")
        if bill := self.progress["document_sid"]:
            rejects = self._count("rejected") < self.plan.rejections
            if self._count(bill):  # decided on; the order has not heard of it yet
                return False
            self._did[bill] = 1
            self._did["rejected"] = self._count("rejected") + rejects
            verdict = "rejected" if rejects else "approved"
            await self.twilio.reviewer("documents", bill, verdict)
        return False

    async def _sign(self) -> bool:
        plan, progress = self.plan, self.progress
        document = progress["authorization_document_sid"]
        if progress["status"] != "pending-loa" or document is None:
            return False
        await self._pause()
        if plan.twist == "vanishes" and plan.group is None and self._first("vanishes"):
            await self.twilio.vanishes(progress["sid"])
            return False
        if plan.amends and self._first("amended"):
            return await self._acts("amend", contact_title=f"{TITLE} amended")
        declines = self._count("declined") < plan.declines and not self._count(document)
        self._did["declined"] = self._count("declined") + declines
        self._did[document] = 1
        await self.twilio.signer(document, "canceled" if declines else "signed")
        return False

    async def _carry(self) -> bool:
        plan, sid, status = self.plan, str(self.progress["sid"]), self.progress["status"]
        if status == "carrier-processing" and plan.twist in _REASONS and self._first("twist"):
            await self.twilio.moves(sid, plan.twist, _REASONS[plan.twist])
        elif status not in {"carrier-processing", "testing", "verified", "completed"}:
            await self._pause()
            await self.twilio.moves(sid, "carrier-processing")
        return False

    async def _mend(self) -> bool:
        """What the operator does about an order that is on hold."""
        plan, progress = self.plan, self.progress
        await self._pause()
        if "22110" in progress["reason"] or "no longer knows the order" in progress["reason"]:
            return await self._acts("cancel")
        if progress["status"] == "action-required":
            if "bill" in progress["next_step"].lower():
                return await self._provides()
            await self.twilio.moves(str(progress["sid"]), "carrier-processing")
            return False
        if not progress["attempts_left"] and progress["status"] == "pending-verification":
            return await self._provides()
        if plan.mends_by_amending and self._first("mended"):
            return await self._acts("amend", contact_title=f"{TITLE} mended")
        return await self._acts("resume")

    async def _afterwards(self, phase: str) -> None:
        if phase == "completed" and self.plan.offboards:
            await self._acts("offboard", confirm=self.plan.number)

    async def _acts(self, act: Act, **body: object) -> bool:
        """An act through the API; whether it was taken."""
        key = f"{act}-{self._counted(act)}-{self.plan.number}"
        deed = await self.backend.act(self.plan.number, act, key, body)
        return deed.taken is True

    async def _provides(self, type_: str = "utility_bill") -> bool:
        """Hand in a file, after one that is none where that is planned."""
        number = self.plan.number
        if self.plan.bad_bill and self._first("bad"):
            await self._sends_file(b"<!doctype html><p>a bill</p>", type_)
        content = await asyncio.to_thread(_a_page, f"{number} {self._count('file')}")
        deed = await self._sends_file(content, type_)
        return deed.taken is True

    async def _sends_file(self, content: bytes, type_: str) -> Deed:
        number = self.plan.number
        key = f"file-{self._counted('file')}-{number}"
        digest = hashlib.sha256(content).hexdigest()
        return await self.backend.provide(number, content, key, digest, type_)

    async def _pause(self) -> None:
        await asyncio.sleep(min(self.plan.pause, 6.0))

    def _first(self, what: str) -> bool:
        """Whether something is done for the first time; then it counts as done."""
        return self._counted(what) == 1

    def _counted(self, what: str) -> int:
        self._did[what] = self._count(what) + 1
        return self._did[what]

    def _count(self, what: str) -> int:
        return self._did.get(what, 0)


_MOVES: Final = ("status", "waiting_for", "phase", "reason")

_REASONS: Final = {
    "action-required": "The carrier wants the name corrected",
    "failed": "The carrier refused the number",
    "quantum-review": None,
}
"""What the carrier says with a status that it moves an order to."""


def _a_page(title: str) -> bytes:
    """A PDF of one empty page, which no other is equal to."""
    page = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        document.docinfo["/Title"] = title
        document.save(page)
    return page.getvalue()
