"""The demo's own page has the families and labels that the dashboards ask for."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.dashboards.catalogue import ours
from tests.e2e.processes import get, until

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(not os.environ.get("NEARFIELD_TEST_SOAK"), reason="the soak starts a demo"),
]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The text of /metrics of a demo that is ready."""
    folder = tmp_path_factory.mktemp("demo")
    process = subprocess.Popen(
        [sys.executable, "-m", "exporters", "demo", "--data-dir", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C ends all of it" in line:
                break
        found = re.search(r"Nearfield +(http://\S+)/", "".join(lines))
        assert found, "".join(lines)
        page = f"{found[1]}/metrics"
        until(lambda: "podcast_episode_downloads{" in get(page)[1], "the demo shows downloads", 120)
        yield get(page)[1]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def test_what_is_served_has_the_labels_that_are_known(live: str) -> None:
    families = list(text_string_to_metric_families(live))
    assert len(families) > 20
    for family in families:
        name = family.name + {"counter": "_total"}.get(family.type, "")
        served = ours().get(name) or ours().get(family.name)
        if not served:
            assert name.startswith(("process_", "python_")), f"{name} is not in the catalogue"
            continue
        for sample in family.samples:
            assert set(sample.labels) - {"le"} <= set(served.labels), sample
