"""Measure a chunk of lines in two steps, between which the ledger is asked what it knows."""

from pathlib import Path
from types import TracebackType
from typing import Self

from exporters.fastly.agents import Classifier
from exporters.fastly.formats import Format
from exporters.fastly.measure.facts import classify, facts, left_out, load
from exporters.fastly.measure.hosts import Hosts
from exporters.fastly.measure.model import Measured, Moment, Rules, Survey
from exporters.fastly.measure.networks import Networks
from exporters.fastly.measure.reading import prepare, read
from exporters.fastly.measure.stream import stream
from exporters.fastly.measure.survey import survey
from exporters.fastly.measure.workspace import Workspace
from exporters.ledger.model import Known


class Measurer:
    """Holds a DuckDB for one chunk after the other; used by one thread at a time."""

    def __init__(
        self,
        rules: Rules,
        classifier: Classifier,
        networks: Networks,
        hosts: Hosts,
        scratch: Path,
    ) -> None:
        """Keep what cannot be measured in memory in the folder `scratch`, which is made anew."""
        self._rules = rules
        self._classifier = classifier
        self._networks = networks
        self._hosts = hosts
        self._workspace = Workspace(scratch, memory_bytes=rules.memory_bytes, threads=rules.threads)

    def __enter__(self) -> Self:
        self._workspace.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._workspace.__exit__(kind, error, trace)

    def survey(self, file: Path, form: Format, moment: Moment) -> Survey:
        """Read a file of lines, and return what the ledger must be asked about.

        Raises MeasureError.
        """
        self._moment = moment
        prepare(self._workspace, moment)
        read(self._workspace, file, form, self._rules)
        return survey(self._workspace, self._rules)

    def measure(self, known: Known) -> Measured:
        """Measure what was surveyed. The file is not needed any more. Raises MeasureError."""
        load(self._workspace, self._rules, known)
        classify(self._workspace, self._classifier, self._networks)
        found = facts(self._workspace, known, self._moment)
        closed = left_out(self._workspace) if known.closed else 0
        return Measured(stream(self._workspace, self._hosts), found, closed)

    def interrupt(self) -> None:
        """Make what runs in another thread end soon, with MeasureError."""
        self._workspace.interrupt()
