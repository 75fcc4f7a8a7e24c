"""How Twilio wants parameters written: PascalCase names, repeated keys, ``true`` and ``false``.

Source: https://www.twilio.com/docs/usage/requests-to-twilio
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias
from urllib.parse import quote, urlencode

from hosted_numbers.twilio.errors import InvalidArgumentError

Value: TypeAlias = str | bool | int | Sequence[str] | None
"""One argument. None is not sent, nor is an empty sequence; a sequence repeats its key."""


def form(arguments: Mapping[str, Value]) -> str:
    """Encode arguments (snake_case names) as an ``application/x-www-form-urlencoded`` body.

    Raises:
        InvalidArgumentError: a text has no UTF-8 form (a lone surrogate).
    """
    return _encoded(arguments, spaces_as_plus=True)


def query(arguments: Mapping[str, Value]) -> str:
    """Encode arguments (snake_case names) as the query of a URL, without the question mark.

    Raises:
        InvalidArgumentError: a text has no UTF-8 form (a lone surrogate).
    """
    return _encoded(arguments, spaces_as_plus=False)


def utf_8(text: str) -> bytes:
    """Encode a text.

    Raises:
        InvalidArgumentError: it has no UTF-8 form (a lone surrogate).
    """
    try:
        return text.encode()
    except UnicodeEncodeError:
        pass  # the exception holds the text, so it must not become the context of ours
    raise InvalidArgumentError("a text argument cannot be written in UTF-8")


def _encoded(arguments: Mapping[str, Value], *, spaces_as_plus: bool) -> str:
    pairs = [
        (pascal_case(name), text) for name, value in arguments.items() for text in _texts(value)
    ]
    in_utf_8 = [(name, utf_8(text)) for name, text in pairs]
    return urlencode(in_utf_8) if spaces_as_plus else urlencode(in_utf_8, quote_via=quote)


def pascal_case(name: str) -> str:
    """Write an argument's name as most of Twilio's hosts want it."""
    return "".join(word.capitalize() for word in name.split("_"))


def _texts(value: Value) -> Sequence[str]:
    match value:
        case None:
            return ()
        case bool():
            return ("true" if value else "false",)
        case int():
            return (str(value),)
        case str():
            return (value,)
        case _:
            return tuple(value)
