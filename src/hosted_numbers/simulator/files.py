"""What an uploaded file is, told from its content. Nothing of the content itself is kept."""

import hashlib
import re
from dataclasses import dataclass
from typing import BinaryIO, Final

PDF: Final = "application/pdf"
JPEG: Final = "image/jpeg"
PNG: Final = "image/png"

_SIGNATURES: Final = (
    (rb"%PDF-", PDF),
    (rb"\xff\xd8\xff", JPEG),
    (rb"\x89PNG\r\n\x1a\n", PNG),
    (rb"GIF8[79]a", "image/gif"),
    (rb"II\*\x00|MM\x00\*", "image/tiff"),
    (rb"BM.{4}\x00{4}", "image/bmp"),
    (rb"RIFF.{4}WEBP", "image/webp"),
    (rb".{4}ftyp(?:heic|heix|mif1)", "image/heic"),
)
_LONGEST_SIGNATURE: Final = 16

_ENCRYPT: Final = re.compile(rb"/Encrypt[^A-Za-z]")
"""The entry of a PDF's trailer that says how it is locked; it is never itself compressed."""

_CHUNK: Final = 65_536
_OVERLAP: Final = 16
"""Bytes searched again with the next chunk, so that nothing is missed between two."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What is kept of an uploaded file.

    Attributes:
        mime_type: from its content; ``""`` for an empty file, None for what is neither a PDF nor
            an image.
        size: bytes.
        sha256: of its content, hexadecimal.
        locked: whether it is a PDF that wants a password.
    """

    mime_type: str | None
    size: int
    sha256: str
    locked: bool = False


def inspect(file: BinaryIO) -> StoredFile:
    """Read a file from where it stands to its end, a chunk at a time."""
    digest, size, locked = hashlib.sha256(), 0, False
    mime_type: str | None = ""
    tail = b""
    while chunk := file.read(_CHUNK):
        if not size:
            mime_type = _mime_type(chunk[:_LONGEST_SIGNATURE])
        digest.update(chunk)
        size += len(chunk)
        locked = locked or _ENCRYPT.search(tail + chunk) is not None
        tail = chunk[-_OVERLAP:]
    return StoredFile(mime_type, size, digest.hexdigest(), locked=locked and mime_type == PDF)


def _mime_type(head: bytes) -> str | None:
    for signature, mime_type in _SIGNATURES:
        if re.match(signature, head, re.DOTALL):
            return mime_type
    return None
