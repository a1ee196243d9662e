"""Every error that Nearfield raises on purpose; anything else is a bug and stops the process.

NearfieldError
├── SettingsError         the settings cannot be used: all problems at once, exit 2
├── StartError            the work cannot begin or go on: one line with the cure, exit 1
└── SourceError           a read of a source failed: counted by `reason`, tried again
    ├── SourceUnavailable     nobody answered
    ├── SourceTimeout         the answer took longer than the deadline
    ├── SourceRejected        they answered: no (credentials, permissions)
    ├── SourceMismatch        what we ask for is not there (a table, a column, another version)
    └── SourceMalformed       they answered nonsense

A message is one line, names the cure where there is one, and never holds a secret, a connection
string or a client's address.
"""

from collections.abc import Sequence
from typing import ClassVar


class NearfieldError(Exception):
    """Base of the tree, so that a caller can catch what was raised on purpose."""


class SettingsError(NearfieldError):
    """The settings cannot be used. `problems` holds every reason, one line each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class StartError(NearfieldError):
    """The work cannot begin or go on, and trying again would not help."""


class SourceError(NearfieldError):
    """A source could not be read. `reason` is a label value: a fixed word."""

    reason: ClassVar[str] = "failed"
    told: bool = False
    """Whether the log has it already: a trouble that many sources share is one line, not many."""


class SourceUnavailable(SourceError):
    """Nobody answered."""

    reason = "unavailable"


class SourceTimeout(SourceError):
    """The answer took longer than the deadline."""

    reason = "timeout"


class SourceRejected(SourceError):
    """They answered, and refused: credentials, permissions, TLS."""

    reason = "rejected"


class SourceMismatch(SourceError):
    """What we ask for is not there: a table, a column, a version that we understand."""

    reason = "mismatch"


class SourceMalformed(SourceError):
    """They answered something that cannot be parsed."""

    reason = "malformed"
