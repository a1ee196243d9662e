"""How requests are asked for."""

HOST = 'host=~"$host"'
RATE = "[$__rate_interval]"
FAILED = ', status=~"5.."'
HITS = ', cache=~"HIT.*"'
LINES = '{service="cdn"} | http_host=~"$host"'
"""Request lines worth reading of the chosen hosts."""


def requests(by: str, more: str = "", metric: str = "cdn_requests_total") -> str:
    """Return the rate of requests by some labels."""
    return f"sum by ({by}) (rate({metric}{{{HOST}{more}}}{RATE}))"


def share(part: str, whole: str) -> str:
    """Return one sum of rates over another."""
    return f"sum(rate({part}{RATE})) / sum(rate({whole}{RATE}))"
