"""What the control paths are told, and the sentence that says what is wrong with it."""

from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from hosted_numbers.simulator.callbacks import CallbackMode
from hosted_numbers.simulator.errors import ControlError

_TEN_YEARS: Final = 10 * 365 * 86400

_Reason = Annotated[str, Field(max_length=1000)]


def _with_hyphens(value: Any) -> Any:
    # one API writes PENDING_REVIEW, the other pending-review
    return value.lower().replace("_", "-") if isinstance(value, str) else value


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OrderMove(_Body):
    """Twilio moves an order; a status that no page knows is possible too."""

    status: Annotated[str, Field(pattern=r"^[a-z][a-z-]{0,63}$")]
    failure_reason: _Reason | None = None


class KeyedDigits(_Body):
    """What the person at the ringing phone keys."""

    digits: Annotated[str, Field(pattern=r"^[0-9#*]{1,20}$")]


class LetterMove(_Body):
    """The signer signs or cancels, or the AuthorizationDocument fails."""

    status: Literal["signed", "canceled", "failed"]


class DocumentVerdict(_Body):
    """The reviewer decides on a Document."""

    status: Annotated[
        Literal["pending-review", "approved", "rejected", "expired"], BeforeValidator(_with_hyphens)
    ]
    failure_reason: _Reason | None = None


class SupportingDocumentVerdict(_Body):
    """The reviewer decides on a SupportingDocument."""

    status: Annotated[
        Literal["pending-review", "approved", "provisionally-approved", "rejected", "expired"],
        BeforeValidator(_with_hyphens),
    ]
    failure_reason: _Reason | None = None


class ClockJump(_Body):
    """How far the clock jumps."""

    advance_seconds: Annotated[float, Field(ge=0, le=_TEN_YEARS, allow_inf_nan=False)]


class CallbackSetting(_Body):
    """How callbacks travel from now on."""

    mode: CallbackMode


Body = TypeVar("Body", bound=BaseModel)


def read_body(text: bytes, model: type[Body]) -> Body:
    """Read the JSON of a request.

    Raises:
        ControlError: 400 no JSON, 422 not what the path takes.
    """
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        status = 400 if problems[0]["type"] == "json_invalid" else 422
        sentences = [
            f"{'.'.join(map(str, each['loc'])) or 'body'}: {each['msg']}" for each in problems
        ]
        raise ControlError(status, "; ".join(sentences)) from None
