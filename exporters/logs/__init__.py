"""Container logs and our own records, on their way to Loki."""

import re
from collections.abc import Sequence

from exporters.core.collection import RareCollection
from exporters.core.exporter import Exporter
from exporters.core.telemetry import Telemetry
from exporters.docker import DockerClient, DockerSettings, Engine
from exporters.logs.convoy import Convoy
from exporters.logs.editing import Drops, Editor, Origin
from exporters.logs.follower import EXPORTER, SOURCE, Means
from exporters.logs.joining import Rules
from exporters.logs.metrics import DROPS, LogsMetrics
from exporters.logs.model import Line, Reader
from exporters.logs.own_records import OwnRecords
from exporters.logs.reading import Work
from exporters.logs.redaction import Redactor
from exporters.logs.settings import LogsSettings
from exporters.logs.source import Followers
from exporters.logs.throttle import Throttles
from exporters.loki import Loki, Stream

__all__ = ["Line", "LogsSettings", "Reader", "Works", "build"]


def build(
    settings: LogsSettings,
    docker: DockerSettings,
    engine: Engine,
    loki: Loki,
    host: str,
    telemetry: Telemetry,
    *,
    readers: Sequence[Reader] = (),
) -> Exporter:
    """Return the exporter; engine and Loki's sink are opened and run by whoever made them.

    `readers` see every group of lines once it was handed to the sink. Logs are read through a
    client of their own, since each takes a connection for as long as its container lives.
    """
    metrics = LogsMetrics(telemetry.dropped)
    client = DockerClient(docker, connections=0, chunked=False)
    loki.metrics.introduce(*DROPS)
    telemetry.introduce(EXPORTER, SOURCE)
    drops = Drops(metrics, loki.metrics.dropped)
    redactor = Redactor(settings.redact, settings.redact_patterns)
    works = Works(settings, Editor(host, redactor, metrics, drops, readers))
    oldest, followed = settings.max_line_age, metrics.followed
    means = Means(client, loki.sink, Convoy(), telemetry, followed, readers, oldest)
    wanted = settings.containers
    followers = Followers(engine.inventory, wanted, works.of, means, loki.sink, metrics)
    engine.inventory.watch(followers)
    own = OwnRecords(settings, Stream("nearfield", "", host, "stderr"))
    return Exporter(
        EXPORTER,
        resources=(RareCollection(), client, *((own,) if settings.own_records else ())),
        services=(followers,),
        sources=lambda: (followers,),
        collectors=(metrics, own),
    )


class Works:
    """What is done to the lines of each service, by the settings."""

    def __init__(self, settings: LogsSettings, editor: Editor) -> None:
        self._settings, self._editor = settings, editor
        self._throttles = Throttles(settings.rate_limits, settings.samples)
        self._first = {name: re.compile(text) for name, text in settings.first_lines.items()}

    def of(self, origin: Origin) -> Work:
        """Return what is done to the lines of a container."""
        first = self._first.get(origin.service, self._first.get("*"))
        rules = Rules(self._settings.multiline, self._settings.multiline_wait, first)
        return Work(origin, rules, self._throttles.of(origin.service, origin.stack), self._editor)
