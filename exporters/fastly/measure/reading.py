"""From a file of lines to the table `taken`: every line once, and what is known of it.

JSON objects are read the fast way, without handling lines as text. What is odd there (no object,
or rejected) is read once more as text: it may be a line of CSV, and if it is
rejected, somebody wants to see it.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from exporters.fastly.formats import Format, line_rows, object_rows, text_rows
from exporters.fastly.measure.model import Moment, Rules
from exporters.fastly.measure.stream import DURATION_BUCKETS, bucket_of
from exporters.fastly.measure.workspace import Workspace, statement
from exporters.fastly.quarantine import Rejected

_SOME = 500
"""Rejected lines of a chunk that are kept to look at."""
_LONGEST = 4096
"""Characters that are kept of a rejected line."""
_AHEAD = timedelta(days=1)
"""A line from further in the future has a wrong clock behind it; ours may be a bit wrong too."""

_NUMBERED = "SELECT row_number() OVER () AS n, * FROM"


def prepare(workspace: Workspace, moment: Moment) -> None:
    """Set which times of lines are taken."""
    calendar = moment.calendar
    since = "0001-01-01" if moment.backfill else calendar.since.isoformat()
    closed = () if moment.backfill else calendar.closed
    for name, of, value in (
        ("latest", "TIMESTAMP", _plain(moment.now + _AHEAD)),
        ("earliest", "TIMESTAMP", since),
        ("open_days", "DATE[]", [day.isoformat() for day in calendar.open]),
        ("closed_days", "DATE[]", [day.isoformat() for day in closed]),
    ):
        workspace.run(f"SET VARIABLE {name} = $value::{of}", {"value": value})


def read(workspace: Workspace, file: Path, form: Format, rules: Rules) -> None:
    """Make the table `taken` of a file's lines."""
    with file.open("rb") as lines:
        first = lines.readline()
    if form.keys and first.startswith(b"{"):
        objects = object_rows(form.of(first), file)
        workspace.run(f"CREATE OR REPLACE TEMP VIEW facts AS {objects}")
        _take(workspace, rules)
        if workspace.rows("SELECT 1 FROM taken WHERE reason IS NOT NULL LIMIT 1"):
            _mend(workspace, form, objects, line_rows(file))
            _take(workspace, rules)
    else:
        _read_text(workspace, form, line_rows(file))
        workspace.run("CREATE OR REPLACE TEMP VIEW facts AS FROM others")
        _take(workspace, rules)


def rejects(workspace: Workspace) -> list[Rejected]:
    """Return some of the rejected lines."""
    found = workspace.rows(
        "SELECT reason, left(line, $longest) FROM taken"
        " WHERE reason IS NOT NULL AND line IS NOT NULL LIMIT $some",
        {"longest": _LONGEST, "some": _SOME},
    )
    return [Rejected(reason, line.encode()) for reason, line in found]


def _take(workspace: Workspace, rules: Rules) -> None:
    workspace.run(statement("requests"))
    bucket = bucket_of("took_us", [bound * 1e6 for bound in DURATION_BUCKETS])
    patterns = {"episode_path": rules.episode_path, "feed_path": rules.feed_path}
    workspace.run(statement("taken").format(bucket=bucket), patterns)


def _mend(workspace: Workspace, form: Format, objects: str, lines: str) -> None:
    """Read the odd lines again as text, the others as before."""
    workspace.run(
        "CREATE OR REPLACE TEMP TABLE odd AS SELECT n"
        " FROM (SELECT row_number() OVER () AS n, reason FROM taken) WHERE reason IS NOT NULL"
    )
    pair = workspace.rows(f"SELECT (SELECT count(*) FROM taken), count(*) FROM ({lines})")  # noqa: S608
    if pair[0][0] != pair[0][1]:  # what separates two lines is not the same to both readers
        _read_text(workspace, form, lines)
        workspace.run("CREATE OR REPLACE TEMP VIEW facts AS FROM others")
        return
    _read_text(workspace, form, f"SELECT line FROM ({_NUMBERED} ({lines})) SEMI JOIN odd USING (n)")  # noqa: S608
    workspace.run(
        "CREATE OR REPLACE TEMP VIEW facts AS SELECT * EXCLUDE (n)"  # noqa: S608
        f" FROM ({_NUMBERED} ({objects})) ANTI JOIN odd USING (n) UNION ALL FROM others"
    )


def _read_text(workspace: Workspace, form: Format, lines: str) -> None:
    workspace.run(f"CREATE OR REPLACE TEMP TABLE others AS {text_rows(form, lines)}")


def _plain(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat()
