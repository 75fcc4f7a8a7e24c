"""What is wrong with what somebody sent, in sentences that name the field and never its value."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from hosted_numbers.errors import InvalidRequestError

M = TypeVar("M", bound=BaseModel)


def checked(model: type[M], data: object) -> M:
    """``data`` as a ``model``.

    Raises:
        InvalidRequestError: it names each field that is wrong and why, without repeating the value.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise InvalidRequestError(
            " ".join(f"{where}: {why}" for where, why in complaints(error)),
            "Correct it and send it again; nothing was started or changed.",
        ) from None


def complaints(error: ValidationError) -> list[tuple[str, str]]:
    """Each field that is wrong and the sentence on it; never the value, which may be personal."""
    return [
        (".".join(str(part) for part in detail["loc"]) or "request", sentence(detail["msg"]))
        for detail in error.errors(include_url=False, include_input=False, include_context=False)
    ]


def sentence(complaint: str) -> str:
    """A complaint of pydantic's as a sentence of ours."""
    return complaint.removeprefix("Value error, ").rstrip(".") + "."
