"""What Docker's log endpoint sends, made by hand; and lines on their way as a follower has them."""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from time import gmtime, strftime
from typing import Any

from exporters.logs import LogsSettings, Works
from exporters.logs.editing import Drops, Editor, Origin
from exporters.logs.metrics import LogsMetrics
from exporters.logs.model import Reader
from exporters.logs.reading import Work
from exporters.logs.redaction import Redactor
from exporters.loki import LokiMetrics

NOW = 1_795_389_718 * 10**9
S = 10**9
KINDS = {"stdin": 0, "stdout": 1, "stderr": 2, "engine": 3}


@dataclass(frozen=True)
class Logged:
    """A line as the engine keeps it."""

    time: int
    text: str
    stream: str = "stdout"


def stamped(time: int, text: str | bytes) -> bytes:
    """Return what is sent of a message when times are asked for."""
    body = text.encode() if isinstance(text, str) else text
    moment = strftime("%Y-%m-%dT%H:%M:%S", gmtime(time // S))
    return f"{moment}.{time % S:09d}Z ".encode() + body


def frame(stream: str, payload: bytes) -> bytes:
    return struct.pack(">BxxxI", KINDS[stream], len(payload)) + payload


def sent(lines: Iterable[Logged], since: int = 0) -> bytes:
    """Return the answer of the engine: from the first line on that is not older than `since`."""
    found = [*lines]
    while found and found[0].time < since:
        found.pop(0)
    return b"".join(frame(x.stream, stamped(x.time, x.text + "\n")) for x in found)


def work(readers: Sequence[Reader] = (), **settings: Any) -> Work:
    """Return what is done to lines of one container by these settings."""
    chosen = LogsSettings.model_validate(settings)
    metrics = LogsMetrics()
    drops = Drops(metrics, LokiMetrics().dropped)
    redactor = Redactor(chosen.redact, chosen.redact_patterns)
    editor = Editor("host1", redactor, metrics, drops, readers)
    return Works(chosen, editor).of(Origin("site-app-1", "app", "site", "1.4"))
