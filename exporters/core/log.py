"""Our own log: one logfmt line a record on standard error, as the rest of the stack writes it."""

import logging
import sys
import time
from typing import TextIO

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:+@%,")


class Logfmt(logging.Formatter):
    """Formats a record as `time=… level=… logger=… msg="…"`; a traceback stays in the line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        fields = {
            "time": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name.removeprefix("exporters."),
            "msg": record.getMessage(),
        }
        if record.exc_info:
            fields["error"] = self.formatException(record.exc_info)
        return " ".join(f"{key}={_quoted(value)}" for key, value in fields.items())


def configure(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send every record at or above `level` to `stream` (standard error) as logfmt."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(Logfmt())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # aiohttp logs a line a request and one for each hostile connection: both are counted instead.
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    # psycopg warns in libpq's words, which name hosts and users; what matters reaches us as errors.
    logging.getLogger("psycopg").setLevel(logging.ERROR)


def _quoted(value: str) -> str:
    if value and _PLAIN.issuperset(value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + escaped.replace("\r", "\\r") + '"'
