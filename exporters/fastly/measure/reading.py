"""From a file of lines to the table `taken`: every line once, and what is known of it.

JSON objects are read the fast way, without handling lines as text. What is odd there (no object,
or rejected) is read once more as text: it may be a line of CSV, and if it is rejected, somebody
wants to see it. A control character makes a line odd, since JSON has none; as text it is a space.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from exporters.fastly.formats import Format, line_rows, object_rows, text_rows
from exporters.fastly.lines import is_plain, plain
from exporters.fastly.measure.model import Moment, Rules
from exporters.fastly.measure.stream import DURATION_BUCKETS, bucket_of
from exporters.fastly.measure.workspace import Workspace, statement
from exporters.fastly.quarantine import Rejected

_ROW = 400
"""Bytes of a row of `taken`, its longer texts apart: those are in the file."""
_BLOCK = 1024 * 1024
_SOME = 500
"""Rejected lines of a chunk that are kept to look at."""
_LONGEST = 4096
"""Characters that are kept of a rejected line."""
_AHEAD = timedelta(days=1)
"""A line from further in the future has a wrong clock behind it; ours may be a bit wrong too."""

_NUMBERED = "SELECT row_number() OVER () AS n, * FROM"
_REASONS = "SELECT reason, count(*) FROM taken GROUP BY reason"


class Reading:
    """Reads one file of lines into a workspace, by the rules and for a moment."""

    def __init__(
        self,
        workspace: Workspace,
        rules: Rules,
        moment: Moment,
        mine: str = "FALSE",
        told: str = "FALSE",
    ) -> None:
        """`mine` is the condition on requests that users' metrics count, `told` on those told."""
        self._workspace = workspace
        self._conditions = {"mine": mine, "told": told}
        self._parameters = _parameters(rules, moment)

    def read(self, file: Path, form: Format, lines: int) -> Counter[str | None]:
        """Make the table `taken`; return how many lines have which reason, None for good ones.

        The file has that many lines, or less.
        """
        self._size = lines * _ROW + file.stat().st_size
        copy = self._workspace.scratch / "plain.log"
        try:
            return self._read(file, copy, form)
        finally:
            copy.unlink(missing_ok=True)

    def _read(self, file: Path, copy: Path, form: Format) -> Counter[str | None]:
        self._parameters["file"] = str(file)
        with file.open("rb") as content:
            first = content.readline()
        if not form.keys or not first.startswith(b"{"):
            self._use_plain(file, copy)
            return self._take(self._as_text(form, line_rows()))
        objects = object_rows(form.of(first))
        reasons = self._take(objects)
        if reasons.keys() <= {None}:
            return reasons
        self._use_plain(file, copy)
        return self._take(self._mended(form, objects, line_rows()))

    def _use_plain(self, file: Path, copy: Path) -> None:
        """Read a copy without control characters from here on, where the file has any."""
        with file.open("rb") as lines:
            blocks = iter(partial(lines.read, _BLOCK), b"")
            if all(map(is_plain, blocks)):
                return
            lines.seek(0)
            with copy.open("wb") as out:
                out.writelines(map(plain, iter(partial(lines.read, _BLOCK), b"")))
        self._parameters["file"] = str(copy)

    def _take(self, facts: str) -> Counter[str | None]:
        requests = statement("requests").format(facts=facts)
        bucket = bucket_of("took_us", [bound * 1e6 for bound in DURATION_BUCKETS])
        taken = statement("taken").format(requests=requests, bucket=bucket, **self._conditions)
        self._workspace.keep("taken", taken, self._named(taken), self._size)
        return Counter(dict(self._workspace.rows(_REASONS)))

    def _ask(self, sql: str) -> list[Any]:
        return self._workspace.rows(sql, self._named(sql))

    def _named(self, sql: str) -> dict[str, Any]:
        """Return the parameters that a statement names."""
        return {name: each for name, each in self._parameters.items() if f"${name}" in sql}

    def _mended(self, form: Format, objects: str, lines: str) -> str:
        """Return a query for facts in which the odd lines are read as text, the others as before.

        The odd ones are those that `taken` has a reason for.
        """
        odd = f"SELECT n FROM ({_NUMBERED} taken) WHERE reason IS NOT NULL"  # noqa: S608
        self._workspace.run(f"CREATE OR REPLACE TEMP TABLE odd AS {odd}")
        counts = f"SELECT (SELECT count(*) FROM taken), count(*) FROM ({lines})"  # noqa: S608
        ((objects_read, lines_read),) = self._ask(counts)
        if objects_read != lines_read:  # what separates two lines is not the same to both readers
            return self._as_text(form, lines)
        odd = f"SELECT line FROM ({_NUMBERED} ({lines})) SEMI JOIN odd USING (n)"  # noqa: S608
        return (
            f"SELECT * EXCLUDE (n) FROM ({_NUMBERED} ({objects})) ANTI JOIN odd USING (n)"  # noqa: S608
            f" UNION ALL {self._as_text(form, odd)}"
        )

    def _as_text(self, form: Format, lines: str) -> str:
        self._ask(f"CREATE OR REPLACE TEMP TABLE texts AS {text_rows(form, lines)}")
        return "FROM texts"


def rejects(workspace: Workspace) -> list[Rejected]:
    """Return some of the rejected lines."""
    found = workspace.rows(
        "SELECT reason, left(line, $longest) FROM taken"
        " WHERE reason IS NOT NULL AND line IS NOT NULL LIMIT $some",
        {"longest": _LONGEST, "some": _SOME},
    )
    return [Rejected(reason, line.encode()) for reason, line in found]


def _parameters(rules: Rules, moment: Moment) -> dict[str, Any]:
    calendar = moment.calendar
    latest = (moment.now + _AHEAD).astimezone(UTC)
    closed = () if moment.backfill else calendar.closed
    return {
        "episode_path": rules.episode_path,
        "feed_path": rules.feed_path,
        "latest": _plain(latest),
        "earliest": "0001-01-01" if moment.backfill else calendar.since.isoformat(),
        "open_days": [day.isoformat() for day in calendar.open],
        "closed_days": [day.isoformat() for day in closed],
    }


def _plain(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat()
