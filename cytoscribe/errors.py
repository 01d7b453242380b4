"""What the user is told when something is wrong: one line that says what, where, and what to do."""

from __future__ import annotations

import errno
import re
from pathlib import Path

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # control sequences: colours, cursor moves, clearing
    r"|(?:\x1b[\]P_^X]|[\x9d\x90\x9f\x9e\x98]).*?(?:\x07|\x1b\\|\x9c|$)"  # commands with a text: window titles, clipboard
    r"|\x1b[ -/]*[0-~]"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]",  # other controls; marks that reorder a line
    re.DOTALL,
)


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


def cell(path: str | Path, row: int, column: str = "") -> str:
    """Name one place in a table, counted as a spreadsheet does: the header is row 1."""
    return f"{path}, row {row}, column '{column}'" if column else f"{path}, row {row}"


def full_disk(error: OSError, where: str | Path = "") -> InputError | None:
    """What to tell of a disk that is full, or of a quota or size limit that is reached; None where the error is another one."""
    if error.errno not in _FULL:
        return None
    place = where or error.filename or ""
    return InputError(f"cannot be written ({error.strerror})", where=place, fix="free some space and run the same command again")


def printable(text: str) -> str:
    """The text without what a terminal would obey: escape sequences, control characters except tab and newline, lone surrogates."""
    return _ESCAPES.sub("", text).encode("utf-8", "replace").decode("utf-8")
