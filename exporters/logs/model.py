"""What the follower hands on: a parsed line of a container, and who may read such lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of a container's log, after joining, cleaning and redaction.

    Attributes:
        time_ns: Docker's time of its first line, in nanoseconds since the epoch.
        container: the container's name.
        service: as DESIGN 4 says.
        stack: the Compose project or the stack's namespace, or empty.
        stream: `stdout` or `stderr`.
        level: `trace`, `debug`, `info`, `warning`, `error`, `critical` or `unknown`.
        text: its lines, joined by line feeds, without colours and secrets.
        fields: what JSON or logfmt in the text said, names to words.
    """

    time_ns: int
    container: str
    service: str
    stack: str
    stream: str
    level: str
    text: str
    fields: Mapping[str, str]


class Reader(Protocol):
    """Someone who counts lines on their way: exceptions, a user's own metrics."""

    def read(self, lines: Sequence[Line]) -> None:
        """Look at a group of lines. Called on the loop once a group; never blocks or raises."""
        ...
