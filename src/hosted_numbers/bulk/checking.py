"""A bulk file checked as a whole, before anything is started.

Each row is held to the same rules as the body of ``POST /v1/hosted-number-orders``. A complaint
names the line and the field, never what stands there: that may be personal.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from pydantic import Field, ValidationError

from hosted_numbers.bulk.contract import FileFormat
from hosted_numbers.bulk.rows import RawRow, UnreadableFileError, raw_rows
from hosted_numbers.complaints import complaints
from hosted_numbers.contract import Message
from hosted_numbers.errors import InvalidRequestError
from hosted_numbers.formats import MOST_IN_A_GROUP
from hosted_numbers.letter_groups.contract import group_key
from hosted_numbers.order_starts import as_request
from hosted_numbers.validation import NewHostedNumberOrder

MOST_ROWS: Final = 10_000
"""Rows of one file. Each takes 0.2 ms of a processor to check, while the caller waits."""

MOST_BYTES: Final = 20_000_000

_GROUP: Final = "loa_group"
_SIGNER: Final = (
    "customer",
    "account_sid",
    "address_sid",
    "email",
    "contact_title",
    "contact_phone_number",
    "cc_emails",
)
"""What ``group_key`` tells letters apart by."""


class Complaint(Message):
    """What is wrong, or odd, about one field of one row."""

    line: int = Field(description="Where the row begins in the file, from 1")
    field: str = Field(description="The field, column, or `row`, `header`, `file`")
    message: str = Field(description="What is wrong with it, never its value")


class FileReport(Message):
    """What the check of a whole file came to."""

    rows: int = Field(description="Rows that the file holds, good and bad")
    bad_rows: int = Field(description="Rows of which something is wrong")
    readable: bool = Field(
        default=True, description="False: what is wrong is the file itself, not some of its rows"
    )
    loa_groups: int = Field(default=0, description="Groups that share a letter, by their names")
    errors: tuple[Complaint, ...] = ()
    warnings: tuple[Complaint, ...] = Field(
        default=(), description="What is allowed, and may not be meant"
    )

    @property
    def good_rows(self) -> int:
        """Rows that can be started."""
        return self.rows - self.bad_rows


class BulkFileRefusedError(InvalidRequestError):
    """A bulk file has bad rows, or cannot be read at all; nothing was started.

    Attributes:
        report: what is wrong, line by line.
    """

    code = "bulk-file-refused"

    def __init__(self, report: FileReport) -> None:
        super().__init__(_verdict(report), _way_out(report))
        self.report = report


@dataclass(frozen=True)
class CheckedRow:
    """A good row.

    Attributes:
        line: where it begins in the file, from 1.
        phone_number: whose order it is, E.164.
        order: a ``HostedNumberOrderRequest`` as JSON, defaults left out. So ten thousand take a few
            megabytes.
        group: names the letter that it shares (``letter_groups.contract.group_key``); None where
            it has one of its own, or says itself how many orders share it.
    """

    line: int
    phone_number: str
    order: str
    group: str | None


@dataclass(frozen=True)
class CheckedFile:
    """A file whose every row was looked at.

    Attributes:
        rows: the good ones, in the order of the file.
        report: what is wrong with the others.
        sizes: how many orders share a letter, by ``CheckedRow.group``.
    """

    rows: tuple[CheckedRow, ...]
    report: FileReport
    sizes: dict[str, int]

    def group_size(self, row: CheckedRow) -> int | None:
        """How many orders share the row's letter; None where that is said, or too many for one."""
        size = None if row.group is None else self.sizes[row.group]
        return size if size is not None and size <= MOST_IN_A_GROUP else None


def check_file(file: BinaryIO, form: FileFormat, customer: str | None = None) -> CheckedFile:
    """Look at every row of a file; takes about 0.2 ms of a processor for each.

    Args:
        file: from its beginning.
        form: what it is.
        customer: where given, all orders are this customer's: a row may leave it out, and must not
            name another.
    """
    check = _Check(customer)
    try:
        for row in raw_rows(file, form):
            if check.seen == MOST_ROWS:
                check.stop(row.line, f"A file has at most {MOST_ROWS:,} rows: send it in parts.")
                break
            check.take(row)
    except UnreadableFileError as error:
        for line, field, message in error.complaints:
            check.stop(line, message, field)
    return check.finished()


class _Check:
    """The check of one file, row after row."""

    def __init__(self, customer: str | None) -> None:
        self.seen = 0
        self._customer = customer
        self._readable = True
        self._rows: list[CheckedRow] = []
        self._errors: list[Complaint] = []
        self._first_of_number: dict[str, int] = {}
        self._twice: set[str] = set()
        self._groups: dict[str, tuple[int, dict[str, object]]] = {}
        self._warnings: list[Complaint] = []

    def stop(self, line: int, message: str, field: str = "file") -> None:
        """The file itself is wrong."""
        self._readable = False
        self._errors.append(Complaint(line=line, field=field, message=message))

    def take(self, row: RawRow) -> None:
        """Look at one row."""
        self.seen += 1
        order, wrong = self._order(row)
        number = order.phone_number if order else _text(row, "phone_number")
        if number and not self._is_first(number, row.line):
            wrong = [*wrong, ("phone_number", self._repeated(number))]
        self._errors += [
            Complaint(line=row.line, field=field, message=message) for field, message in wrong
        ]
        if order is not None and not wrong:
            self._look_at_group(order, row.line)
            self._rows.append(_checked_row(order, row.line))

    def finished(self) -> CheckedFile:
        """What all of it came to; the first row of a repeated number is bad, too."""
        rows = []
        for row in self._rows:
            if row.phone_number in self._twice:
                message = "The number stands in a later row too."
                complaint = Complaint(line=row.line, field="phone_number", message=message)
                self._errors.append(complaint)
            else:
                rows.append(row)
        if self._readable and not self.seen:
            self.stop(1, "The file holds no row.")
        report = FileReport(
            rows=self.seen,
            bad_rows=self.seen - len(rows),
            readable=self._readable,
            loa_groups=len(self._groups),
            errors=tuple(sorted(self._errors, key=lambda each: each.line)),
            warnings=tuple(self._warnings),
        )
        return CheckedFile(tuple(rows), report, dict(Counter(_groups(rows))))

    def _order(self, row: RawRow) -> tuple[NewHostedNumberOrder | None, list[tuple[str, str]]]:
        if row.fields is None:
            return None, [("row", row.complaint)]
        try:
            order = NewHostedNumberOrder.model_validate(row.fields)
        except ValidationError as error:
            return None, [_known(*each) for each in complaints(error)]
        if self._customer is None:
            return order, []
        if order.customer not in {None, self._customer}:
            return order, [("customer", "The row names another customer than the import's.")]
        return order.model_copy(update={"customer": self._customer}), []

    def _is_first(self, number: str, line: int) -> bool:
        return self._first_of_number.setdefault(number, line) == line

    def _repeated(self, number: str) -> str:
        self._twice.add(number)
        return f"The number stands in line {self._first_of_number[number]} too."

    def _look_at_group(self, order: NewHostedNumberOrder, line: int) -> None:
        """Orders of one group that name another signer get another letter: is that meant?"""
        if order.loa_group is None:
            return
        signer: dict[str, object] = {name: getattr(order, name) for name in _SIGNER}
        first_line, first = self._groups.setdefault(order.loa_group, (line, signer))
        others = [name for name in _SIGNER if signer[name] != first[name]]
        if others:
            message = (
                f"Differs in {', '.join(others)} from line {first_line} of the same group: "
                "it gets a letter of its own."
            )
            self._warnings.append(Complaint(line=line, field=_GROUP, message=message))


def _checked_row(order: NewHostedNumberOrder, line: int) -> CheckedRow:
    request = as_request(order)
    group = group_key(request) if request.loa_group_size is None else None
    dumped = request.model_dump_json(exclude_defaults=True)
    return CheckedRow(line, request.phone_number, dumped, group)


def _groups(rows: Iterable[CheckedRow]) -> Iterable[str]:
    return (row.group for row in rows if row.group is not None)


def _text(row: RawRow, name: str) -> str | None:
    found: Any = (row.fields or {}).get(name)
    return found if isinstance(found, str) else None


def _known(field: str, message: str) -> tuple[str, str]:
    """A complaint of pydantic's, without names that are not ours: they may be somebody's data."""
    name, _, rest = field.partition(".")
    if name == "request":
        return "row", message
    if name not in NewHostedNumberOrder.model_fields:
        return "row", "It has a field that no order has; the template shows those that there are."
    place = rest.partition(".")[0]
    return f"{name}.{place}" if place.isdecimal() else name, message


def _verdict(report: FileReport) -> str:
    if not report.readable:
        first = report.errors[0]
        return f"The file cannot be imported: line {first.line}, {first.field}: {first.message}"
    return f"{report.bad_rows} of the file's {report.rows} rows are not right."


def _way_out(report: FileReport) -> str:
    if not report.readable:
        return "Correct it and send it again; nothing was started."
    return "Correct them, or ask to skip bad rows; nothing was started."
