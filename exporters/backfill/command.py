"""The command from start to end: what to read, the ledger, the recorders, what it came to."""

import asyncio
import shlex
import sys
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from exporters import offline
from exporters.backfill.episodes import BadRow, read_episodes
from exporters.backfill.files import LogFile, find
from exporters.backfill.folder import work_folder
from exporters.backfill.history import History
from exporters.backfill.loads import Loader
from exporters.backfill.openmetrics import COMMAND, Sum, Writer, parse_labels
from exporters.backfill.progress import Progress
from exporters.backfill.summary import summary
from exporters.backfill.work import Work
from exporters.core import lifecycle
from exporters.core.collection import RareCollection
from exporters.core.errors import SettingsError, StartError
from exporters.core.heap import KeptHeap
from exporters.core.turns import ShortTurns
from exporters.fastly.measure import REASONS
from exporters.fastly.quarantine import Quarantine
from exporters.fastly.record.build import Bench, known_formats, opened
from exporters.fastly.segment import SOURCES
from exporters.ledger import EpisodeFacts, Ledger, write_episodes
from exporters.ledger.history import delivered_by_hour, downloads_by_hour, requests_by_hour
from exporters.settings import Settings


@dataclass(frozen=True, slots=True)
class Orders:
    """What is asked for."""

    paths: Sequence[str]
    episodes: Path | None = None
    form: str = "auto"
    openmetrics: Path | None = None
    labels: Sequence[str] = ()


class _Problems:
    """Tells what could not be done, each in one line, and remembers how often."""

    def __init__(self) -> None:
        self.count = 0
        self.progress: Progress | None = None

    def tell(self, problem: str) -> None:
        self.count += 1
        line = f"nearfield: {problem}"
        if self.progress:
            self.progress.say(line)
        else:
            sys.stderr.write(f"{line}\n")


async def run(
    orders: Orders, file: Path | None, data_dir: Path | None, environ: Mapping[str, str]
) -> None:
    """Count archived logs. What cannot be read is told, and the rest counted.

    Raises SettingsError, SourceError, and StartError also at the end where anything was told.
    """
    settings = offline.read_settings(file, data_dir, environ)
    if problems := list(_wrong(orders, settings)):
        raise SettingsError(problems)
    labels = parse_labels(orders.labels)
    rows = read_episodes(orders.episodes) if orders.episodes else []
    with lifecycle.stop_on_signals() as stop:
        work = asyncio.create_task(_run(orders, settings, rows, labels))
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait([work, stopped], return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not work.done():
            work.cancel()
            await asyncio.wait([work])
            if work.cancelled():
                raise StartError("stopped; the same command again goes on from here")
        await work


def _wrong(orders: Orders, settings: Settings) -> Iterable[str]:
    known = known_formats(settings.fastly.counting)
    if orders.form not in known:
        yield f"--format: no such format: {orders.form}; there are: {', '.join(sorted(known))}"
    if orders.labels and not orders.openmetrics:
        yield "--label: is of use with --openmetrics alone"


async def _run(
    orders: Orders,
    settings: Settings,
    rows: Sequence[EpisodeFacts | BadRow],
    labels: Sequence[tuple[str, str]],
) -> None:
    problems = _Problems()
    for row in rows:
        if isinstance(row, BadRow):
            problems.tell(row.problem)
    files = await _files(orders, settings, problems)
    async with AsyncExitStack() as stack:
        recorders = settings.fastly.counting.recorders
        ledger = await stack.enter_async_context(
            offline.opened_ledger(settings, connections=2 * recorders + 1)
        )
        await ledger.prepare()
        told = [row for row in rows if isinstance(row, EpisodeFacts)]
        if told:
            await write_episodes(ledger.database, told, datetime.now(UTC))
        folder = stack.enter_context(work_folder(settings.data_dir))
        await _count(orders, settings, ledger, folder, files, problems, labels)
        await ledger.tidy(datetime.now(UTC))
    if problems.count:
        several = "1 problem is" if problems.count == 1 else f"{problems.count} problems are"
        raise StartError(f"{several} told above; all else is counted")


async def _files(orders: Orders, settings: Settings, problems: _Problems) -> Sequence[LogFile]:
    files = []
    async for found in find(orders.paths, settings.fastly.s3, settings.data_dir):
        if isinstance(found, LogFile):
            files.append(found)
        else:
            problems.tell(found.problem)
    return files


async def _count(
    orders: Orders,
    settings: Settings,
    ledger: Ledger,
    folder: Path,
    files: Sequence[LogFile],
    problems: _Problems,
    labels: Sequence[tuple[str, str]],
) -> None:
    bench = Bench(settings.fastly, settings.fastly.counting, folder, ledger)
    progress = problems.progress = Progress(sum(each.size for each in files), sys.stderr)
    loader = Loader(folder, orders.form, settings.fastly.line_limit, problems.tell)
    kept = settings.fastly.quarantine or settings.data_dir / "quarantine"
    quarantine = Quarantine(kept, settings.fastly.quarantine_quota, REASONS, SOURCES)
    async with AsyncExitStack() as stack:
        stack.callback(progress.finish)
        await stack.enter_async_context(KeptHeap())
        await stack.enter_async_context(RareCollection())
        await stack.enter_async_context(ShortTurns())
        history = stack.enter_context(History(bench, folder)) if orders.openmetrics else None
        recorders = [bench.recorder(n) for n in range(bench.counting.recorders)]
        for recorder in recorders:
            await stack.enter_async_context(opened(recorder.measurer))
        work = Work(recorders, history, quarantine, problems.tell, progress.add)
        await work.run(loader.loads(files))
        progress.finish()
        sys.stdout.write(summary(work.tally, len(files), loader.too_long, kept))
        if work.tally.unreadable:
            problems.tell("no line could be read: see --format, and [fastly.counting.formats]")
        if history and orders.openmetrics:
            await _write_history(orders.openmetrics, labels, ledger, history)
    problems.progress = None


async def _write_history(
    path: Path, labels: Sequence[tuple[str, str]], ledger: Ledger, history: History
) -> None:
    database, visits = ledger.database, history.visits
    with Writer(path, labels) as writer:
        for name, help_text, names, sums in (
            (
                "podcast_downloads_total",
                "Downloads by the hour in which they began.",
                ("podcast", "episode"),
                downloads_by_hour(database, visits),
            ),
            (
                "podcast_requests_total",
                "Requests for audio by what became of them.",
                ("podcast", "outcome"),
                requests_by_hour(database, visits),
            ),
            (
                "podcast_delivered_bytes_total",
                "Bytes of audio that were sent.",
                ("podcast",),
                delivered_by_hour(database, visits),
            ),
            (
                "cdn_requests_total",
                "Requests that the CDN answered.",
                ("host", "pop", "status", "cache"),
                _each(history.answers()),
            ),
        ):
            await writer.family(name, help_text, names, sums)
    sys.stdout.write(
        f"{path} holds their history by the hour. To give it to a Prometheus that keeps its data"
        " in DATA:\n"
        f"  {COMMAND} {shlex.quote(str(path))} DATA\n"
        "It forgets what is older than its --storage.tsdb.retention.time (15d unless you set it).\n"
    )


async def _each(rows: Iterable[Sum]) -> AsyncIterator[Sum]:
    for row in rows:
        yield row
