"""Grafana and its Loki beside a demo: every dashboard, and request lines and logs to explore."""

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from exporters.demo.neighbours import Neighbour
from exporters.demo.ports import free_address

_ROOT = Path(__file__).parents[2]
_PROVISIONING = _ROOT / "dashboards" / "provisioning"
_DASHBOARDS = _ROOT / "dashboards" / "generated"
_LOKI = _ROOT / "stack" / "loki.yml"
_HOMES = ("/usr/share/grafana", "/opt/homebrew/share/grafana", "/usr/local/share/grafana")
_PATIENCE = 5.0
"""Seconds in which a program says who it is."""


class Loki(Neighbour):
    """Keeps the lines of a demo, with the settings of our stack; where Nearfield has its sources.

    Debian has another program of that name: only one that says that it is Grafana's is started.
    """

    title = "Loki"
    cure = "install Grafana's Loki, which Debian's package loki is not"
    programs = ("loki",)
    port = 3100

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._address = free_address(self._address)

    @property
    def address(self) -> str:
        """Where it will listen, if it is started."""
        return f"http://{self._address}"

    async def program(self) -> str | None:
        """See `Neighbour.program`."""
        path = await super().program()
        return path if path and _LOKI.exists() and await _is_grafanas(path) else None

    def arguments(self) -> Sequence[str]:
        """Return the arguments for one that keeps its lines in the folder."""
        file = self._folder / "loki.yml"
        text = _LOKI.read_text(encoding="utf-8").replace("/loki", str(self._folder / "data"))
        host = f"http_listen_address: {self._address.host}, grpc_listen_port: 0"
        ours = f"{host}, http_listen_port: {self._address.port}"
        file.write_text(text.replace("http_listen_port: 3100", ours))
        return (f"-config.file={file}",)


async def _is_grafanas(program: str) -> bool:
    process = await asyncio.create_subprocess_exec(
        program,
        "--version",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(_PATIENCE):
            words, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return False
    return b"loki, version" in words


class Grafana(Neighbour):
    """Shows every dashboard of ours to whoever is on this machine."""

    title = "Grafana"
    cure = "install Grafana to see the dashboards"
    programs = ("grafana-server", "grafana")
    port = 3000

    def __init__(self, folder: Path, ledger: str, others: Mapping[str, Neighbour]) -> None:
        """`ledger`: a connection string over a socket; `others` as our data sources call them."""
        super().__init__(folder)
        self._ledger = conninfo_to_dict(ledger)
        self._others = others

    async def program(self) -> str | None:
        """See `Neighbour.program`."""
        return await super().program() if _PROVISIONING.is_dir() and _home() else None

    def arguments(self) -> Sequence[str]:
        """Write what it reads at its start, and return its arguments."""
        sources = (_PROVISIONING / "datasources" / "nearfield.yml").read_text(encoding="utf-8")
        for name, other in self._others.items():
            if other.url:
                sources = sources.replace(f"http://{name}:{other.port}", other.url)
        boards = (_PROVISIONING / "dashboards" / "nearfield.yml").read_text(encoding="utf-8")
        boards = boards.replace("/var/lib/grafana/dashboards/nearfield", str(_DASHBOARDS))
        for kind, text in (("datasources", sources), ("dashboards", boards)):
            folder = self._folder / "provisioning" / kind
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "nearfield.yml").write_text(text)
        server = [] if shutil.which(self.programs[0]) else ["server"]
        return (*server, "--homepath", _home())

    def environment(self) -> Mapping[str, str]:
        """Return its settings: anybody here may look, nobody may change, nothing is reported."""
        return {
            "GF_PATHS_DATA": str(self._folder / "data"),
            "GF_PATHS_LOGS": str(self._folder / "logs"),
            "GF_PATHS_PROVISIONING": str(self._folder / "provisioning"),
            "GF_SERVER_HTTP_ADDR": self._address.host,
            "GF_SERVER_HTTP_PORT": str(self._address.port),
            "GF_AUTH_ANONYMOUS_ENABLED": "true",
            "GF_AUTH_ANONYMOUS_ORG_ROLE": "Viewer",
            "GF_ANALYTICS_REPORTING_ENABLED": "false",
            "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
            "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH": str(_DASHBOARDS / "now.json"),
            "NEARFIELD_LEDGER_HOST": str(self._ledger["host"]),
            "NEARFIELD_LEDGER_USER": str(self._ledger["user"]),
            "NEARFIELD_LEDGER_DATABASE": str(self._ledger["dbname"]),
            "NEARFIELD_LEDGER_SSLMODE": "disable",
            "NEARFIELD_LEDGER_PASSWORD": "",
        }


def _home() -> str:
    """Return where Grafana's own files are; empty where they are not found."""
    return next((home for home in _HOMES if (Path(home) / "public").is_dir()), "")
