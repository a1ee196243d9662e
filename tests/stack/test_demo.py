"""A Prometheus with the settings of the stack, and a whole demo for it to scrape: a soak test."""

import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.e2e.processes import get, until
from tests.e2e.test_demo import alone, running
from tests.stack.test_prometheus import another_host, prometheus

__all__ = ["alone"]


def names(url: str, instance: str) -> set[str]:
    """Return the names that Prometheus has of an instance."""
    series = quote(f'{{instance="{instance}"}}')
    status, text = get(f"{url}/api/v1/label/__name__/values?match[]={series}")
    return set(json.loads(text)["data"]) if status == 200 else set()


@pytest.mark.soak
@pytest.mark.long
def test_prometheus_finds_everything_that_a_demo_serves(tmp_path: Path) -> None:
    with running(tmp_path / "demo") as (_, lines):
        [ours] = re.findall(r"Nearfield +http://([\d.:]+)/", "".join(lines))
        served = set(re.findall(r"^(\w+)[{ ]", get(f"http://{ours}/metrics")[1], re.MULTILINE))
        assert {"podcast_downloads_total", "cdn_requests_total"} <= served
        with another_host() as other, prometheus(tmp_path, ours, other) as url:
            until(lambda: served <= names(url, ours), "each name is there", 60)
