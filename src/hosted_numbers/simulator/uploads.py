"""Reading ``multipart/form-data`` with one file in it, without ever holding more than its limit."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from hosted_numbers.simulator.files import StoredFile, inspect
from hosted_numbers.simulator.parameters import Parameters

MULTIPART: Final = "multipart/form-data"

_SLACK: Final = 65_536
"""Bytes of a body beside its file: the other fields, and what holds the parts together."""
_MOST_PARTS: Final = 50


class NoUploadError(Exception):
    """The body is no ``multipart/form-data``."""


class TooLargeError(Exception):
    """The body, or the file in it, is larger than the API takes."""


@dataclass(frozen=True, slots=True)
class Upload:
    """What came: the fields, and what is kept of the file, None where there is no such part."""

    fields: Parameters
    file: StoredFile | None


def media_type(request: Request) -> str:
    """The type in Content-Type, without its parameters; ``""`` where there is none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_upload(request: Request, *, largest: int) -> Upload:
    """Read a body with its part ``File``.

    Args:
        request: its body is read no further than to a little beyond ``largest``.
        largest: bytes of the largest file that is taken.

    Raises:
        NoUploadError: the body is no ``multipart/form-data``, or a broken one.
        TooLargeError: it is larger than that.
    """
    if media_type(request) != MULTIPART:
        raise NoUploadError
    body = _bounded(request, largest + _SLACK)
    parser = MultiPartParser(
        request.headers, body, max_files=_MOST_PARTS, max_fields=_MOST_PARTS, max_part_size=_SLACK
    )
    try:
        form = await parser.parse()
    except MultiPartException:
        raise NoUploadError from None
    try:
        parts = form.multi_items()
        files = [each for name, each in parts if name == "File" and isinstance(each, UploadFile)]
        stored = inspect(files[-1].file) if files else None
    finally:
        await form.close()
    if stored is not None and stored.size > largest:
        raise TooLargeError
    return Upload(Parameters((name, each) for name, each in parts if isinstance(each, str)), stored)


async def _bounded(request: Request, most: int) -> AsyncGenerator[bytes, None]:
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced[:20]) > most:
        raise TooLargeError
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > most:
            raise TooLargeError
        yield chunk
