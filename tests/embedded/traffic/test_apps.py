"""What the simulated programs call themselves is what the exporter's table of apps knows."""

import pytest

from exporters.embedded.sample.chance import chance
from exporters.embedded.traffic.apps import APPS, BOTS, SHARES, WATCHES, App
from exporters.fastly.apps import own_classifier


@pytest.mark.parametrize("app", APPS)
def test_every_app_is_named_and_taken_for_a_listener(app: App) -> None:
    agents = [app.draw(chance(1, number)) for number in range(10)]
    for found in own_classifier()(agents):
        assert found.app != "unknown"
        assert found.kind == "listener"


def test_robots_and_watches_are_taken_for_what_they_are() -> None:
    classify = own_classifier()
    assert {found.kind for found in classify(BOTS)} == {"bot"}
    assert {found.kind for found in classify(WATCHES)} == {"watch"}


def test_the_shares_of_the_apps_are_a_whole() -> None:
    assert SHARES[-1] == pytest.approx(1.0)
