"""Measure a chunk of lines in two steps, between which the ledger is asked what it knows."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from exporters.fastly.agents import Classifier
from exporters.fastly.derived.model import Derived
from exporters.fastly.derived.sql import meant
from exporters.fastly.formats import Format
from exporters.fastly.measure.answers import Answers, answers
from exporters.fastly.measure.audio import join
from exporters.fastly.measure.facts import facts
from exporters.fastly.measure.hosts import Hosts
from exporters.fastly.measure.model import Measured, Moment, Rules, Stream, Survey
from exporters.fastly.measure.networks import Networks
from exporters.fastly.measure.own import count
from exporters.fastly.measure.places import Places
from exporters.fastly.measure.reading import Reading
from exporters.fastly.measure.stream import stream
from exporters.fastly.measure.survey import survey
from exporters.fastly.measure.threshold import needed_bytes
from exporters.fastly.measure.told import Telling
from exporters.fastly.measure.workspace import Workspace
from exporters.fastly.requests.condition import Worth
from exporters.fastly.requests.model import Told
from exporters.ledger.model import Known

_OF_TOLD = frozenset(("referer", "request_id"))
"""Facts of requests that are told one by one: a seventh of the reading, where none is."""


class Measurer:
    """Holds a DuckDB for one chunk after the other; used by one thread at a time."""

    def __init__(
        self,
        rules: Rules,
        classifier: Classifier,
        networks: Networks,
        hosts: Hosts,
        scratch: Path,
        own: Callable[[], Sequence[Derived]] = tuple,
        worth: Worth | None = None,
    ) -> None:
        """Keep what cannot be measured in memory in the folder `scratch`, which is made anew.

        `own` gives the metrics that users define of lines, asked for each chunk in its thread;
        `worth` says which requests are told, None that none is.
        """
        self._own = own
        self._rules = rules
        self._classifier = classifier
        self._networks = networks
        self._hosts = hosts
        self._places = Places(rules)
        self._telling = Telling(worth, classifier, self._places, rules.feed_path) if worth else None
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

    @property
    def tells(self) -> bool:
        """Whether any request is told."""
        return self._telling is not None

    def survey(self, file: Path, form: Format, moment: Moment, lines: int) -> Survey:
        """Read a file of so many lines at most, and return what the ledger must be asked about.

        Raises MeasureError, and OSError for the file, or a copy of it, on disk.
        """
        self._moment, self._asked = moment, self._own()
        told = self._telling.worth.told if self._telling and not moment.backfill else ""
        form = form if told else form.without(_OF_TOLD)
        reading = Reading(self._workspace, self._rules, moment, meant(self._asked), told or "FALSE")
        self._reasons = reading.read(file, form, lines)
        every_address = bool(self._networks)
        self._found = survey(
            self._workspace, self._places, self._reasons, every_address=every_address
        )
        return self._found.survey

    def measure(self, known: Known) -> Measured:
        """Measure what was surveyed. The file is not needed any more. Raises MeasureError."""
        texts = self._found.agents
        agents = self._classifier(texts)
        join(self._workspace, self._found, agents, self._networks, known, self._moment)
        needed = {episode.id: needed_bytes(self._rules, episode) for episode in known.episodes}
        found = facts(self._workspace, texts, agents, known, needed)
        return Measured(self._stream(), found, self._left_out(known), self._told(known))

    def _stream(self) -> Stream:
        if self._moment.backfill:  # history adds nothing to `cdn_*`, and nobody looks at it
            return Stream()
        sums = stream(self._workspace, self._hosts)
        return replace(sums, own=count(self._workspace, self._asked, self._hosts))

    def _told(self, known: Known) -> Told:
        if self._telling is None or self._moment.backfill:
            return Told()
        return self._telling.tell(self._workspace, known.shows)

    def answers(self) -> list[Answers]:
        """Return what was surveyed by the hour. Raises MeasureError."""
        return answers(self._workspace, self._hosts)

    def _left_out(self, known: Known) -> int:
        """Return how many requests for audio came for a day that is closed for their show."""
        if not known.closed:
            return 0
        days = [f"{day} {podcast}" for day, podcast in known.closed]
        rows = self._workspace.rows(
            "SELECT count(*) FROM taken JOIN paths USING (path) WHERE wanted AND NOT is_feed"
            " AND list_contains($days, began::DATE || ' ' || podcast)",
            {"days": days},
        )
        return int(rows[0][0])

    def interrupt(self) -> None:
        """Make what runs in another thread end soon, with MeasureError."""
        self._workspace.interrupt()
