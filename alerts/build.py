"""Writes rules/ and tests/ from source/ and settings.yml; `--check` only compares.

An alert in source/ is written once, with what it says and with the cases that prove it. Here it
gets the thresholds, the links and the exact texts that promtool compares.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import yaml

HOME = Path(__file__).parent
Data = dict[str, Any]

_NOTE = "# Written by alerts/build.py from alerts/source/ and alerts/settings.yml: change those.\n"
_NAMED = re.compile(r"\$([A-Z][A-Z0-9_]+)")
_LABEL = re.compile(r"{{ \$labels\.(\w+) \| urlquery }}")
_SPAN = re.compile(r"(\d+)([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_PLACE = "LABELS"
"""Stands for a label while the address around it is escaped, so that the label's mark is not."""


def seconds(span: str) -> int:
    """Return the seconds of a span such as `1h30m`."""
    return sum(int(number) * _SECONDS[unit] for number, unit in _SPAN.findall(span))


def filled(text: str, names: Mapping[str, object]) -> str:
    """Return a text with every `$NAME` replaced; a name that nobody gave is an error."""
    return _NAMED.sub(lambda match: str(names[match[1]]), text)


def _moment(ago: int) -> str:
    """Return the template for a moment so many seconds before the evaluation, in milliseconds."""
    then = f"1000 * (time() - {ago})"
    return f'{{{{ range query "{then}" }}}}{{{{ .Value | printf "%.0f" }}}}{{{{ end }}}}'


def dashboard_url(alert: Data, grafana: str) -> str:
    """Return the address of the alert's dashboard, with its labels and its hours, as a template."""
    window = _moment(seconds(alert.get("window", "1h")))
    parts = [f"from={window}", f"to={_moment(0)}"]
    parts += [f"var-{name}={{{{ $labels.{name} | urlquery }}}}" for name in alert.get("vars", [])]
    parts += [f"viewPanel={alert['panel']}"] if "panel" in alert else []
    return f"{grafana}/d/{alert['dashboard']}?{'&'.join(parts)}"


def logs_url(alert: Data, grafana: str) -> str:
    """Return the address of the logs of those hours in Explore, as a template."""
    used = re.findall(r"{{ \$labels\.(\w+) }}", alert["logs"])
    expr = re.sub(r"{{ \$labels\.(\w+) }}", _PLACE, alert["logs"])
    query = {"refId": "A", "expr": expr, "queryType": "range"}
    span = {"from": "FROM", "to": "UNTIL"}
    panes = {"a": {"datasource": "loki", "queries": [query], "range": span}}
    address = quote(json.dumps(panes, separators=(",", ":")), safe="")
    for name in used:
        address = address.replace(_PLACE, f"{{{{ $labels.{name} | urlquery }}}}", 1)
    address = address.replace("FROM", _moment(seconds(alert.get("window", "1h"))))
    return f"{grafana}/explore?schemaVersion=1&panes={address.replace('UNTIL', _moment(0))}"


def rule(alert: Data, area: str, names: Mapping[str, Any]) -> Data:
    """Return the alert as Prometheus reads it."""
    labels = {"severity": alert["severity"], "area": area, **alert.get("labels", {})}
    written: Data = {"alert": alert["alert"], "expr": alert["expr"].strip()}
    if "for" in alert:
        written["for"] = alert["for"]
    if "keep" in alert:
        written["keep_firing_for"] = alert["keep"]
    grafana = names["GRAFANA"]
    annotations = {
        "summary": alert["summary"],
        "description": alert["description"].strip(),
        "runbook_url": f"{names['RUNBOOKS']}/{alert['alert']}.md",
        "dashboard_url": dashboard_url(alert, grafana),
        "logs_url": logs_url(alert, grafana),
    }
    return {**written, "labels": labels, "annotations": annotations}


def rendered(template: str, labels: Mapping[str, str], at: int) -> str:
    """Return a link as Prometheus renders it `at` so many seconds after the epoch."""
    text = _LABEL.sub(lambda match: quote_plus(labels.get(match[1], "")), template)
    for ago in {int(found) for found in re.findall(r"time\(\) - (\d+)\)", text)}:
        text = text.replace(_moment(ago), str(1000 * (at - ago)))
    return text


def _expected(written: Data, fires: Data, at: str) -> Data:
    labels = {**written["labels"], **fires.get("labels", {})}
    links = {
        name: rendered(text, labels, seconds(at))
        for name, text in written["annotations"].items()
        if name.endswith("_url")
    }
    told = {"summary": written["annotations"]["summary"], "description": fires["says"].strip()}
    # promtool's own word for a label that is not there.
    shown = {name: str(value) for name, value in labels.items() if value != ""}
    return {"exp_labels": shown, "exp_annotations": {**told, **links}}


def cases(alert: Data, written: Data) -> Iterator[Data]:
    """Yield the alert's cases as promtool reads them."""
    for case in alert["cases"]:
        checks = [
            {"eval_time": at, "alertname": alert["alert"], "exp_alerts": []}
            for at in case.get("silent", [])
        ]
        for fires in case.get("fires", []):
            expected = [_expected(written, fires, fires["at"])]
            check = {"eval_time": fires["at"], "alertname": alert["alert"]}
            checks.append({**check, "exp_alerts": expected})
        yield {
            "name": f"{alert['alert']}: {case['name']}",
            "interval": case.get("interval", "1m"),
            "input_series": [{"series": s, "values": v} for s, v in case["series"].items()],
            "alert_rule_test": checks,
        }


def built(source: Path, names: Mapping[str, Any]) -> Iterator[tuple[Path, Data]]:
    """Yield the files that one file of source/ becomes: rules, and their tests."""
    area = source.stem
    data = yaml.load(filled(source.read_text(), names), yaml.CSafeLoader)
    rules, tests = list(data.get("rules", [])), list(data.get("cases", []))
    for alert in data.get("alerts", []):
        written = rule(alert, area, names)
        rules.append(written)
        tests.extend(cases(alert, written))
    group = {"name": f"nearfield-{area}", "interval": data.get("interval", "1m"), "rules": rules}
    yield HOME / "rules" / source.name, {"groups": [group]}
    yield (
        HOME / "tests" / source.name,
        {
            "rule_files": [f"../rules/{source.name}"],
            "evaluation_interval": data.get("evaluate", "1m"),
            "tests": tests,
        },
    )


def files() -> dict[Path, str]:
    """Return the text of every generated file."""
    settings = yaml.safe_load((HOME / "settings.yml").read_text())
    names = {**settings["links"], **settings["thresholds"], **settings["texts"]}
    return {
        file: _NOTE
        + yaml.dump(data, Dumper=yaml.CSafeDumper, sort_keys=False, width=100, allow_unicode=True)
        for source in sorted((HOME / "source").glob("*.yml"))
        for file, data in built(source, names)
    }


def main() -> int:
    """Write what differs; with `--check` name it and return 1."""
    stale = [file for file, text in files().items() if not _same(file, text)]
    if "--check" in sys.argv:
        sys.stderr.writelines(f"{file} is not what alerts/build.py writes\n" for file in stale)
        return 1 if stale else 0
    written = files()
    for file in stale:
        file.write_text(written[file])
    return 0


def _same(file: Path, text: str) -> bool:
    return file.exists() and file.read_text() == text


if __name__ == "__main__":
    sys.exit(main())
