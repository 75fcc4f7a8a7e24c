"""Files that people might send, good and bad, made here."""

import io
import zlib
from collections.abc import AsyncIterator
from typing import Any

import pikepdf
from PIL import Image

HTML = b"<!doctype html><script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


def a_pdf(pages: int = 1, padding: int = 0) -> bytes:
    """A plain PDF; with padding, a larger one."""
    with pikepdf.new() as pdf:
        for _ in range(pages):
            pdf.add_blank_page()
        if padding:
            noise = pdf.make_stream(b"\x80" * padding)
            pdf.pages[0].Contents = noise
        return _saved(pdf, compress_streams=False)


def a_pdf_with(
    root: dict[str, object] | None = None, page: dict[str, object] | None = None
) -> bytes:
    """A PDF of one page whose root or page holds more."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        for name, value in (root or {}).items():
            pdf.Root[name] = _object(value)
        for name, value in (page or {}).items():
            pdf.pages[0].obj[name] = pdf.make_indirect(_object(value))
        return _saved(pdf)


def a_locked_pdf(*, user: str = "", owner: str = "owner") -> bytes:
    """A PDF that is encrypted with one password or with both."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        return _saved(pdf, encryption=pikepdf.Encryption(user=user, owner=owner))


def an_image(kind: str = "PNG", size: tuple[int, int] = (40, 30), mode: str = "L") -> bytes:
    """A grey picture."""
    with io.BytesIO() as made:
        Image.new(mode, size, 128).save(made, kind)
        return made.getvalue()


def a_bomb_of_page_trees(depth: int = 20, width: int = 10) -> bytes:
    """A small PDF whose page tree names the same branches again and again."""
    kids = [
        b"%d 0 obj <</Type /Pages /Count 1 /Kids [%s]>> endobj\n"
        % (number, b" ".join([b"%d 0 R" % (number + 1)] * width))
        for number in range(2, depth)
    ]
    leaf = b"%d 0 obj <</Type /Page /MediaBox [0 0 9 9] /Parent 2 0 R>> endobj\n" % depth
    return _by_hand([b"1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj\n", *kids, leaf])


def a_pdf_that_expands(expanded: int) -> bytes:
    """A small, valid PDF whose page tree stands in a stream that expands to so many bytes."""
    objects = b"2 0 <</Type /Pages /Count 1 /Kids [3 0 R]>>"
    once = zlib.compressobj(1)
    block = b" " * 1_000_000
    data = once.compress(objects) + b"".join(once.compress(block) for _ in range(expanded // 10**6))
    data = zlib.compress(data + once.flush(), 1)
    catalog = b"1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj\n"
    page = b"3 0 obj <</Type /Page /MediaBox [0 0 9 9] /Parent 2 0 R>> endobj\n"
    stream = (
        b"4 0 obj <</Type /ObjStm /N 1 /First 4 /Filter [/FlateDecode /FlateDecode]"
        b" /Length %d>> stream\n%s\nendstream endobj\n" % (len(data), data)
    )
    content = b"%PDF-1.5\n"
    places = []
    for each in (catalog, page, stream):
        places.append(len(content))
        content += each
    rows = b"".join(
        bytes((kind, *place.to_bytes(4, "big"), index))
        for kind, place, index in (
            (0, 0, 255),
            (1, places[0], 0),
            (2, 4, 0),
            (1, places[1], 0),
            (1, places[2], 0),
            (1, len(content), 0),
        )
    )
    table = (
        b"5 0 obj <</Type /XRef /Size 6 /W [1 4 1] /Root 1 0 R /Length %d>> stream\n%s\n"
        b"endstream endobj\n" % (len(rows), rows)
    )
    return content + table + b"startxref\n%d\n%%%%EOF\n" % len(content)


async def in_pieces(content: bytes, size: int = 65_536) -> AsyncIterator[bytes]:
    """Content as a connection brings it."""
    for start in range(0, len(content), size):
        yield content[start : start + size]


def _object(value: object) -> pikepdf.Object:
    """A value of Python as one of PDF's; what begins with a slash is a name."""
    if isinstance(value, dict):
        return pikepdf.Dictionary({name: _object(each) for name, each in value.items()})
    if isinstance(value, list):
        return pikepdf.Array([_object(each) for each in value])
    if isinstance(value, str) and value.startswith("/"):
        return pikepdf.Name(value)
    return pikepdf.String(str(value))


def _saved(pdf: pikepdf.Pdf, **how: Any) -> bytes:
    with io.BytesIO() as made:
        pdf.save(made, **how)
        return made.getvalue()


def _by_hand(objects: list[bytes]) -> bytes:
    """A PDF of these objects, numbered from 1, with its table of them."""
    content = b"%PDF-1.4\n"
    rows = [b"0000000000 65535 f \n"]
    for each in objects:
        rows.append(b"%010d 00000 n \n" % len(content))
        content += each
    table = b"xref\n0 %d\n%s" % (len(rows), b"".join(rows))
    trailer = b"trailer <</Size %d /Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
    return content + table + trailer % (len(rows), len(content))
