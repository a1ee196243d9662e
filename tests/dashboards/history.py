"""Five weeks of generated history for every family, and a real Prometheus that starts on it."""

import json
import re
import subprocess
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice, product
from math import sin
from pathlib import Path
from zlib import crc32

from exporters.core.exposition.numbers import number
from tests.dashboards.catalogue import Served, families
from tests.dashboards.generated import asked
from tests.e2e.processes import free_port, get, until
from tests.programs import program

MINUTE, WEEK = 60, 7 * 86400
STEP = 2 * MINUTE
WEEKS = 5
RECENT, EARLIER = 3 * 3600, 3600
"""Seconds of history up to now, and up to the same minute of each week before."""
MOST = 40
"""Series of one family; more are left out."""

VALUES: Mapping[str, Sequence[str]] = {
    "alertname": ["SiteDown", "EpisodeLate"],
    "alertstate": ["firing"],
    "severity": ["critical"],
    "podcast": ["drumlinlane", "moraine"],
    "episode": ["101", "102"],
    "source": ["app", "stream"],
    "days": ["1", "7"],
    "kind": ["rss", "email"],
    "tenth": ["1", "10"],
    "outcome": ["counted", "bot", "datacenter", "failed"],
    "host": ["cdn.example", "www.example"],
    "status": ["200", "404", "503"],
    "cache": ["HIT", "MISS", "PASS"],
    "protocol": ["tcp", "tcp6", "HTTP/2"],
    "ip_version": ["4", "6"],
    "state": ["running", "unhealthy", "inuse", "desired"],
    "level": ["info", "error"],
    "service": ["web", "db"],
    "stack": ["", "site"],
    "mode": ["idle", "user"],
    "fstype": ["ext4"],
    "tasks": ["some", "full"],
    "datname": ["app"],
}
PARTS = ("0.1", "1.0", "60.0", "3600.0", "+Inf")


def labelsets(served: Served) -> Iterator[dict[str, str]]:
    names = served.labels
    values = [VALUES.get(name, [f"{name}-1"]) for name in names]
    for combination in islice(product(*values), MOST):
        yield dict(zip(names, combination, strict=True))


def series(served: Served) -> Iterator[tuple[str, int]]:
    """Yield name with labels, and how much it grows a second (0: a gauge)."""
    for labels in labelsets(served):
        labels |= {"job": "neighbour", "instance": "here:1"}
        if served.type == "histogram":
            for index, bound in enumerate(PARTS):
                yield written(f"{served.name}_bucket", {**labels, "le": bound}), index + 1
            yield written(f"{served.name}_count", labels), len(PARTS)
            yield written(f"{served.name}_sum", labels), 1
        else:
            grows = served.type == "counter" or served.name.endswith("_total")
            yield written(served.name, labels), int(grows or served.name.startswith("pg_stat_d"))


def written(name: str, labels: Mapping[str, str]) -> str:
    pairs = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return f"{name}{{{pairs}}}"


def value(name: str, growth: int, start: int, at: int) -> str:
    """Counters grow, moments are of today, ones are one, and gauges wander."""
    if growth:
        return str(growth * (at - start) * (1 + crc32(name.encode()) % 5))
    family = name.partition("{")[0]
    if any(word in family for word in ("timestamp", "_seen", "boot_time", "start_time", "FOR_ST")):
        return str(at - 5 * MINUTE)
    if family in {"up", "ALERTS", "pg_up", "nginx_up"} or family.endswith(("_info", "_problem")):
        return "1"
    if family.endswith("_avail_bytes"):
        return str(1e12 - (at - start))
    return number(5 + sin(at / 600 + crc32(name.encode()) % 7))


def moments(now: int) -> list[int]:
    """Return when there are samples: lately, and around the same minute of earlier weeks."""
    found: list[int] = []
    for week in range(WEEKS, -1, -1):
        end = now - week * WEEK
        begin = end - (EARLIER if week else RECENT)
        found += range(begin, end + (STEP if week else 1), STEP)
    return found


def write_history(file: Path, now: int) -> int:
    """Write OpenMetrics text of every family; return how many series there are."""
    times, count = moments(now), 0
    shown = set(re.findall(r"fastly_rt_\w+", " ".join(query.text for query in asked("prometheus"))))
    with file.open("w") as text:
        for served in families().values():
            if served.name.startswith("fastly_rt_") and not shown & set(served.series):
                continue  # of Fastly's two hundred families a dozen is shown
            for name, growth in series(served):
                count += 1
                text.writelines(
                    f"{name} {value(name, growth, times[0], at)} {at}\n" for at in times
                )
        text.write("# EOF\n")
    return count


class Answers:
    """A Prometheus that is asked as Grafana asks it."""

    def __init__(self, url: str, now: int) -> None:
        self.url = url
        self.now = now

    def has_data(self, expr: str, *, instant: bool) -> bool:
        """Whether a query gives a number that is one; fails where Prometheus refuses it."""
        query = {"query": expr}
        if instant:
            path, query["time"] = "query", str(self.now)
        else:
            path = "query_range"
            query |= {"start": str(self.now - 3600), "end": str(self.now), "step": "120"}
        status, text = get(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}")
        assert status == 200, f"{expr}: {text}"
        found = json.loads(text)["data"]["result"]
        samples = [s for each in found for s in each.get("values", [each.get("value")])]
        return any(sample[1] not in {"NaN", "+Inf", "-Inf"} for sample in samples)


@contextmanager
def history(folder: Path, now: int) -> Iterator[Answers]:
    """Make blocks of the history and run a Prometheus on them."""
    text = folder / "history.txt"
    write_history(text, now)
    tool = program("promtool", package="prometheus")
    make = [tool, "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=768h", "-q"]
    subprocess.run([*make, text, folder / "tsdb"], check=True, timeout=240)
    text.unlink()
    (folder / "prometheus.yml").write_text("global: {}\n")
    port = free_port()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                program("prometheus", package="prometheus"),
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'tsdb'}",
                "--storage.tsdb.retention.time=1y",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: get(f"{url}/-/ready")[0] == 200, "Prometheus is up on its history", 60)
        yield Answers(url, now)
    finally:
        process.terminate()
        process.wait(20)
