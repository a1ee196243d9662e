"""Read lines as measuring reads them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from exporters.fastly.formats import AUTO, Format
from exporters.fastly.lines import clean
from exporters.fastly.measure.model import Moment, Rules
from exporters.fastly.measure.reading import Reading
from exporters.fastly.measure.workspace import Workspace
from exporters.ledger.model import Calendar
from tests.fastly.traffic import NOON

COLUMNS = (
    "reason",
    "began",
    "method",
    "host",
    "path",
    "status",
    "bytes",
    "took_us",
    "range",
    "content_range",
    "ranged",
    "agent",
    "address",
    "country",
    "continent",
    "pop",
    "cache",
    "protocol",
    "is_ipv6",
    "error",
    "hop",
    "rtt_us",
    "retransmits",
)
ANY = Rules(episode_path="(?P<podcast>)(?P<episode>)", feed_path="(?P<feed>)")
"""Every path is wanted."""
Read = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder = tmp_path_factory.mktemp("duck")
    with Workspace(folder, memory_bytes=1 << 28, threads=1) as opened:
        yield opened


@pytest.fixture
def reads(workspace: Workspace, tmp_path: Path) -> Read:
    """Read lines, given as bytes, and return every request in their order, odd ones last."""

    def reads(*lines: bytes, form: Format = AUTO) -> list[dict[str, Any]]:
        file = tmp_path / "lines.log"
        file.write_bytes(clean(b"\n".join(lines)))
        calendar = Calendar(frozenset(), NOON.date())
        moment = Moment(NOON.replace(year=2030), calendar, NOON, backfill=True)
        Reading(workspace, ANY, moment).read(file, form, len(lines))
        assert not (workspace.scratch / "plain.log").exists()
        columns = ", ".join(f'"{name}"' for name in COLUMNS)
        rows = workspace.rows(f"SELECT {columns} FROM taken")
        return [dict(zip(COLUMNS, row, strict=True)) for row in rows]

    return reads
