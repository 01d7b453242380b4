"""Errors that reach the user: one line that says what, where, and what to do."""

from __future__ import annotations

import errno
from pathlib import Path

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)


class CytoscribeError(Exception):
    """Base of every error that the command line reports as one clear line; `exit_code` becomes the process's."""

    exit_code = 1


class InputError(CytoscribeError):
    """Something the user gave cannot be used. The command ends with exit code 2 and leaves nothing half-written.

    what: the fault; where: file, row and column as far as they are known; fix: what to change.
    """

    exit_code = 2

    def __init__(self, what: str, *, where: str | Path = "", fix: str = "") -> None:
        self.what, self.where, self.fix = what, str(where), fix
        located = f"{self.where}: {what}" if self.where else what
        super().__init__(f"{located}; {fix}" if fix else located)


class RunMismatchError(InputError):
    """A run folder holds results made with other settings, or another process is writing to it."""


class WriteError(InputError):
    """A result cannot be written. It always ends the run, also where a bad item among many would be skipped: going on would lose
    what was found."""


def out_of_memory(error: BaseException) -> CytoscribeError | None:
    """What to say where memory ran out, of the machine or of its GPU; None where the error is another one."""
    text = " ".join(str(error).split())
    if not (isinstance(error, MemoryError) or "allocate memory" in text or "out of memory" in text):
        return None
    fix = "take smaller images or batches (see --help), or fewer processes, and run the same command again"
    return CytoscribeError(f"not enough memory ({text[:160] or type(error).__name__}); {fix}")


def cell(path: str | Path, row: int, column: str = "") -> str:
    """Name one place in a table, counted as a spreadsheet does: the header is row 1."""
    return f"{path}, row {row}, column '{column}'" if column else f"{path}, row {row}"


def full_disk(error: OSError, where: str | Path = "") -> WriteError | None:
    """What to say of a disk that is full or broken, or of a quota or size limit that is reached; None where the error is another one."""
    if error.errno not in _FULL:
        return None
    return unwritable(error, where or error.filename or "")


def unwritable(error: OSError, where: str | Path) -> WriteError:
    """The error for a file that cannot be written, for whatever reason the system gives."""
    fix = "free some space and run the same command again" if error.errno in _FULL else "check the folder and its rights"
    return WriteError(f"cannot be written ({error.strerror or error})", where=where, fix=fix)
