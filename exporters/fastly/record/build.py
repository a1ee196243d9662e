"""The parts that record, put together from the settings."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from exporters.core.errors import SettingsError
from exporters.core.telemetry import Telemetry
from exporters.fastly import segment
from exporters.fastly.apps import opawg_classifier, own_classifier
from exporters.fastly.counting import CountingSettings
from exporters.fastly.derived import CdnMetrics
from exporters.fastly.formats import FORMATS, Format, merged
from exporters.fastly.measure import (
    BadNetworks,
    Measurer,
    Networks,
    Rules,
    pattern_problems,
    read_networks,
)
from exporters.fastly.measure.hosts import Hosts
from exporters.fastly.quarantine import Quarantine
from exporters.fastly.record.metrics import StreamMetrics
from exporters.fastly.record.recorder import Recorder
from exporters.fastly.record.worker import OnRepeated, Segments, Worker, tell_nobody
from exporters.fastly.requests import Teller, Worth
from exporters.fastly.settings import FastlySettings
from exporters.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Recording:
    """The parts that bring segments into the ledger, for an `Exporter`."""

    worker: Worker
    """A service, and the source whose health says whether lines reach the ledger."""
    metrics: StreamMetrics
    """A collector."""
    resources: Sequence[AbstractAsyncContextManager[Any]]


def build_recording(
    bench: "Bench",
    segments: Segments,
    quarantine: Quarantine,
    on_repeated: OnRepeated,
    telemetry: Telemetry,
    sources: Sequence[segment.Source] = segment.SOURCES,
    teller: Teller | None = None,
) -> Recording:
    """Return the parts that record what `segments` gives; they are opened with the exporter.

    Counters of `sources` are there from the beginning. `teller` gets the requests worth reading.
    """
    metrics = StreamMetrics(sources, telemetry.dropped, bench.own)
    recorders = [bench.recorder(number) for number in range(bench.counting.recorders)]
    on_told = teller.tell if teller else tell_nobody
    worker = Worker(
        segments, recorders, metrics, quarantine, on_repeated, telemetry, on_told=on_told
    )
    return Recording(worker, metrics, [opened(recorder.measurer) for recorder in recorders])


class Bench:
    """What every recorder of a process shares. A backfill has one recorder, a worker several.

    The database of `ledger` must give each recorder two connections. Raises SettingsError for
    patterns and files that cannot be used, and StartError.
    """

    def __init__(
        self,
        settings: FastlySettings,
        counting: CountingSettings,
        data_dir: Path,
        ledger: Ledger,
        own: CdnMetrics | None = None,
        worth: Worth | None = None,
    ) -> None:
        """`own` are metrics that users define of lines, `worth` which requests are told."""
        self.counting = counting
        self.own = own
        self._worth = worth
        self._rules = _rules(settings, counting)
        self._ledger = ledger
        self._data_dir = data_dir
        self._formats = known_formats(counting)
        self._networks = _networks(counting)
        lists = counting.user_agents
        self._classifier = opawg_classifier(lists) if lists else own_classifier()
        self._hosts = Hosts(settings.hosts)
        self._worker = ""
        if problems := pattern_problems(self._rules):
            raise SettingsError(problems)

    def recorder(self, number: int = 0) -> Recorder:
        """Return a recorder, whose measurer is still to be `opened`."""
        scratch = self._data_dir / "scratch" / str(number)
        return Recorder(
            ledger=self._ledger,
            measurer=self.measurer(scratch),
            formats=self.format,
            scratch=scratch,
            worker=self._name,
            live_window=timedelta(seconds=self.counting.live_window),
        )

    def measurer(self, scratch: Path) -> Measurer:
        """Return a measurer, still to be `opened`; what does not fit memory goes to `scratch`."""
        own = self.own
        return Measurer(
            self._rules,
            self._classifier,
            self._networks,
            self._hosts,
            scratch,
            own=lambda: own.current if own else (),
            worth=self._worth,
        )

    def format(self, name: str) -> Format:
        """Return the format of a segment; one that the settings no longer have is found out."""
        return self._formats.get(name, self._formats["auto"])

    def _name(self) -> str:
        """Return the name under which this data folder counts: the same after a restart.

        One process at a time holds the folder, and so the counters of its name.
        """
        if not self._worker:
            self._worker = _remembered(self._data_dir / "worker")
        return self._worker


def known_formats(counting: CountingSettings) -> Mapping[str, Format]:
    """Return the formats by their names, a user's own among them; `auto` is all of them."""
    own = {
        name: Format(name, {fact: (key,) for fact, key in fields.items()})
        for name, fields in counting.formats.items()
    }
    # A user's own come first: their keys mean what the user says.
    auto = merged("auto", [*own.values(), *FORMATS.values()])
    return {**FORMATS, **own, "auto": auto}


@asynccontextmanager
async def opened(measurer: Measurer) -> AsyncIterator[Measurer]:
    """Open a measurer with the exporter, and close it when its last segment is done."""
    with ExitStack() as stack:
        yield await asyncio.to_thread(stack.enter_context, measurer)


def _rules(settings: FastlySettings, counting: CountingSettings) -> Rules:
    return Rules(
        episode_path=settings.episode_path,
        feed_path=settings.feed_path,
        feeds=settings.feeds,
        id3_bytes=counting.id3_bytes,
        id3_bytes_by_podcast=counting.id3_bytes_by_podcast,
        bitrate=counting.bitrate,
        threads=counting.threads,
        memory_bytes=counting.memory,
    )


def _networks(counting: CountingSettings) -> Networks:
    try:
        return Networks(
            bots=read_networks(counting.bot_networks),
            datacenters=read_networks(counting.datacenter_networks),
            relays=read_networks(counting.relay_networks),
        )
    except BadNetworks as error:
        raise SettingsError([f"fastly.counting: {error}"]) from error


def _remembered(file: Path) -> str:
    """Return the name in a file, which is made where it is not there."""
    try:
        if name := file.read_text(encoding="utf-8").strip():
            return name
    except FileNotFoundError:
        pass
    new = file.with_name(f"{file.name}.new")
    new.write_text(f"{uuid4().hex}\n", encoding="utf-8")
    new.replace(file)
    return file.read_text(encoding="utf-8").strip()
