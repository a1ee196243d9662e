"""What is counted where, under which name; and what is forgotten."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from exporters.core.exposition import Encoding, Limits, negotiate, render
from exporters.fastly.realtime.fields import fields
from exporters.fastly.realtime.model import Channel, Second, Service, parse_channel
from exporters.fastly.realtime.statistics import Statistics
from exporters.fastly.realtime.sums import add_up
from tests.fastly.realtime.conftest import SHOW, Clock, Sums
from tests.programs import program

Places = Mapping[str, Mapping[str, object]]


def answer(*places: Places) -> Channel:
    """An answer with one second for each of these."""
    seconds = (Second(n, dict(each)) for n, each in enumerate(places, start=1))
    return Channel(100, 9, tuple(seconds), idle=not places)


def add(statistics: Statistics, *places: Places, to: Service = SHOW) -> None:
    came = answer(*places)
    statistics.add(to, came, add_up(came.seconds))


def test_names_are_those_of_fastly_exporter(statistics: Statistics, sums: Sums) -> None:
    add(
        statistics,
        {
            "LHR": {
                "requests": 10,
                "hits": 7,
                "miss": 3,
                "status_2xx": 9,
                "status_404": 1,
                "tls_v13": 8,
                "http2": 6,
                "edge_requests": 5,
                "log_bytes": 550,
                "restarts": 2,
                "pipe": 4,
                "compute_bereqs": 1,
            }
        },
    )
    for name, value in (
        ("requests_total", 10),
        ("hits_total", 7),
        ("miss_total", 3),
        ("edge_total", 5),
        ("log_bytes_total", 550),
        ("restarts_total", 2),
        ("pipe", 4),
        ("compute_bereq_total", 1),
    ):
        assert sums.value(name) == value, name
    assert sums.value("status_group_total", status_group="2xx") == 9
    assert sums.value("status_code_total", status_code="404") == 1
    assert sums.value("tls_total", tls_version="1.3") == 8
    assert sums.value("http_total", http_version="2") == 6
    assert sums.value("http2_total") == 6
    assert sums.value("service_info", None, service_version="7") == 1
    assert sums.value("aggregate_delay_seconds", None) == 9


def test_times_are_in_seconds_whatever_the_api_counts_in(
    statistics: Statistics, sums: Sums
) -> None:
    measured = {"recv_sub_time": 45_274_000, "compute_request_time_ms": 3300, "miss_time": 0.25}
    add(statistics, {"LHR": measured})
    assert sums.value("recv_sub_time_total") == pytest.approx(0.045274)
    assert sums.value("compute_request_time_total") == pytest.approx(3.3)
    assert sums.value("miss_time_total") == 0.25


def test_histograms_take_counts_as_they_are(statistics: Statistics, sums: Sums) -> None:
    """A million misses are one addition, not a million."""
    misses = {"5": 1_000_000, "30": 2, "70000": 1, "odd": 5, "-1": 7}
    sizes = {"object_size_1k": 3, "object_size_1g": 1, "object_size_other": 1}
    add(statistics, {"LHR": {"miss_histogram": misses, **sizes}})
    name = "miss_duration_seconds"
    assert sums.value(f"{name}_bucket", le="0.005") == 1_000_000
    assert sums.value(f"{name}_bucket", le="0.05") == 1_000_002
    assert sums.value(f"{name}_bucket", le="60.0") == 1_000_002
    assert sums.value(f"{name}_count") == 1_000_003
    assert sums.value(f"{name}_sum") == pytest.approx(5000.06 + 70)
    assert sums.value("object_size_bytes_bucket", le="1024.0") == 3
    assert sums.value("object_size_bytes_count") == 5


def test_what_is_usual_begins_at_zero_and_the_rest_when_it_happens(
    statistics: Statistics, sums: Sums
) -> None:
    add(statistics, {"LHR": {"requests": 1, "waf_blocked": 0}})
    assert sums.value("errors_total") == 0
    assert sums.value("status_group_total", status_group="5xx") == 0
    assert sums.value("waf_blocked_total") is None
    add(statistics, {"LHR": {"waf_blocked": 2}})
    assert sums.value("waf_blocked_total") == 2


@pytest.mark.parametrize(
    "odd", [-1, "12", None, True, float("nan"), float("inf"), [1], {"a": 1}, 10**400]
)
def test_what_no_counter_can_take_is_not_counted(
    statistics: Statistics, sums: Sums, odd: object
) -> None:
    add(statistics, {"LHR": {"requests": odd, "hits": 1, "miss_histogram": odd}})
    assert sums.value("requests_total") == 0
    assert sums.value("hits_total") == 1


def test_a_name_of_the_api_may_be_the_old_or_the_new(statistics: Statistics, sums: Sums) -> None:
    add(statistics, {"LHR": {"ddos_action_downgrade": 1}, "FRA": {"h2o_ddos_action_downgrade": 2}})
    assert sums.value("ddos_action_downgrade_total") == 1
    assert sums.value("ddos_action_downgrade_total", "FRA") == 2
    add(statistics, {"LHR": {"ddos_action_downgrade": 3, "h2o_ddos_action_downgrade": 3}})
    assert sums.value("ddos_action_downgrade_total") == 4


def test_a_service_that_is_gone_leaves_nothing(statistics: Statistics, sums: Sums) -> None:
    add(statistics, {"LHR": {field.keys[0]: 1 for field in fields()} | {"object_size_1k": 1}})
    statistics.lose(SHOW, 3)
    assert len(sums.names()) > 240
    statistics.forget(SHOW)
    assert sums.names() == set()


def test_a_service_under_another_name_begins_anew(statistics: Statistics, sums: Sums) -> None:
    add(statistics, {"LHR": {"requests": 5}})
    renamed = Service(SHOW.id, "Another", "7")
    statistics.introduce(renamed)
    add(statistics, {"LHR": {"requests": 1}}, to=renamed)
    assert sums.labels("service_name") == {"Another"}
    assert sums.value("requests_total", service_name="Another") == 1


def test_only_the_version_that_is_active_is_told(statistics: Statistics, sums: Sums) -> None:
    add(statistics, {"LHR": {"requests": 5}})
    statistics.introduce(Service(SHOW.id, SHOW.name, "8"))
    assert sums.labels("service_version") == {"8"}
    assert sums.value("requests_total") == 5


def test_places_that_are_gone_or_quiet_for_a_day_are_forgotten(
    statistics: Statistics, sums: Sums, clock: Clock
) -> None:
    add(statistics, {"LHR": {"requests": 1}, "FRA": {"requests": 1}, "XXX": {"requests": 1}})
    statistics.prune()
    assert sums.labels("datacenter") == {"LHR", "FRA", "XXX"}
    statistics.prune({"LHR", "FRA"})
    assert sums.labels("datacenter") == {"LHR", "FRA", "XXX"}, "the list may lack what is new"
    clock.now += 400
    statistics.prune({"LHR", "FRA"})
    assert sums.labels("datacenter") == {"LHR", "FRA"}
    clock.now += 80_000
    add(statistics, {"FRA": {"requests": 1}})
    clock.now += 10_000
    statistics.prune({"LHR", "FRA"})
    assert sums.labels("datacenter") == {"FRA"}
    assert sums.value("requests_total", "FRA") == 2


def test_series_are_bounded_and_sums_stay_right(clock: Clock) -> None:
    dropped: list[str] = []
    statistics = Statistics(Limits(label=3), lambda family, _: dropped.append(family), clock=clock)
    statistics.introduce(SHOW)
    add(statistics, {f"P{n}": {"requests": 1} for n in range(100)})
    family = next(f for f in statistics.collect() if f.name == "fastly_rt_requests")
    assert sum(sample.value for sample in family.samples) == 100
    assert len(family.samples) == 4
    assert "fastly_rt_requests_total" in dropped


def test_every_family_has_a_sentence_and_one_set_of_labels() -> None:
    first: dict[str, str | None] = {}
    for field in fields():
        label = field.label.name if field.label else None
        if field.family not in first:
            assert field.help.endswith("."), field.family
            first[field.family] = label
        assert first[field.family] == label
    keys = [(field.family, key) for field in fields() for key in field.keys]
    assert len(keys) == len(set(keys))


def test_both_formats_can_be_written(statistics: Statistics) -> None:
    add(statistics, {"LHR": {field.keys[0]: 1 for field in fields()}})
    registry = CollectorRegistry()
    registry.register(statistics)
    text: Encoding = negotiate("text/plain;version=0.0.4")
    page = render(registry.collect(), text).decode()
    line = 'fastly_rt_requests_total{datacenter="LHR",service_id="s1",service_name="The Show"} 1.0'
    assert line in page.splitlines()
    openmetrics = negotiate("application/openmetrics-text;version=1.0.0")
    assert render(registry.collect(), openmetrics).endswith(b"# EOF\n")


def test_promtool_has_only_names_of_fastly_exporter_against_the_page(
    statistics: Statistics,
) -> None:
    add(statistics, {"LHR": {field.keys[0]: 1 for field in fields()} | {"object_size_1k": 1}})
    page = render(statistics.collect(), negotiate(""))
    promtool = program("promtool", package="prometheus")
    done = subprocess.run(
        [promtool, "check", "metrics"], input=page, capture_output=True, timeout=60, check=False
    )
    against = (done.stdout + done.stderr).decode().splitlines()
    assert [line for line in against if "abbreviated units" not in line] == []
    assert {line.split()[0] for line in against} <= {
        "fastly_rt_fanout_conn_time_ms_total",
        "fastly_rt_kv_store_class_b_operations_total",
        "fastly_rt_object_storage_class_b_operations_total",
        "fastly_rt_websocket_conn_time_ms_total",
    }


def test_an_answer_of_the_api_is_read_as_it_comes() -> None:
    text = """{"Data": [{"recorded": 1603400951, "aggregated": {"requests": 1},
        "datacenter": {"TYO": {"requests": 1, "miss_histogram": {}}}}],
        "Timestamp": 1603400960, "AggregateDelay": 9}"""
    found = parse_channel(json.loads(text))
    assert (found.timestamp, found.delay, found.idle) == (1603400960, 9, False)
    assert found.seconds[0].recorded == 1603400951
    assert found.seconds[0].places["TYO"]["requests"] == 1
    idle = parse_channel({"Data": None, "Timestamp": 5, "Error": "No data available, please retry"})
    assert idle == Channel(5, 0, (), idle=True)


NAMES = Path(__file__).parent / "fastly_exporter_names.txt"


def test_every_family_of_fastly_exporter_is_there() -> None:
    """But for `realtime_api_requests_total` and the like, which are not of `fields.tsv`."""
    statistics = Statistics(Limits(), lambda *_: None)
    ours = {getattr(family, "full_name", "") for family in statistics.describe()}
    theirs = {f"fastly_rt_{name}" for name in NAMES.read_text().split()}
    assert theirs - ours == set()
