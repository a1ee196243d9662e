"""Grafana's own typed models read our dashboards, and give back all that is in them."""

import json
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins

from tests.dashboards.generated import Json, dashboards, panels

UNKNOWN_TO_THE_SDK = {
    "/id",  # null, as a dashboard that was never saved has it
    "/panels[]/options/tooltip/show",  # of heatmaps, read by older Grafanas
}


with warnings.catch_warnings():
    # It would rather see the newest of Grafana's models, which Grafana 9 to 11 cannot read.
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.models.dashboard import Dashboard


@pytest.fixture(scope="module", autouse=True)
def plugins() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        register_default_plugins()


def lost(ours: Any, theirs: Any, path: str = "") -> Iterator[str]:
    """Yield the places of what the models left out or changed."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key, value in ours.items():
            if key not in theirs:
                yield f"{path}/{key}"
            else:
                yield from lost(value, theirs[key], f"{path}/{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for one, other in zip(ours, theirs, strict=True):
            yield from lost(one, other, f"{path}[]")
    elif ours != theirs:
        yield path


def without_mixed(dashboard: Json) -> Json:
    """Leave out panels of several sources: the SDK takes the panel's source for that of each."""
    kept = [p for p in dashboard["panels"] if p.get("datasource", {}).get("uid") != "-- Mixed --"]
    return {**dashboard, "panels": kept}


@pytest.mark.parametrize("dashboard", dashboards().values(), ids=dashboards().keys())
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_models_keep_everything(dashboard: Json) -> None:
    ours = without_mixed(dashboard)
    theirs = json.loads(json.dumps(Dashboard.from_json(ours), cls=JSONEncoder))
    found = {place.replace("/panels[]/panels[]", "/panels[]") for place in lost(ours, theirs)}
    assert found <= UNKNOWN_TO_THE_SDK


def test_only_the_overlay_asks_several_sources() -> None:
    mixed = [
        panel["title"]
        for dashboard in dashboards().values()
        for panel in panels(dashboard)
        if panel.get("datasource", {}).get("uid") == "-- Mixed --"
    ]
    assert mixed == ["Downloads, server errors and error lines"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_wrong_type_is_noticed() -> None:
    dashboard = next(iter(dashboards().values()))
    with pytest.raises((TypeError, ValueError, AttributeError)):
        Dashboard.from_json({**dashboard, "templating": {"list": [{"datasource": None}]}})
