"""A file on its way to Twilio, and the form that carries it."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from hosted_numbers.twilio import parameters
from hosted_numbers.twilio.errors import InvalidArgumentError

_FILENAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,127}")
_MEDIA_TYPE = re.compile(r"[0-9a-z][0-9a-z!#$&^_.+-]{0,126}/[0-9a-z][0-9a-z!#$&^_.+-]{0,126}")


@dataclass(frozen=True)
class Upload:
    """A file to upload.

    Attributes:
        content: all of it; not shown by ``repr``.
        filename: 1 to 128 letters, digits, dots, hyphens and underscores. Choose a name of your
            own, a UUID for instance: what a customer calls a file is personal, and nobody's to put
            into a header.
        media_type: in lower case and without parameters, for instance ``application/pdf``.

    Raises:
        InvalidArgumentError: the name or the media type is not written so.
    """

    content: bytes = field(repr=False)
    filename: str
    media_type: str

    def __post_init__(self) -> None:
        """Refuse what could add a line to the part's head, or be read as a path.

        Raises:
            InvalidArgumentError: see the class.
        """
        if not _FILENAME.fullmatch(self.filename):
            raise InvalidArgumentError("filename must be letters, digits, dots, - and _")
        if not _MEDIA_TYPE.fullmatch(self.media_type):
            raise InvalidArgumentError("media_type must be like application/pdf, in lower case")


@dataclass(frozen=True)
class Multipart:
    """A ``multipart/form-data`` body: fields by their wire names, in UTF-8, and one ``File``."""

    fields: Mapping[str, bytes] = field(repr=False)
    file: Upload


def multipart(fields: Mapping[str, str | None], file: Upload) -> Multipart:
    """Put a form together; fields that are None are left out.

    Raises:
        InvalidArgumentError: a text has no UTF-8 form (a lone surrogate).
    """
    return Multipart(
        {name: parameters.utf_8(value) for name, value in fields.items() if value is not None},
        file,
    )


def checked_upload(file: Upload, *, max_bytes: int, media_types: Collection[str]) -> Upload:
    """Return ``file`` when it has content, is not too large and is of one of the media types.

    Args:
        file: what the caller gave.
        max_bytes: the largest size, in bytes.
        media_types: for instance ``application/pdf``, or ``image/*`` for all images.

    Raises:
        InvalidArgumentError: it is not so. Twilio would refuse the file or, where it is empty, make
            a document without content.
    """
    if not file.content:
        raise InvalidArgumentError("file must not be empty")
    if len(file.content) > max_bytes:
        raise InvalidArgumentError(f"file must have at most {max_bytes:,} bytes")
    kind = f"{file.media_type.partition('/')[0]}/*"
    if not {file.media_type, kind} & set(media_types):
        raise InvalidArgumentError(f"file must be {' or '.join(sorted(media_types))}")
    return file
