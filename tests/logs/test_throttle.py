"""A service that writes too much is cut down by the time of its lines, and what goes is counted."""

from exporters.logs.throttle import Throttle, Throttles
from tests.logs.engine_stream import NOW, S

INFO = "info"


def test_what_comes_over_the_rate_is_left_out_once_what_was_saved_is_gone() -> None:
    throttle = Throttle(rate=10)
    times = [NOW + n * S // 20 for n in range(600)]  # 20 a second, for half a minute
    kept, limited, sampled = throttle.keep(times, [INFO] * 600)
    assert kept[:190] == [True] * 190
    assert kept.count(True) == 100 + 10 * 30 - 1
    assert (limited, sampled) == (kept.count(False), 0)


def test_to_catch_up_with_an_hour_is_no_burst() -> None:
    times = [NOW + n * S for n in range(3600)]
    kept, limited, _ = Throttle(rate=1).keep(times, [INFO] * 3600)
    assert limited == 0
    assert all(kept)


def test_a_sample_keeps_its_share_and_every_warning_and_error() -> None:
    levels = ["info", "debug", "unknown", "warning", "error", "critical"] * 5000
    times = [NOW + n * 1017 for n in range(len(levels))]
    kept, limited, sampled = Throttle(share=0.25).keep(times, levels)
    loud = [keep for keep, level in zip(kept, levels, strict=True) if level in {"info", "debug"}]
    assert 0.2 < loud.count(True) / len(loud) < 0.3
    assert all(keep for keep, at in zip(kept, range(len(kept)), strict=True) if at % 6 > 2)
    assert (limited, sampled) == (0, kept.count(False))


def test_settings_name_services_or_all_others() -> None:
    throttles = Throttles({"app": 5, "*": 7}, {"proxy": 0.5})
    assert throttles.of("app", "site") == Throttle(rate=5)
    assert throttles.of("proxy", "site") == Throttle(rate=7, share=0.5)
    assert throttles.of("app", "site") is throttles.of("app", "site")
    assert throttles.of("app", "site") is not throttles.of("app", "other")
    assert Throttles({}, {}).of("app", "site") is None
