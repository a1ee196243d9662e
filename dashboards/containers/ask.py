"""How services are asked for."""

from dashboards.questions import TO_LOGS, TO_SERVICE

WHICH = 'service=~"$service", stack=~"$stack"'
RATE = "[$__rate_interval]"
LINKS = [TO_SERVICE, TO_LOGS]
ERRORS = '{service=~"$service"} | level=~"error|critical"'


def rate(metric: str, by: str = "service", more: str = "") -> str:
    """Return the rate of a counter of the chosen services."""
    return f"sum by ({by}) (rate({metric}{{{WHICH}{more}}}{RATE}))"


def total(metric: str, by: str = "service", more: str = "") -> str:
    """Return the sum of a gauge of the chosen services."""
    return f"sum by ({by}) ({metric}{{{WHICH}{more}}})"
