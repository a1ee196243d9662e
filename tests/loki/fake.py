"""A strict server in Loki's place: reads as Loki does, has its default limits, says its texts."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from time import time
from typing import Any, Self

from aiohttp import web

from tests.loki.wire import Line, Pushed, Unreadable, read

PUSH = "/loki/api/v1/push"
QUERY = "/loki/api/v1/query_range"

_NS = 10**9
_LINE = 256 * 1024
_LABEL_NAMES, _NAME, _VALUE = 15, 1024, 2048
_AGE, _AHEAD, _BEHIND = 168 * 3600 * _NS, 600 * _NS, 3600 * _NS
_METADATA_BYTES, _METADATA = 64 * 1024, 128
_TOLD = 10
_MOST = 5000
_SELECTED = re.compile(r'(\w+)="([^"]*)"')
_CATEGORIES = "categorize-labels"

Labels = tuple[tuple[str, str], ...]


class FakeLoki:
    """Keeps lines by stream. An identical line of the same stream and time is kept once."""

    def __init__(self, clock: Callable[[], float] = time) -> None:
        self.streams: dict[Labels, list[Line]] = defaultdict(list)
        self.repeated = 0
        self.pushes = 0
        self.port = 0
        self._seen: set[Line] = set()
        self._newest: dict[Labels, int] = {}
        self._clock = clock
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=100 * 1024**2)
        app.router.add_post(PUSH, self._push)
        app.router.add_get(QUERY, self._query)
        self._runner = web.AppRunner(
            app, shutdown_timeout=0.1, access_log=None, auto_decompress=False
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = site.port
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _push(self, request: web.Request) -> web.Response:
        self.pushes += 1
        try:
            streams = read(request.headers, await request.read())
        except (Unreadable, ValueError) as error:
            return web.Response(status=400, text=f"{error}\n")
        if not streams:
            return web.Response(status=422, text="error at least one valid stream is required\n")
        problems = [problem for stream in streams for problem in self._store(stream)]
        if problems:
            return web.Response(status=400, text="\n".join(problems[:_TOLD]) + "\n")
        return web.Response(status=204)

    def _store(self, stream: Pushed) -> Iterator[str]:
        """Keep the good lines; yield a text for each of the others."""
        if problem := stream.problem or _label_problem(stream.labels):
            yield problem
            return
        newest = self._newest.get(stream.labels, 0)
        behind = 0
        for line in stream.lines:
            if problem := self._line_problem(line):
                yield problem
            elif line.ns < newest - _BEHIND:
                behind += 1
            else:
                newest = max(newest, line.ns)
                self._keep(line)
        self._newest[stream.labels] = newest
        if behind:
            limit = _when(newest - _BEHIND)
            yield (
                f"entry with timestamp … ignored, reason: 'entry too far behind, entry timestamp"
                f" is: …, oldest acceptable timestamp is: {limit}',\nuser 'fake', total ignored:"
                f" {behind} out of {len(stream.lines)} for stream: {_text(stream.labels)}"
            )

    def _keep(self, line: Line) -> None:
        if line in self._seen:
            self.repeated += 1
        else:
            self._seen.add(line)
            self.streams[line.labels].append(line)

    def _line_problem(self, line: Line) -> str:
        now, stream = int(self._clock() * _NS), _text(line.labels)
        if line.ns < now - _AGE:
            return (
                f"entry for stream '{stream}' has timestamp too old: {_when(line.ns)},"
                f" oldest acceptable timestamp is: {_when(now - _AGE)}"
            )
        if line.ns > now + _AHEAD:
            return f"entry for stream '{stream}' has timestamp too new: {_when(line.ns)}"
        if (size := len(line.text.encode())) > _LINE:
            return (
                f"Max entry size '{_LINE}' bytes exceeded for stream '{stream}' while adding an"
                f" entry with length '{size}' bytes"
            )
        if (size := sum(len(n) + len(v) for n, v in line.metadata)) > _METADATA_BYTES:
            return (
                f"stream '{stream}' has structured metadata too large: '{size}' bytes, limit:"
                f" '{_METADATA_BYTES}' bytes. Please see `limits_config.max_structured_metadata"
                "_size` or contact your Loki administrator to increase it."
            )
        if len(line.metadata) > _METADATA:
            return (
                f"stream '{stream}' has too many structured metadata labels:"
                f" '{len(line.metadata)}', limit: '{_METADATA}'."
            )
        return ""

    async def _query(self, request: web.Request) -> web.Response:
        wanted = set(_SELECTED.findall(request.query["query"]))
        start, end = int(request.query["start"]), int(request.query["end"])
        apart = _CATEGORIES in request.headers.get("X-Loki-Response-Encoding-Flags", "")
        result = []
        for labels, lines in self.streams.items():
            if not wanted <= set(labels):
                continue
            found = sorted((x for x in lines if start <= x.ns < end), key=lambda x: x.ns)
            # Loki adds the service as another label, and a level to each line.
            named = {**dict(labels), "service_name": dict(labels).get("service", "unknown_service")}
            values = [_shown(line, apart) for line in found[: int(request.query["limit"])]]
            result.append({"stream": named, "values": values})
        assert int(request.query["limit"]) <= _MOST
        data = {"resultType": "streams", "result": result}
        return web.json_response({"status": "success", "data": data})


def _shown(line: Line, apart: bool) -> list[Any]:
    assert apart, "the metadata would be among the labels"
    metadata = {**dict(line.metadata), "detected_level": "unknown"}
    return [str(line.ns), line.text, {"structuredMetadata": metadata}]


def _label_problem(labels: Labels) -> str:
    text = _text(labels)
    if not labels:
        return "error at least one label pair is required per stream"
    if len(labels) > _LABEL_NAMES:
        return f"entry for stream '{text}' has {len(labels)} label names; limit {_LABEL_NAMES}"
    for name, value in labels:
        if len(name) > _NAME:
            return f"stream '{text}' has label name too long: '{name}'"
        if len(value.encode()) > _VALUE:
            return f"stream '{text}' has label value too long: '{value}'"
    if len(dict(labels)) < len(labels):
        return f"stream '{text}' has duplicate label name: '…'"
    return ""


def _text(labels: Labels) -> str:
    return "{" + ", ".join(f"{name}={json.dumps(value)}" for name, value in labels) + "}"


def _when(ns: int) -> str:
    return datetime.fromtimestamp(ns / _NS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
