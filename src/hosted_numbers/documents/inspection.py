"""The check of one file, in a process of its own.

``python -m hosted_numbers.documents.inspection < FILE`` prints the verdict as one JSON object:
``{"media_type"}`` where the file is good, ``{"code", "reason", "next_step"}`` where it is refused.
Parsers of hostile files are kept away from the gateway's memory and secrets, and this process
takes its own means away before it loads one: memory, time, files.

Sources: OWASP ASVS 5.0, V5 (files are checked by content, decompression is bounded); Twilio's
Documents API page (PDF, JPEG or PNG).
"""

import io
import json
import sys
import warnings
from typing import TYPE_CHECKING, BinaryIO, Final

from hosted_numbers.errors import DocumentRefusedError

if TYPE_CHECKING:
    from pikepdf import Object, Pdf

MOST_PAGES: Final = 50
MOST_PIXELS: Final = 40_000_000
MEMORY_BYTES: Final = 768 << 20
CPU_SECONDS: Final = 8
_OPEN_FILES: Final = 32
_MAGIC: Final = {
    b"%PDF-": "application/pdf",
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
}
_ACTIVE_KEYS: Final = ("/EF", "/EmbeddedFiles", "/JS", "/JavaScript", "/XFA")
_STARTING_ACTIONS: Final = frozenset(
    {
        "/GoToE",
        "/ImportData",
        "/JavaScript",
        "/Launch",
        "/Rendition",
        "/RichMediaExecute",
        "/SubmitForm",
    }
)
_SAVE_ANEW: Final = "Print it to a new PDF, or scan or photograph it, and send that."


def limit_this_process() -> None:
    """Take from this process what no honest document needs, where the system knows how."""
    try:
        import resource  # noqa: PLC0415 - Unix has it
    except ModuleNotFoundError:
        return
    for kind, most in (
        ("RLIMIT_AS", MEMORY_BYTES),
        ("RLIMIT_CPU", CPU_SECONDS),
        ("RLIMIT_FSIZE", 0),
        ("RLIMIT_NOFILE", _OPEN_FILES),
        ("RLIMIT_CORE", 0),
    ):
        try:
            resource.setrlimit(getattr(resource, kind), (most, most))
        except (AttributeError, ValueError, OSError):
            # macOS knows no RLIMIT_AS; the time and the other limits still hold.
            continue


def inspect(file: BinaryIO) -> str:
    """The media type of a good document.

    Raises:
        DocumentRefusedError: it says what is wrong with it.
    """
    start = file.read(16)
    file.seek(0)
    media_type = next((kind for magic, kind in _MAGIC.items() if start.startswith(magic)), None)
    if media_type is None:
        raise DocumentRefusedError(
            "document-type-unknown",
            "The file is no PDF, no JPEG and no PNG, whatever its name says.",
            _SAVE_ANEW,
        )
    try:
        if media_type == "application/pdf":
            _inspect_pdf(file)
        else:
            _inspect_image(file, media_type)
    except (MemoryError, RecursionError):
        raise too_complex() from None
    return media_type


def too_complex() -> DocumentRefusedError:
    """The refusal of a file whose check takes more than it may."""
    return DocumentRefusedError(
        "document-too-complex",
        "The file needs more memory or time to be read than any bill does.",
        _SAVE_ANEW,
    )


def _inspect_pdf(file: BinaryIO) -> None:
    import pikepdf  # noqa: PLC0415 - within the limits

    try:
        # What qpdf would repair, another reader may read as something else.
        with pikepdf.open(file, suppress_warnings=True, attempt_recovery=False) as pdf:
            if pdf.is_encrypted:
                raise _locked("The PDF is protected by a permissions (owner) password.")
            _inspect_pages(len(pdf.pages))
            if _is_active(pdf):
                raise DocumentRefusedError(
                    "document-active",
                    "The PDF holds a script, a form that runs one, an action that starts "
                    "something, or another file.",
                    _SAVE_ANEW,
                )
    except pikepdf.PasswordError:
        raise _locked("The PDF opens only with a (user) password.") from None
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError):
        raise DocumentRefusedError(
            "document-damaged", "The PDF is damaged or cut off.", _SAVE_ANEW
        ) from None


def _locked(reason: str) -> DocumentRefusedError:
    return DocumentRefusedError(
        "document-locked", reason, "Save it without a password, and send that."
    )


def _inspect_pages(pages: int) -> None:
    if not 1 <= pages <= MOST_PAGES:
        raise DocumentRefusedError(
            "document-pages",
            f"The PDF has {pages} pages; from 1 to {MOST_PAGES} are taken.",
            "Send the pages that show the owner, the address, the number and the date.",
        )


def _is_active(pdf: "Pdf") -> bool:
    """Whether any object of the file runs, starts or carries something.

    Each object is looked at by itself, so nothing is missed that stands in an unusual place.
    """
    return any(_holds_something_active(each) for each in pdf.objects)


def _holds_something_active(top: "Object") -> bool:
    import pikepdf  # noqa: PLC0415 - within the limits

    pending = [top]
    while pending:
        found = pending.pop()
        if isinstance(found, pikepdf.Dictionary | pikepdf.Stream):
            if _is_active_dictionary(found):
                return True
            inner = [value for _, value in found.items()]
        elif isinstance(found, pikepdf.Array):
            inner = list(found)
        else:
            continue
        # What is indirect has its own turn among the file's objects.
        pending += [each for each in inner if not getattr(each, "is_indirect", True)]
    return False


def _is_active_dictionary(found: "Object") -> bool:
    """Whether a dictionary is an action that starts something, or names a script or a file."""
    return (
        any(key in found for key in _ACTIVE_KEYS)
        or found.get("/Type") == "/EmbeddedFile"
        or found.get("/Subtype") == "/FileAttachment"
        or str(found.get("/S")) in _STARTING_ACTIONS
        or _acts_by_itself(found)
    )


def _acts_by_itself(found: "Object") -> bool:
    """Whether something happens unasked, other than that the file opens at a certain page."""
    import pikepdf  # noqa: PLC0415 - within the limits

    opening = found.get("/OpenAction")
    if isinstance(opening, pikepdf.Dictionary) and opening.get("/S") != "/GoTo":
        return True
    occasions = found.get("/AA")
    return isinstance(occasions, pikepdf.Dictionary) and any(
        isinstance(each, pikepdf.Dictionary) and "/S" in each for _, each in occasions.items()
    )


def _inspect_image(file: BinaryIO, media_type: str) -> None:
    from PIL import Image  # noqa: PLC0415 - within the limits

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    kind = [media_type.removeprefix("image/").upper()]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file, formats=kind) as image:
                image.verify()
            file.seek(0)
            with Image.open(file, formats=kind) as image:
                image.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise DocumentRefusedError(
            "document-too-many-pixels",
            f"The image has more than {MOST_PIXELS // 1_000_000} megapixels.",
            "Make it smaller, and send that.",
        ) from None
    except (OSError, SyntaxError, ValueError, EOFError, KeyError, TypeError):
        raise DocumentRefusedError(
            "document-damaged", "The image is damaged or cut off.", _SAVE_ANEW
        ) from None


def main() -> None:
    """Check what comes on stdin, within limits."""
    limit_this_process()
    try:
        verdict = {"media_type": inspect(io.BytesIO(sys.stdin.buffer.read()))}
    except DocumentRefusedError as refusal:
        verdict = {
            "code": refusal.code,
            "reason": refusal.reason,
            "next_step": refusal.next_step,
        }
    sys.stdout.write(json.dumps(verdict))


if __name__ == "__main__":
    main()
