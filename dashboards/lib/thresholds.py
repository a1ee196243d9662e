"""Thresholds as Grafana's schema wants them: the base step has no value."""

from dashboards.lib.sources import Json

GREEN, ORANGE, RED, BLUE, GREY = "green", "orange", "red", "blue", "#808080"


def steps(base: str, *above: tuple[float, str]) -> list[Json]:
    """Return steps: `base` at the bottom, then each colour from its value upwards.

    grafanalib writes the base as the string "null", which newer Grafanas draw as a line at 0.
    """
    values = [value for value, _ in above]
    if values != sorted(values):
        raise ValueError(f"thresholds must rise: {values}")
    return [
        {"color": base, "value": None},
        *({"color": color, "value": value} for value, color in above),
    ]


PLAIN = steps(BLUE)
"""No judgement."""
