"""A real Prometheus with the settings of the stack, and a real Nearfield for it to find."""

import json
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from tests.alerts.stack import process
from tests.answering import answering
from tests.e2e.processes import free_port, get, nearfield, until
from tests.programs import program
from tests.stack.composed import begun

PAGE = """\
# TYPE container_memory_working_set_bytes gauge
container_memory_working_set_bytes{name="web"} 5
# TYPE container_memory_cache gauge
container_memory_cache{name="web"} 7
"""


def another_host() -> AbstractContextManager[str]:
    """Serve two families of containers as a further host's Nearfield would; yield its address."""

    def page(request: BaseHTTPRequestHandler) -> tuple[int, str]:
        wanted = parse_qs(urlsplit(request.path).query).get("collect[]", ["containers"])
        return 200 if wanted == ["containers"] else 400, PAGE

    return answering(page)


@contextmanager
def prometheus(folder: Path, ours: str, other: str) -> Iterator[str]:
    """Run one with the stack's settings; only the addresses are others. Yield its own."""
    settings = begun("prometheus", folder, NEARFIELD_GRAFANA_URL="") / "etc/prometheus"
    for file in (settings / "prometheus.yml", settings / "targets/seconds.yml"):
        text = file.read_text().replace("nearfield:9580", ours)
        # What a queue of 15 s would prove it proves in 2.
        file.write_text(text.replace("scrape_interval: 15s", "scrape_interval: 2s"))
    hosts = f'- targets: ["{other}"]\n'
    (settings / "targets/nearfield.yml").write_text(hosts)
    seconds = settings / "targets/seconds.yml"
    seconds.write_text(seconds.read_text() + hosts)
    address = f"127.0.0.1:{free_port()}"
    command = (
        program("prometheus", package="prometheus"),
        f"--config.file={settings / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address={address}",
    )
    with process(folder, *command):
        yield f"http://{address}"


def asked(url: str, promql: str) -> list[dict[str, str]]:
    """Return the labels of what a query finds."""
    status, text = get(f"{url}/api/v1/query?query={quote(promql)}")
    return [each["metric"] for each in json.loads(text)["data"]["result"]] if status == 200 else []


def test_prometheus_finds_nearfield_and_counts_nothing_twice(tmp_path: Path) -> None:
    # Without an engine and a ledger: what is down does not keep it from being found.
    settings = (
        '[ledger]\ndsn = "host=127.0.0.1 port=1"\n'
        f'[containers]\n[docker]\nhost = "unix://{tmp_path}/none.sock"\n'
    )
    with (
        nearfield(tmp_path / "nearfield", settings, "containers") as ours,
        another_host() as other,
        prometheus(tmp_path, ours.url.removeprefix("http://"), other) as url,
    ):
        up = 'up{job=~"nearfield|seconds"} == 1'
        until(lambda: len(asked(url, up)) == 4, "both jobs find both hosts", 60)
        until(lambda: asked(url, "container_memory_cache"), "the slow job has been there")
        until(lambda: asked(url, "nearfield_build_info"), "and at ours, too")
        # By the second, and beside what is not: the same labels, each series once.
        for name in ("container_memory_working_set_bytes", "container_memory_cache"):
            [labels] = asked(url, name)
            assert (labels["job"], labels["instance"]) == ("nearfield", other), name
        both = "container_memory_working_set_bytes + container_memory_cache"
        assert len(asked(url, both)) == 1
        counted = "count_over_time({}[10s])"
        often = counted.format("container_memory_working_set_bytes")
        rarely = counted.format("container_memory_cache")
        until(lambda: asked(url, f"{often} > {rarely}"), "one comes each second")


def test_the_families_of_each_second_are_ours() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    text = (Path(__file__).parents[2] / "stack" / "prometheus.yml").read_text()
    [names] = re.findall(r"regex: &seconds (\S+)", text)
    for name in names.replace("(receive|transmit)", "receive").split("|"):
        assert f"| `{name}` |" in readme
