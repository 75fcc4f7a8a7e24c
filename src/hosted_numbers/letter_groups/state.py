"""The state of a group's workflow: one immutable, serialisable model that survives continue-as-new.

Rules that change it stand in ``rules`` (time), ``learning`` (Twilio) and ``messages`` (orders and
people).
"""

from datetime import datetime, timedelta
from typing import Final, Literal, Self

from pydantic import Field

from hosted_numbers.contract import Message, TimelineEntry
from hosted_numbers.letter_groups.contract import LetterFields
from hosted_numbers.letter_groups.steps import LetterNews
from hosted_numbers.order_state import Hold

ALIVE: Final = frozenset({"opened", "signing", "signed"})
"""Statuses of a letter that is, or can be, with its signer (AuthorizationDocument page)."""

DEAD: Final = frozenset({"authorization-declined", "authorization-failed", "authorization-missing"})
"""Holds for a letter that nobody can sign any more."""

_TIMELINE_LENGTH: Final = 100


class GroupLetter(Message):
    """One AuthorizationDocument of the group, from the moment when its orders are settled."""

    number: int = Field(description="1 for the first letter of this run")
    members: dict[str, str] = Field(description="Its orders: phone number to SID, HR…")
    sid: str | None = Field(default=None, description="PX…, None until it is out")
    status: str | None = Field(default=None, description="Twilio's, when last seen")
    tried: tuple[LetterFields, ...] = Field(
        default=(), description="What the tries to create it have said", repr=False
    )
    in_doubt: bool = Field(default=False, description="A try to create it may have worked")
    again: bool = Field(default=False, description="An earlier document for it came to nothing")
    change: Literal["reopen", "resend"] | None = Field(
        default=None, description="It is to be changed; the next step of it"
    )
    stale: bool = Field(default=False, description="A look at it is due")
    missing: bool = Field(default=False, description="The last look did not find it")
    looked_at: datetime
    looks: int = Field(default=0, description="Looks and tries since something last changed")
    deadline: datetime | None = Field(
        default=None, description="By when it should be signed; counted from the mail"
    )
    reminders: int = Field(default=0, description="Given since it was mailed")
    hold: Hold | None = None

    def but(self, **changes: object) -> Self:
        """The same letter with some fields changed."""
        return self.model_copy(update=changes)

    @property
    def needs_a_person(self) -> bool:
        """Whether it does not go on by itself."""
        return self.hold is not None and self.hold.retry_at is None

    @property
    def at_work(self) -> bool:
        """Whether something is about to be sent to Twilio for it."""
        return self.hold is None and (self.sid is None or self.change is not None)


class GroupState(Message):
    """Everything that a group's workflow knows."""

    key: str
    letter: LetterFields = Field(repr=False)
    size: int | None = Field(default=None, description="The largest that an order told")
    seen: dict[str, Literal["in", "signed", "left"]] = Field(
        default={}, description="Every order that it heard of, by phone number"
    )
    gathering: dict[str, str] = Field(
        default={}, description="Who waits for the next letter: phone number to SID, HR…"
    )
    since: datetime | None = Field(default=None, description="Since when somebody waits")
    send_now: bool = Field(default=False, description="Those who wait do so no longer")
    was_complete: bool = Field(
        default=False, description="A letter went out because all orders were there"
    )
    letters: tuple[GroupLetter, ...] = ()
    letters_made: int = 0
    untold: tuple[LetterNews, ...] = ()
    idle_until: datetime | None = Field(
        default=None, description="Until when it waits for a first order"
    )
    timeline: tuple[TimelineEntry, ...] = ()

    def but(self, **changes: object) -> Self:
        """The same state with some fields changed."""
        return self.model_copy(update=changes)

    def noting(self, now: datetime, what: str) -> Self:
        """The same state with one more step in its timeline; the oldest go when it is full."""
        entries = (*self.timeline, TimelineEntry(at=now, what=what))
        return self.but(timeline=entries[-_TIMELINE_LENGTH:])

    def with_letter(self, letter: GroupLetter) -> Self:
        """The same state with the letter of this number replaced."""
        return self.but(
            letters=tuple(letter if each.number == letter.number else each for each in self.letters)
        )

    def without_letter(self, number: int) -> Self:
        """The same state without a letter that is done with."""
        return self.but(letters=tuple(each for each in self.letters if each.number != number))

    def letter_of(self, phone_number: str) -> GroupLetter | None:
        """The letter that an order is on."""
        return next((each for each in self.letters if phone_number in each.members), None)

    def numbered(self, number: int) -> GroupLetter | None:
        """The letter of a number, unless it is done with."""
        return next((each for each in self.letters if each.number == number), None)

    def telling(self, phone_numbers: tuple[str, ...], status: str | None = None) -> Self:
        """The same state with orders that are to be told to look."""
        if not phone_numbers:
            return self
        news = LetterNews(phone_numbers=phone_numbers, status=status)
        return self.but(untold=(*self.untold, news))


class GroupInput(Message):
    """The workflow's input: what the letter says, or, continued as new, what is known too."""

    key: str
    letter: LetterFields = Field(repr=False)
    carried: GroupState | None = None

    def state(self, now: datetime, patience: timedelta) -> GroupState:
        """The state to go on from.

        Args:
            now: the workflow's time.
            patience: how long a group without an order that waits is kept.
        """
        if self.carried is not None:
            return self.carried
        return GroupState(key=self.key, letter=self.letter, idle_until=now + patience)
