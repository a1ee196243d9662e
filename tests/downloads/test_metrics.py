"""The page keeps its names, labels and manners."""

import asyncio
import shutil
import subprocess

import pytest

from exporters.core.exposition import Limits, ignore_drops
from exporters.downloads import metrics
from tests.downloads.bench import Bench

LABELS = {
    "podcast_info": ("podcast", "title", "status"),
    "podcast_episode_info": ("podcast", "episode", "title", "type"),
    "podcast_episode_published_timestamp_seconds": ("podcast", "episode"),
    "podcast_stats_last_day_timestamp_seconds": ("source",),
    "podcast_episode_audio_bytes": ("podcast", "episode"),
    "podcast_episode_duration_seconds": ("podcast", "episode"),
    "podcast_episode_downloads": ("podcast", "episode", "source"),
    "podcast_episode_listeners": ("podcast", "episode", "source"),
    "podcast_episode_launch_downloads": ("podcast", "episode", "source", "days"),
    "podcast_all_time_downloads": ("podcast", "source"),
    "podcast_subscribers": ("podcast", "kind", "app", "source"),
    "podcast_episode_delivered_tenth_listeners": ("podcast", "episode", "tenth"),
    "podcast_reconciliation_ratio": ("podcast",),
    "podcast_source_problem": ("source", "problem"),
}
COUNTERS = {
    "podcast_downloads_total": ("podcast", "episode"),
    "podcast_app_downloads_total": ("podcast", "app"),
    "podcast_country_downloads_total": ("podcast", "country"),
    "podcast_delivered_bytes_total": ("podcast",),
    "podcast_delivered_tenths_total": ("podcast", "tenth"),
    "podcast_requests_total": ("podcast", "outcome"),
    "podcast_feed_requests_total": ("podcast", "app"),
}
SECRETS = (
    "SECRET",
    "secret.example",
    "Scheduled Title",
    "Draft Title",
    "Dateless Title",
    "Hush",
    "hush",
    "mute",
    "Mute",
)


def test_families_have_the_names_and_labels_that_others_rely_on() -> None:
    families = [*metrics.families(Limits(), ignore_drops), metrics.problem_family()]
    assert {family.full_name: family.labelnames for family in families} == LABELS | COUNTERS
    counters = {family.full_name for family in families if family.type == "counter"}
    assert counters == COUNTERS.keys(), "the app's counts may shrink"
    assert all(
        family.documentation.endswith(".") or "while" in family.documentation for family in families
    )


async def test_nothing_secret_and_nothing_unpublished_is_on_the_page(
    exporter: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    await exporter.poll()
    for text in (exporter.text(), repr(exporter.exporter.health()), caplog.text):
        assert [secret for secret in SECRETS if secret in text] == []


async def test_quotes_in_a_title_do_not_break_the_page(exporter: Bench) -> None:
    await exporter.poll()
    assert (
        r'podcast_info{podcast="ship",status="publishing",title="Ship \"It\""} 1.0'
        in exporter.text()
    )


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
async def test_promtool_has_nothing_to_say(exporter: Bench) -> None:
    await exporter.poll()
    page = "".join(
        line for line in exporter.text().splitlines(keepends=True) if "nearfield_" not in line
    )
    check = ["promtool", "check", "metrics"]
    done = await asyncio.to_thread(
        subprocess.run, check, input=page, text=True, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
