"""What a simulator is started with."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

Person = Literal["owner", "signer", "reviewer"]
"""Who can act without being told: picks up the phone, signs the LOA, looks at bills."""

PEOPLE: frozenset[Person] = frozenset(get_args(Person))

NonEmptySecret = Annotated[SecretStr, Field(min_length=1)]


class SimulatorConfig(BaseModel):
    """Everything that shapes one simulator. Frozen; all durations are seconds on its clock.

    Raises:
        pydantic.ValidationError: an unknown field, a malformed SID, half a shared key, a negative
            duration.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    account_sid: Annotated[str, StringConstraints(pattern=r"^AC[0-9a-fA-F]{32}$")]
    auth_token: NonEmptySecret
    """Signs the callbacks too, as at Twilio."""
    api_keys: dict[str, NonEmptySecret] = Field(default_factory=dict)
    """API key SID (SK...) to secret; each is as good as account SID and auth token."""
    webhook_key: Annotated[str | None, StringConstraints(pattern=r"^[A-Za-z0-9_-]{2,128}$")] = None
    """Id of a shared key that signs the callbacks in place of the auth token, by HMAC-SHA256."""
    webhook_secret: NonEmptySecret | None = None
    """The shared key's secret."""

    people: frozenset[Person] = frozenset()
    """Who acts by themselves; the others wait for the control paths."""
    pace: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    """How long each step of Twilio and of each person takes. 0: at once."""
    state_file: Path | None = None
    """SQLite file that survives a kill; None keeps everything in memory."""

    strict_document_sids: bool = False
    """Refuse an RD SID as VerificationDocumentSid with 22118, as its documentation says RI only."""
    strict_friendly_names: bool = False
    """Refuse a FriendlyName beyond the documented 64 characters; else up to 128 are taken."""
    strict_unique_names: bool = False
    """Refuse a UniqueName that a live order already has; Twilio's pages do not say."""
    accept_locked_documents: bool = False
    """Take a PDF that is protected by a password, and reject it later; else refuse it at once."""
    delete_received_only: bool = False
    """DELETE works in ``received`` alone, as Twilio's OpenAPI says, not in its page's four."""

    callback_retries: Annotated[int, Field(ge=0, le=20)] = 0
    """Further tries of a callback that met no 2xx; Twilio promises none."""
    callback_timeout: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 15.0
    """Real seconds that a receiver of callbacks has to answer."""
    callback_late_by: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 60.0
    """How long after the change a callback goes out in the mode ``late``."""
    callback_shuffle_window: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 5.0
    """Span over which the mode ``shuffled`` scatters callbacks."""
    callback_hosts: frozenset[str] = frozenset()
    """Hosts beside loopback that callbacks may reach, for containers on one private network."""

    seed: int = 0
    """Seeds the chance in faults and shuffling, so that a run can be repeated."""

    @model_validator(mode="after")
    def _whole_key(self) -> Self:
        if (self.webhook_key is None) != (self.webhook_secret is None):
            raise ValueError("webhook_key and webhook_secret go together")
        return self

    @property
    def step(self) -> timedelta:
        """The pace as a span of time."""
        return timedelta(seconds=self.pace)


def parse_people(text: str) -> frozenset[Person]:
    """Read ``all``, ``none`` or a list such as ``owner,signer``.

    Raises:
        ValueError: a name that is nobody's.
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    if words == ["all"]:
        return PEOPLE
    if words == ["none"] or not words:
        return frozenset()
    return frozenset(_person(word) for word in words)


def _person(word: str) -> Person:
    known: Iterable[Person] = get_args(Person)
    for person in known:
        if person == word:
            return person
    raise ValueError(f"nobody is called {word!r}: say all, none, or some of {', '.join(known)}")
