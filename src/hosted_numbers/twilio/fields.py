"""The kinds of field that Twilio's resources are made of, each read as leniently as it is safe.

An absent, null or empty text is None; dates come in two formats; an enumeration is open.
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, Any, Final, TypeAlias

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
)


def _none_if_empty(value: Any) -> Any:
    return None if value == "" else value


def _empty_if_none(value: Any) -> Any:
    return () if value is None or value == "" else value


def _no_attributes_if_none(value: Any) -> Any:
    return {} if value is None or value == "" else value


def _zero_if_none(value: Any) -> Any:
    return 0 if value is None else value


def _lower_case_with_hyphens(value: Any) -> Any:
    # One host writes PENDING_REVIEW, another pending-review; a page action_required.
    return value.strip().lower().replace("_", "-") if isinstance(value, str) else value


def _digits(value: Any) -> Any:
    # Both are strings at Twilio; a server that sends a number has lost the leading zeros already.
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _none_if_empty(value)


def _moment(value: Any) -> Any:
    """Read ISO 8601 (all samples) or RFC 2822 (all descriptions); without a zone it is UTC."""
    if not isinstance(value, str):
        return value
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = parsedate_to_datetime(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _codes(value: Any) -> Any:
    """Take the codes out of ``[{"code": 18001}]``; what has none says nothing that can be kept."""
    if value is None or value == "":
        return ()
    if not isinstance(value, list | tuple):
        return value
    codes = [each.get("code") if isinstance(each, dict) else each for each in value]
    return tuple(code for code in codes if code is not None)


Open: Final = Field(union_mode="left_to_right")
"""A union of an enumeration and text: first the enumeration is tried."""
Normalised: Final = BeforeValidator(_lower_case_with_hyphens)
"""A word of an enumeration, in whichever case and with whichever dash."""
NotEmpty: TypeAlias = Annotated[str, Field(min_length=1)]
Text: TypeAlias = Annotated[str | None, BeforeValidator(_none_if_empty)]
Word: TypeAlias = Annotated[str | None, BeforeValidator(_none_if_empty), Normalised]
Texts: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(_empty_if_none)]
Digits: TypeAlias = Annotated[str | None, BeforeValidator(_digits)]
Count: TypeAlias = Annotated[int, BeforeValidator(_zero_if_none)]
Codes: TypeAlias = Annotated[tuple[int, ...], BeforeValidator(_codes)]
Attributes: TypeAlias = Annotated[dict[str, JsonValue], BeforeValidator(_no_attributes_if_none)]
Moment: TypeAlias = Annotated[AwareDatetime | None, BeforeValidator(_moment)]


class Resource(BaseModel):
    """What Twilio said: it cannot be changed, and its errors do not show it."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)
