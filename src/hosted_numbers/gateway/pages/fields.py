"""The fields of the two long forms: how each looks, and how what was typed becomes a model's field.

Names are the models' own (``validation.NewHostedNumberOrder``, ``validation.NewAmendment``), which
also say what is wrong with a value.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData

from hosted_numbers.complaints import complaints
from hosted_numbers.gateway.pages.forms import text

M = TypeVar("M", bound=BaseModel)

Kind = Literal["text", "tel", "email", "url", "number", "date", "select", "list", "json"]


@dataclass(frozen=True)
class Field:
    """One field of a form.

    Attributes:
        name: the model's.
        label: what people call it.
        kind: how it is typed; ``list`` is one value a line, ``json`` a JSON array.
        hint: what is meant, where the label does not say it.
        required: whether the order cannot do without.
        options: value and words of each choice of a ``select``; the first is the default.
        complete: the ``autocomplete`` token, where the browser could know it.
    """

    name: str
    label: str
    kind: Kind = "text"
    hint: str = ""
    required: bool = False
    options: tuple[tuple[str, str], ...] = ()
    complete: str = "off"


@dataclass(frozen=True)
class Group:
    """Fields that belong together, under a heading; folded unless they are needed."""

    title: str
    fields: tuple[Field, ...]
    folded: bool = True

    def needs_a_look(self, typed: "Typed") -> bool:
        """Whether something in it was typed or is wrong, so that it is not to be folded away."""
        names = {field.name for field in self.fields if field.kind != "select"}
        return any(typed.values.get(name) or name in typed.errors for name in names)


_METHODS: Final = (("", "as Twilio does"), ("POST", "POST"), ("GET", "GET"))
_SIGNER: Final = (
    Field("email", "E-mail of the owner", "email", "Twilio sends the letter there.", required=True),
    Field("contact_title", "Title of the signer", hint="Such as Owner or CEO.", required=True),
    Field(
        "contact_phone_number",
        "Phone of the signer",
        "tel",
        "With country code, such as +15017122662.",
        required=True,
    ),
    Field(
        "address_sid",
        "Address of the owner",
        hint="The SID of an Address at Twilio: AD and 32 hexadecimal digits.",
        required=True,
    ),
)
_CC: Final = Field("cc_emails", "Also told of the letter", "list", "One e-mail address a line.")
_CALL: Final = (
    Field("extension", "Extension", hint="Keyed after pick-up: digits, #, *, and w for a wait."),
    Field("call_delay", "Delay before the call", "number", "Seconds, 0 to 30."),
)
_NAME: Final = Field("friendly_name", "Name", hint="Up to 64 characters, for Twilio's console.")
_SMS: Final = (
    Field("sms_url", "URL for messages", "url", "Twilio asks it for each message."),
    Field("sms_method", "Method", "select", options=_METHODS),
    Field("sms_fallback_url", "URL when that fails", "url"),
    Field("sms_fallback_method", "Method when that fails", "select", options=_METHODS),
    Field("sms_application_sid", "Messaging application", hint="AP…, goes before the URLs."),
)
_PAPERS: Final = Field(
    "supporting_documents",
    "Supporting documents",
    "json",
    'As JSON: [{"type": "business_registration", "with_file": true}]',
)

NEW_ORDER: Final = (
    Group(
        "The number and its owner",
        (
            Field(
                "phone_number",
                "Number to host",
                "tel",
                "A landline or toll-free number of the US or Canada, such as +15017122661.",
                required=True,
            ),
            *_SIGNER,
        ),
        folded=False,
    ),
    Group(
        "How ownership is proven",
        (
            Field(
                "verification_type",
                "By",
                "select",
                options=(("phone-call", "a call with a code"), ("phone-bill", "a utility bill")),
            ),
            Field(
                "call_when",
                "Call",
                "select",
                options=(
                    ("now", "as soon as Twilio is ready"),
                    ("business-hours", "in business hours"),
                    ("asked", "when somebody asks for it"),
                ),
            ),
            *_CALL,
            Field("bill_date", "Date on the bill", "date", "Of the last 30 days."),
        ),
    ),
    Group("Messages", _SMS),
    Group(
        "More",
        (
            Field("customer", "Customer", hint="Your own reference; orders are found by it."),
            _NAME,
            _CC,
            Field("loa_group", "Group", hint="Orders of one group and signer share one letter."),
            Field("loa_group_size", "Orders of the group", "number", "The letter waits for them."),
            Field("account_sid", "Subaccount", hint="AC…, to host the number in."),
            Field("deadline_days", "Days to wait at most", "number", "Without news; 29 if empty."),
            _PAPERS,
        ),
    ),
)
"""The form of a new order."""

AMENDMENT: Final = (
    *(
        Field(each.name, each.label, each.kind, each.hint, complete=each.complete)
        for each in _SIGNER
    ),
    _CC,
    _NAME,
    *_CALL,
    *_SMS,
    Field("verification_document_sid", "A bill that Twilio has", hint="RI… or RD…"),
    _PAPERS,
)
"""The form of a change; what is left empty stays as it is."""


@dataclass(frozen=True)
class Typed:
    """What was typed into a form, and what is wrong with it.

    Attributes:
        values: the text of each field, to be shown again.
        errors: a sentence for each field that is wrong; under ``""`` what concerns no single one.
    """

    values: Mapping[str, str]
    errors: Mapping[str, str]


class MistypedError(Exception):
    """What was typed is no model; ``typed`` has the words and what is wrong with them."""

    def __init__(self, typed: Typed) -> None:
        super().__init__()
        self.typed = typed


def fields_of(groups: Iterable[Group]) -> tuple[Field, ...]:
    """All fields of a grouped form."""
    return tuple(field for group in groups for field in group.fields)


def values_of(form: FormData, fields: Iterable[Field]) -> dict[str, str]:
    """What was typed, to be shown again."""
    return {field.name: text(form, field.name) for field in fields}


def read(model: type[M], form: FormData, fields: Iterable[Field]) -> M:
    """What was typed, as a model; an empty field is an absent one.

    Raises:
        MistypedError: it is none.
    """
    fields = tuple(fields)
    values = values_of(form, fields)
    given: dict[str, Any] = {}
    unreadable: dict[str, str] = {}
    for field in fields:
        if typed := values[field.name]:
            try:
                given[field.name] = _value(field, typed)
            except (ValueError, RecursionError):
                unreadable[field.name] = "This cannot be read as JSON."
    try:
        found = model.model_validate(given)
    except ValidationError as error:
        raise MistypedError(Typed(values, _errors(error, values) | unreadable)) from None
    if unreadable:
        raise MistypedError(Typed(values, unreadable))
    return found


def _value(field: Field, typed: str) -> Any:
    if field.kind == "list":
        return [part for part in re.split(r"[\s,;]+", typed) if part]
    return json.loads(typed) if field.kind == "json" else typed


def _errors(error: ValidationError, values: Mapping[str, str]) -> dict[str, str]:
    """What is wrong by field; what is wrong inside a field is said at the field."""
    found: dict[str, str] = {}
    for where, why in complaints(error):
        name = where.split(".")[0]
        sentence = "This is needed." if why == "Field required." else why
        found.setdefault(name if name in values else "", sentence)
    return found
