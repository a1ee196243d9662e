"""Those who watch a demo as they would watch a platform: Prometheus, its alerts, its exporters."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from exporters.core.quantities import Address
from exporters.demo.neighbours import Neighbour

_ALERTS = Path(__file__).parents[2] / "alerts"
"""Our rules, where Nearfield runs from its sources."""
_MODULES = _ALERTS / "blackbox.yml"
_NOBODY = {"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}
_WEBHOOK = "/run/secrets/slack_webhook"
"""What our alertmanager.yml calls the file with the address of Slack."""


class NodeExporter(Neighbour):
    """Tells how this machine is."""

    title = "node exporter"
    programs = ("node_exporter", "prometheus-node-exporter")
    port = 9100

    def arguments(self) -> Sequence[str]:
        """Return its arguments."""
        return (f"--web.listen-address={self._address}", "--log.level=warn")


class PostgresExporter(Neighbour):
    """Tells how the demo's PostgreSQL is."""

    title = "postgres exporter"
    programs = ("postgres_exporter", "prometheus-postgres-exporter")
    port = 9187

    def __init__(self, folder: Path, dsn: str) -> None:
        super().__init__(folder)
        self._dsn = dsn

    def arguments(self) -> Sequence[str]:
        """Return its arguments."""
        return (f"--web.listen-address={self._address}", "--log.level=warn")

    def environment(self) -> Mapping[str, str]:
        """Return the database to ask: a socket, where nothing is encrypted."""
        return {"DATA_SOURCE_NAME": f"{self._dsn} sslmode=disable"}


class BlackboxExporter(Neighbour):
    """Looks at the demo's page from outside, by the modules of our stack."""

    title = "blackbox exporter"
    programs = ("blackbox_exporter", "prometheus-blackbox-exporter")
    port = 9115

    async def program(self) -> str | None:
        """See `Neighbour.program`."""
        return await super().program() if _MODULES.exists() else None

    def arguments(self) -> Sequence[str]:
        """Return its arguments."""
        return (
            f"--config.file={_MODULES}",
            f"--web.listen-address={self._address}",
            "--log.level=warn",
        )


class Alertmanager(Neighbour):
    """Shows the alerts that our rules raise; tells Slack of them where its address is given."""

    title = "Alertmanager"
    cure = "install the package prometheus-alertmanager (Debian) to see alerts"
    programs = ("alertmanager", "prometheus-alertmanager")
    port = 9093

    def __init__(self, folder: Path, slack_url_file: Path | None = None) -> None:
        super().__init__(folder)
        self._slack_url_file = slack_url_file

    def arguments(self) -> Sequence[str]:
        """Return the arguments for one that forms no cluster."""
        file = self._folder / "alertmanager.yml"
        file.write_text(self._configuration())
        return (
            f"--config.file={file}",
            f"--storage.path={self._folder / 'data'}",
            f"--web.listen-address={self._address}",
            "--cluster.listen-address=",
            "--log.level=warn",
        )

    def _configuration(self) -> str:
        ours = _ALERTS / "alertmanager.yml"
        if not self._slack_url_file or not ours.exists():
            return json.dumps(_NOBODY)
        text = ours.read_text(encoding="utf-8")
        text = text.replace(_WEBHOOK, str(self._slack_url_file.absolute()))
        return text.replace("- templates/", f"- {_ALERTS}/templates/")


class Prometheus(Neighbour):
    """Scrapes the demo and those beside it every 5 s, and answers queries about them."""

    title = "Prometheus"
    cure = "install the package prometheus (Debian, Homebrew) and start again"
    programs = ("prometheus",)
    port = 9090

    def __init__(self, folder: Path, target: Address, others: Mapping[str, Neighbour]) -> None:
        """`others` by the name of their job, which our rules know; started before this one."""
        super().__init__(folder)
        self._target = target
        self._others = others

    def arguments(self) -> Sequence[str]:
        """Return the arguments for a Prometheus that keeps what it scrapes in the folder."""
        file = self._folder / "prometheus.yml"
        file.write_text(json.dumps(self._configuration(), indent=2))
        return (
            f"--config.file={file}",
            f"--storage.tsdb.path={self._folder / 'tsdb'}",
            f"--web.listen-address={self._address}",
            "--log.level=warn",
        )

    def _configuration(self) -> Mapping[str, object]:
        """Return it as JSON can write it, which is YAML as well."""
        jobs = {name: each.url for name, each in self._others.items() if each.url}
        blackbox = jobs.pop("outside", None)
        jobs |= {"nearfield": f"http://{self._target}", "prometheus": f"http://{self._address}"}
        alertmanager = jobs.get("alertmanager")
        return {
            "global": {"scrape_interval": "5s", "evaluation_interval": "5s"},
            "rule_files": [str(_ALERTS / "rules" / "*.yml")] if _ALERTS.is_dir() else [],
            "alerting": {"alertmanagers": [_targets(alertmanager)] if alertmanager else []},
            "scrape_configs": [
                *({"job_name": name, **_targets(url)} for name, url in jobs.items()),
                *([self._outside(blackbox)] if blackbox else []),
            ],
        }

    def _outside(self, blackbox: str) -> Mapping[str, object]:
        """Return the job that looks at the demo's page through the blackbox exporter."""
        page, labels = f"http://{self._target}/", {"what": "site", "ip_version": "4"}
        return {
            "job_name": "outside",
            "metrics_path": "/probe",
            "params": {"module": ["http_4"]},
            "static_configs": [{"targets": [page], "labels": labels}],
            "relabel_configs": [
                {"source_labels": ["__address__"], "target_label": "__param_target"},
                {"source_labels": ["__address__"], "target_label": "instance"},
                {"target_label": "__address__", "replacement": blackbox.removeprefix("http://")},
            ],
        }


def _targets(url: str) -> dict[str, list[dict[str, list[str]]]]:
    return {"static_configs": [{"targets": [url.removeprefix("http://")]}]}
