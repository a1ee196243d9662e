"""Writes stack/public/dashboards: what of our dashboards may be seen by everyone.

Panels, variables and annotations that ask Loki or the ledger are left out, and so are links, since
they lead to where a visitor may not go. `--check` only compares.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "dashboards" / "generated"
OUT = ROOT / "stack" / "public" / "dashboards"
CHOSEN = ("now", "cdn")
_PRIVATE = re.compile(r"loki_datasource|ledger_datasource|nearfield-loki|nearfield-ledger")
_SHOWS = {
    "datasource": {"type": "prometheus", "uid": "${prometheus_datasource}"},
    "query": "label_values(podcast_info, podcast)",
}


def public(dashboard: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a dashboard that needs nothing but Prometheus."""
    shown: dict[str, Any] = _without_links(dashboard)
    variables = [
        each | _SHOWS if each["name"] == "podcast" else each for each in shown["templating"]["list"]
    ]
    shown["templating"]["list"] = [each for each in variables if not _private(each)]
    shown["annotations"]["list"] = [
        each for each in shown["annotations"]["list"] if not _private(each)
    ]
    shown["panels"] = _panels(shown["panels"])
    return shown


def _panels(panels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the panels that may be seen, without rows that have none left."""
    kept = []
    for panel in panels:
        if panel["type"] == "row":
            panel["panels"] = _panels(panel.get("panels", []))
        elif _private(panel):
            continue
        kept.append(panel)
    following = [*kept, {"type": "row"}][1:]
    return [
        panel
        for panel, after in zip(kept, following, strict=True)
        if panel["type"] != "row" or panel["panels"] or after["type"] != "row"
    ]


def _private(part: dict[str, Any]) -> bool:
    text = json.dumps(part)
    return bool(_PRIVATE.search(text)) or str(part.get("query")) in {"loki", "postgres"}


def _without_links(part: Any) -> Any:
    if isinstance(part, list):
        return [_without_links(each) for each in part]
    if not isinstance(part, dict):
        return part
    return {key: [] if key == "links" else _without_links(value) for key, value in part.items()}


def main(*, check: bool) -> int:
    """Write the dashboards, or compare them; return an exit code."""
    stale = []
    for name in CHOSEN:
        text = json.dumps(public(json.loads((SOURCE / f"{name}.json").read_text())), indent=2)
        file = OUT / f"{name}.json"
        if not file.exists() or file.read_text() != text + "\n":
            stale.append(file)
            if not check:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text + "\n")
    if check and stale:
        sys.stderr.write("stack/public is not what the dashboards are: run `make format`\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv))
