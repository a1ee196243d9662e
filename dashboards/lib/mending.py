"""What grafanalib 0.7.1 writes wrongly in panels, put right; each is a test by its name."""

from dashboards.lib.sources import Json

_KEPT = (
    "type",
    "title",
    "description",
    "fieldConfig",
    "options",
    "targets",
    "transformations",
    "timeFrom",
)
"""What a panel consists of. The rest of grafanalib's keys are of Grafanas long gone: they are dead
at best (`span`, `editable`, `minSpan`), or do harm: `maxDataPoints: 100` draws coarse lines."""


def mended(panel: Json, defaults: Json, options: Json | None = None) -> Json:
    """Return a panel of grafanalib's with our field defaults, and its options merged or replaced.

    `defaults` go over grafanalib's: thresholds, colour, mappings, links and words for no value,
    which its classes leave out, write at the root of the panel or fill badly. `options`, where
    given, replace the whole object: those of its heatmaps and bar gauges are of older schemas.
    """
    kept = {key: panel[key] for key in _KEPT if key in panel}
    theirs = panel.get("fieldConfig", {})
    custom = {**theirs.get("defaults", {}).get("custom", {}), **defaults.get("custom", {})}
    fields = {**theirs.get("defaults", {}), **defaults, "custom": _known(custom)}
    kept["fieldConfig"] = {
        "defaults": _known(fields),
        "overrides": theirs.get("overrides", []),
    }
    if options is not None:
        kept["options"] = options
    return {key: value for key, value in kept.items() if value not in (None, [])}


def _known(values: Json) -> Json:
    """Leave out what is null: the schema has no such decimals, minimum or maximum."""
    return {key: value for key, value in values.items() if value is not None}


def legend(calcs: tuple[str, ...], placement: str = "bottom") -> Json:
    """Return a legend that is shown: grafanalib says nothing, and newer Grafanas take that for no.

    It also refuses half of Grafana's reductions, so they are written here.
    """
    mode = "table" if calcs else "list"
    return {"showLegend": True, "displayMode": mode, "placement": placement, "calcs": list(calcs)}


def column(name: str, *properties: tuple[str, object]) -> Json:
    """Return an override of the field of this name."""
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [{"id": key, "value": value} for key, value in properties],
    }
