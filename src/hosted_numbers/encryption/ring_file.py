"""The file that holds a ring of keys: made, added to, put in another order; never half written.

A rotation has two steps, as several processes read the ring. First the new key is added at the end,
to be read with; once every process has it, it is put first, to be written with. So no process meets
what it cannot read. A key is only ever taken away by hand.
"""

import os
from contextlib import suppress
from pathlib import Path

from hosted_numbers.encryption.key_ring import Key, KeyRing
from hosted_numbers.errors import InvalidRequestError, SettingsError

_OWNER_ALONE = 0o600


def make(path: Path) -> Key:
    """Write a new ring of one key, in a file that its owner alone reads.

    Raises:
        InvalidRequestError: there is a file already, or it cannot be written there.
    """
    key = Key.new()
    try:
        _write(path, f"{key}\n")
    except FileExistsError:
        raise InvalidRequestError(
            f"{path} is there already; it may hold keys that nothing can be read without.",
            "Add a key to it with: hosted-numbers encryption-keys rotate; or name another file.",
        ) from None
    except OSError as error:
        raise _unwritable(path, error) from None
    return key


def read(path: Path) -> KeyRing:
    """The ring in a file.

    Raises:
        SettingsError: it cannot be read, or is none.
    """
    return KeyRing(_text(path))


def add(path: Path) -> Key:
    """Add a new key at the end: it is read with, and not written with yet.

    Raises:
        SettingsError: the file cannot be read, or is no ring.
        InvalidRequestError: it cannot be written, or somebody else is about to.
    """
    text, key = _text(path), Key.new()
    _replace(path, f"{text.rstrip()}\n{key}\n")
    return key


def promote(path: Path, key_id: str) -> Key:
    """Put a key of the ring first: processes that start from now on write with it.

    Comments stay, and so do the other keys; safe to repeat.

    Raises:
        SettingsError: the file cannot be read, or is no ring.
        InvalidRequestError: no such key is on it; or it cannot be written.
    """
    text = _text(path)
    ring = KeyRing(text)
    if key_id not in ring.keys:
        raise InvalidRequestError(
            f"No key {key_id} is on this ring.", f"It has {', '.join(ring.keys)}."
        )
    key = ring.keys[key_id]
    _replace(path, "\n".join([str(key), *_lines_without(text, key_id)]) + "\n")
    return key


def _lines_without(text: str, key_id: str) -> list[str]:
    lines = []
    for line in text.splitlines():
        if line.lstrip().startswith("#"):
            lines.append(line)
            continue
        others = [each for each in line.split(",") if each.strip().partition(":")[0] != key_id]
        if rest := ",".join(others).strip():
            lines.append(rest)
    return lines


def _text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SettingsError(
            f"The ring of keys {path} cannot be read: {why}.",
            "Correct the path or its rights; make a ring with: hosted-numbers encryption-keys new",
        ) from None
    KeyRing(text)
    return text


def _replace(path: Path, text: str) -> None:
    """Put a new file in the old one's place; the ring that it holds is checked first."""
    KeyRing(text)
    target = path.resolve()  # a link stays one
    beside = target.with_name(f".{target.name}.new")
    try:
        _write(beside, text)
    except FileExistsError:
        raise InvalidRequestError(
            f"{beside} is there: another rotation is under way, or was killed.",
            "Wait for it; if there is none, delete that file and try again.",
        ) from None
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        was = target.stat()
        with suppress(PermissionError):  # another owner's: then it is ours from now on
            os.chown(beside, was.st_uid, was.st_gid)
            beside.chmod(was.st_mode & 0o777)
        beside.replace(target)
        _settle(target.parent)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise _unwritable(path, error) from None


def _write(path: Path, text: str) -> None:
    """Write a file that was not there, through to the disk; nothing of it stays on an error."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ALONE)
    try:
        with open(handle, "w", encoding="utf-8") as file:  # noqa: PTH123 - a Path opens no handle
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        _settle(path.parent)
    except OSError:
        path.unlink(missing_ok=True)
        raise


def _settle(directory: Path) -> None:
    """Have the disk remember the directory's names, so that a power cut loses no key."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unwritable(path: Path, error: OSError) -> InvalidRequestError:
    return InvalidRequestError(
        f"{path} cannot be written: {error.strerror}.", "Correct the path or its rights."
    )
