"""Loads: parts of files, a large one or many small ones, as one segment."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from exporters.backfill.ahead import Ahead
from exporters.backfill.contents import Contents
from exporters.backfill.files import LogFile
from exporters.core.errors import SourceError, StartError
from exporters.fastly.bodies.threads import in_thread
from exporters.fastly.receive_refusals import Refused
from exporters.fastly.segment import Batch, Segment
from exporters.ledger import Archive

FULL = 32 * 1024 * 1024
"""Bytes of lines at which a load takes no other part."""
MANY = 5000
"""Parts at which it takes no more, however small they are."""

OnProblem = Callable[[str], None]
"""Told of a file that cannot be read, in one line."""


@dataclass(frozen=True, slots=True)
class Load:
    """A segment, what the ledger is to remember of its files, and how much was read for it."""

    segment: Segment
    archives: Sequence[Archive]
    """Of its batches, in their order."""
    files: Sequence[int]
    """The numbers of their files."""
    read: int
    """Bytes, as they are stored, that were read since the load before."""


class Shelf:
    """Writes parts into the log of a load; loads that are full wait in `ready`.

    Raises StartError where the disk takes no more.
    """

    def __init__(self, folder: Path, form: str) -> None:
        self.ready: list[Load] = []
        self.read = 0
        self._folder, self._form = folder, form
        self._file = ("", 0)
        self._parts = self.lines = 0
        """Lines of the file whose parts have ended."""
        self._begin()

    def _begin(self) -> None:
        self._id = uuid4().hex
        self._path = self._folder / f"{self._id}.log"
        with explained():
            self._log = self._path.open("wb")
        self._start = self._size = 0
        self._batches: list[Batch] = []
        self._archives: list[Archive] = []
        self._files: list[int] = []

    def name(self, name: str, number: int) -> None:
        """Say whose parts follow."""
        self._file, self._parts, self.lines = (name, number), 0, 0

    def write(self, lines: bytes) -> None:
        """Take lines of a part."""
        with explained():
            self._log.write(lines)
        self._size += len(lines)

    def end(self, digest: str, lines: int) -> None:
        """Keep the part, and begin another load where this one is full."""
        name, number = self._file
        self._parts += 1
        self.lines += lines
        title = name if self._parts == 1 else f"{name} (part {self._parts})"
        self._batches.append(Batch(digest, self._start, self._size, lines))
        self._archives.append(Archive(digest, title, lines))
        self._files.append(number)
        self._start, self._size = self._start + self._size, 0
        if self._start >= FULL or len(self._batches) >= MANY:
            self.seal()
            self._begin()

    def abandon(self) -> None:
        """Take back what was written of a part that did not end."""
        with explained():
            self._log.seek(self._start)
            self._log.truncate()
        self._size = 0

    def seal(self) -> None:
        """Make the load ready as it is, if there is anything in it."""
        with explained():
            self._log.close()
        if not self._batches:
            self._path.unlink()
            return
        segment = Segment(self._id, self._path, "file", self._form, tuple(self._batches))
        self.ready.append(Load(segment, self._archives, self._files, self.read))
        self.read = 0

    def close(self) -> None:
        """Leave the log; its folder is thrown away."""
        self._log.close()


class Loader:
    """Reads files one after the other and gives loads; their logs are in `folder`."""

    def __init__(self, folder: Path, form: str, line_limit: int, on_problem: OnProblem) -> None:
        self.too_long = 0
        """Lines that were left out for their length."""
        self._folder, self._form = folder, form
        self._line_limit = line_limit
        self._on_problem = on_problem

    async def loads(self, files: Sequence[LogFile]) -> AsyncIterator[Load]:
        """Yield loads, whose logs the taker deletes. Raises OSError where no log can be written."""
        shelf = Shelf(self._folder, self._form)
        try:
            async with Ahead(files) as ahead:
                for number, file in enumerate(files):
                    shelf.name(file.name, number)
                    async with aclosing(self._read(file, ahead, shelf)) as loads:
                        async for load in loads:
                            yield load
            shelf.seal()
            while shelf.ready:
                yield shelf.ready.pop(0)
        finally:
            shelf.close()

    async def _read(self, file: LogFile, ahead: Ahead, shelf: Shelf) -> AsyncGenerator[Load, None]:
        """Put a file on the shelf; yield the loads that are full."""
        contents = Contents(file.encoding, self._line_limit, shelf)
        try:
            async with aclosing(ahead.read(file, contents.feed)) as reading:
                async for read in reading:
                    shelf.read += read
                    while shelf.ready:
                        yield shelf.ready.pop(0)
            await in_thread(None, contents.finish)
        except (Refused, SourceError) as error:
            self._broken(shelf, file, str(error))
        except OSError as error:
            self._broken(shelf, file, (error.strerror or "cannot be read").lower())
        self.too_long += contents.too_long.count

    def _broken(self, shelf: Shelf, file: LogFile, why: str) -> None:
        shelf.abandon()
        before = f"; what is before it, {shelf.lines} lines, counts" if shelf.lines else ""
        self._on_problem(f"{file.name}: {why}{before}")


@contextmanager
def explained() -> Iterator[None]:
    """Turn what the system says about our own files into a StartError."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or "not possible").lower()
        raise StartError(f"cannot keep lines under data_dir: {reason}") from error
