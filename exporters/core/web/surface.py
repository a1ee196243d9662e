"""What a scraper and an orchestrator see: /metrics, /healthz and /readyz."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from aiohttp import web
from aiohttp.typedefs import Middleware
from prometheus_client import Metric
from prometheus_client.registry import Collector

from exporters.core.exporter import Exporter, Health
from exporters.core.exposition import compress, expose, negotiate

SMALL = 1400
"""Bytes that fit into one packet: not worth compressing."""


class Surface:
    """Answers for the exporters that run; reads what they hold in memory and does no other I/O."""

    def __init__(self, exporters: Sequence[Exporter], own: Collector) -> None:
        """`own` are the metrics of the runtime itself, which `collect[]` calls `nearfield`."""
        self._exporters = exporters
        self._collectors: Mapping[str, Sequence[Collector]] = {
            "nearfield": (own,),
            **{exporter.name: exporter.collectors for exporter in exporters},
        }

    def app(self, middlewares: Iterable[Middleware] = ()) -> web.Application:
        """Return the application with its three routes."""
        app = web.Application(middlewares=tuple(middlewares))
        app.router.add_get("/metrics", self.metrics)
        app.router.add_get("/healthz", self.healthz)
        app.router.add_get("/readyz", self.readyz)
        return app

    async def metrics(self, request: web.Request) -> web.Response:
        """Answer a scrape: all exporters, or those that `collect[]` names."""
        names = request.query.getall("collect[]", list(self._collectors))
        strangers = sorted(set(names).difference(self._collectors))
        if strangers:
            known = ", ".join(self._collectors)
            return web.Response(status=400, text=f"collect[] takes only these names: {known}\n")
        encoding = negotiate(",".join(request.headers.getall("Accept", ())))
        body = await expose(self._collect(dict.fromkeys(names)), encoding)
        headers = {"Content-Type": encoding.content_type, "Vary": "Accept, Accept-Encoding"}
        if len(body) > SMALL and "gzip" in request.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "gzip"
            body = await compress(body)
        return web.Response(body=body, headers=headers)

    def _collect(self, names: Iterable[str]) -> Iterator[Metric]:
        for name in names:
            for collector in self._collectors[name]:
                yield from collector.collect()

    async def healthz(self, _: web.Request) -> web.Response:
        """Answer that the event loop turns: that is all that liveness means."""
        return web.Response(text="ok\n")

    async def readyz(self, request: web.Request) -> web.Response:
        """Answer 200 once every source that is needed has fresh data, 503 until then."""
        state = {exporter.name: exporter.health() for exporter in self._exporters}
        needed = (health for sources in state.values() for health in sources if health.needed)
        ready = all(health.fresh for health in needed)
        status = 200 if ready else 503
        if _wants_json(request):
            exporters = {
                name: {health.source: _as_json(health) for health in sources}
                for name, sources in state.items()
            }
            return web.json_response({"ready": ready, "exporters": exporters}, status=status)
        lines = [
            f"{name}/{health.source}: {'fresh' if health.fresh else 'not fresh'}"
            + (f", {health.reason}" if health.reason else "")
            for name, sources in state.items()
            for health in sources
        ]
        return web.Response(
            status=status, text="\n".join([*lines, "ready" if ready else "not ready", ""])
        )


def _wants_json(request: web.Request) -> bool:
    accept = request.headers.get("Accept", "")
    return request.query.get("format") == "json" or "application/json" in accept


def _as_json(health: Health) -> dict[str, object]:
    age = None if health.age is None else round(health.age, 3)
    return {"fresh": health.fresh, "reason": health.reason, "age_seconds": age}
