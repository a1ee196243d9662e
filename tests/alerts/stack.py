"""Prometheus and Alertmanager on our rules with time running faster, and a strict Slack."""

import importlib.util
import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import yaml

from tests.alerts.rules import ALERTS, read
from tests.answering import answering, body_of
from tests.e2e.processes import free_port, get, until
from tests.programs import program

_SOAK = bool(os.environ.get("NEARFIELD_TEST_SOAK"))
FACTOR = 10 if _SOAK else 20
"""How much faster time runs: every duration of rules and routes is divided by it."""

CALM = 10.0 if _SOAK else 1.0
"""Seconds that nothing may be told in."""
SLOW = 30.0
"""Seconds beyond what the rules ask for that a busy machine may need."""

_SPAN = re.compile(r"\b(\d+)(s|m|h|d|w)\b")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_TIMES = ("group_wait", "group_interval", "repeat_interval", "resolve_timeout")
_AGES = ("STALE", "PENDING", "SPOOL_OLD", "NEW", "DEPLOYED")
"""Thresholds that are durations."""
_OF_RATE = re.compile(r"\b(\d+)(?= \* (?:avg_over_time|host:))")
"""Seconds that a rate is multiplied with, to say how many there were."""
_EACH = 0.5
"""Seconds from one evaluation of the rules to the next."""


def faster(text: str) -> str:
    """Return a text with every duration in it divided, in milliseconds."""
    text = _OF_RATE.sub(lambda m: str(int(m[1]) / FACTOR), text)
    text = text.replace("60 * sum_over_time", f"{_EACH} * sum_over_time")
    return _SPAN.sub(lambda m: f"{int(m[1]) * _SECONDS[m[2]] * 1000 // FACTOR}ms", text)


@dataclass(frozen=True)
class Post:
    """A message as Slack shows it."""

    title: str
    text: str
    at: float = field(default_factory=monotonic)


def checked(body: bytes) -> Post:
    """Return a message as Slack would take it, or fail as Slack would refuse it."""
    message = json.loads(body)
    assert set(message) <= {"channel", "username", "icon_emoji", "icon_url", "attachments"}
    [attachment] = message["attachments"]
    for name in ("title", "text", "fallback"):
        assert attachment[name].strip(), f"{name} is empty"
        assert len(attachment[name]) < 3000
        assert not re.search(r"[<>]", attachment[name]), "data is escaped"
    assert attachment["color"] in {"danger", "warning", "good"}
    assert [each["text"] for each in attachment["actions"]] == [
        *("Runbook", "Dashboard", "Explore logs", "Query", "Silence")
    ]
    for action in attachment["actions"]:
        assert action["type"] == "button"
        assert re.fullmatch(r"https?://[\x21-\x7e]+", action["url"]), action
    return Post(attachment["title"], attachment["text"])


@dataclass
class Slack:
    """Takes posts at its address; what is wrong with one is kept for the test."""

    posts: list[Post] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    url: str = ""

    def titles(self) -> list[str]:
        assert not self.wrong
        return [post.title for post in self.posts]


@contextmanager
def slack() -> Iterator[Slack]:
    room = Slack()

    def heard(request: BaseHTTPRequestHandler) -> tuple[int, str]:
        body = body_of(request)
        try:
            assert request.headers["Content-Type"] == "application/json"
            room.posts.append(checked(body))
        except (AssertionError, KeyError, ValueError) as error:
            room.wrong.append(f"{error!r}: {body!r}")
            return 400, ""
        return 200, ""

    with answering(heard) as address:
        room.url = f"http://{address}/services/T/B/secret"
        yield room


@contextmanager
def process(folder: Path, *command: str, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program with its words in a file beside its data."""
    with (folder / f"{Path(command[0]).name}.log").open("wb") as log:
        running = subprocess.Popen(
            command, stdout=log, stderr=log, env={**os.environ, **environ}, cwd=folder
        )
    try:
        yield running
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(20)


@dataclass(frozen=True)
class Stack:
    """The running two, and what they told."""

    url: str
    slack: Slack

    def firing(self) -> set[str]:
        """Return the names of alerts that fire now, the watchdog aside."""
        status, text = get(f"{self.url}/api/v1/alerts")
        assert status == 200, text
        alerts = json.loads(text)["data"]["alerts"]
        return {each["labels"]["alertname"] for each in alerts if each["state"] == "firing"} - {
            "Watchdog"
        }

    def finds(self, query: str) -> int:
        """Return how many series a query finds now."""
        status, text = get(f"{self.url}/api/v1/query?query={query}")
        return len(json.loads(text)["data"]["result"]) if status == 200 else 0

    def quiet(self, seconds: float = CALM) -> None:
        """Fail where anything is told, or fires, for a while."""
        began, told = monotonic(), len(self.slack.titles())
        while monotonic() < began + seconds:
            assert not (found := self.firing()), found
            assert len(self.slack.titles()) == told, self.slack.posts[told:]
            sleep(0.2)

    def tells(self, title: str, within: float) -> None:
        """Wait for the next message, which must be this one, in time (seconds of the rules)."""
        already = len(self.slack.titles())
        until(lambda: len(self.slack.titles()) > already, title, within / FACTOR + SLOW)
        assert self.slack.titles()[already:] == [title], self.slack.posts

    def ends(self) -> None:
        """Wait until nothing fires any more, and nothing is told of it."""
        until(lambda: self.firing() == set(), "nothing fires any more", 60)
        self.quiet()


def write_rules(folder: Path) -> None:
    """Write a copy of the rules in which time runs faster."""
    spec = importlib.util.spec_from_file_location("build", ALERTS / "build.py")
    assert spec
    assert spec.loader
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    settings = read(ALERTS / "settings.yml")
    ages = {name: settings["thresholds"][name] / FACTOR for name in _AGES}
    names = {**settings["links"], **settings["thresholds"], **settings["texts"], **ages}
    folder.mkdir()
    for source in sorted((ALERTS / "source").glob("*.yml")):
        _, data = next(build.built(source, names))
        for group in data["groups"]:
            group["interval"] = f"{_EACH * 1000:.0f}ms"
            for rule in group["rules"]:
                for part in {"expr", "for", "keep_firing_for"} & set(rule):
                    rule[part] = faster(rule[part])
        (folder / source.name).write_text(yaml.safe_dump(data))


def routes(config: Any) -> Any:
    """Return a part of Alertmanager's settings with time running faster and without nights."""
    if isinstance(config, list):
        return [routes(each) for each in config]
    if not isinstance(config, dict):
        return config
    return {
        name: faster(value) if name in _TIMES else routes(value)
        for name, value in config.items()
        if name != "mute_time_intervals"
    }


@contextmanager
def stack(folder: Path, jobs: Mapping[str, Sequence[str]]) -> Iterator[Stack]:
    """Run both, with these targets by job; Alertmanager and Prometheus are targets too."""
    prometheus, alertmanager = (f"127.0.0.1:{free_port()}" for _ in range(2))
    with slack() as room:
        (folder / "webhook").write_text(room.url)
        config = routes(read(ALERTS / "alertmanager.yml"))
        config["global"]["slack_api_url_file"] = str(folder / "webhook")
        config["templates"] = [str(ALERTS / "templates" / "*.tmpl")]
        (folder / "alertmanager.yml").write_text(yaml.safe_dump(config))
        write_rules(folder / "rules")
        targets = {**jobs, "prometheus": [prometheus], "alertmanager": [alertmanager]}
        scrapes = [
            {
                "job_name": job,
                "static_configs": [{"targets": list(addresses)}],
                # What a busy machine answers within: a page has thousands of series, and to say
                # that a server is gone takes postgres_exporter a second.
                "scrape_interval": f"{40 // FACTOR}s",
            }
            for job, addresses in targets.items()
        ]
        settings: dict[str, Any] = {
            "global": {"evaluation_interval": "500ms"},
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
            "scrape_configs": scrapes,
        }
        (folder / "prometheus.yml").write_text(yaml.safe_dump(settings))
        with (
            process(
                folder,
                program(
                    "prometheus-alertmanager", "alertmanager", package="prometheus-alertmanager"
                ),
                f"--config.file={folder / 'alertmanager.yml'}",
                f"--storage.path={folder / 'alerts'}",
                f"--web.listen-address={alertmanager}",
                "--cluster.listen-address=",
            ),
            process(
                folder,
                program("prometheus", package="prometheus"),
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'tsdb'}",
                f"--web.listen-address={prometheus}",
                "--rules.alert.resend-delay=1s",
            ) as running,
        ):
            found = Stack(f"http://{prometheus}", room)
            count = sum(map(len, targets.values()))
            until(lambda: found.finds("up==1") == count, "all are scraped", 120)
            # A minute in which nothing was scraped yet is a second here, and no outage.
            settings["rule_files"] = [str(folder / "rules" / "*.yml")]
            (folder / "prometheus.yml").write_text(yaml.safe_dump(settings))
            running.send_signal(signal.SIGHUP)
            until(lambda: found.finds("slo:objective:ratio") > 0, "rules are evaluated", 60)
            yield found
