"""Requests, errors and duration."""

from dashboards.cdn.ask import FAILED, HOST, LINES, RATE, requests
from dashboards.lib import Prometheus, Unit, row, timeseries
from dashboards.questions import TO_CDN

red = row(
    "Requests, errors, duration",
    timeseries(
        "requests",
        "Requests by host",
        "Requests that the CDN answered at its edge.",
        Prometheus(requests("host"), "{{host}}"),
        unit=Unit.REQUESTS_PER_SECOND,
        width=8,
        links=[TO_CDN],
    ),
    timeseries(
        "errors",
        "5xx share by host",
        "Share of requests that were answered with a server error.",
        Prometheus(f"{requests('host', FAILED)} / {requests('host')}", "{{host}}"),
        unit=Unit.SHARE,
        width=8,
        links=[TO_CDN],
        logs=LINES + ' | status=~"5.."',
    ),
    timeseries(
        "duration",
        "Duration by host",
        "How long half, and 95 of 100, requests took from their first byte to the answer's last.",
        Prometheus(
            "histogram_quantile(0.95, sum by (le, host)"
            f" (rate(cdn_request_duration_seconds_bucket{{{HOST}}}{RATE})))",
            "{{host}} 95 %",
        ),
        Prometheus(
            "histogram_quantile(0.5, sum by (le, host)"
            f" (rate(cdn_request_duration_seconds_bucket{{{HOST}}}{RATE})))",
            "{{host}} half",
        ),
        unit=Unit.SECONDS,
        width=8,
        links=[TO_CDN],
    ),
    timeseries(
        "statuses",
        "Answers by status",
        "Requests by the status of their answer.",
        Prometheus(requests("status"), "{{status}}"),
        unit=Unit.REQUESTS_PER_SECOND,
        stack=True,
    ),
    timeseries(
        "causes",
        "Errors by cause",
        "Requests that failed at the CDN or behind it, by the CDN's word for it.",
        Prometheus(requests("reason", metric="cdn_errors_total"), "{{reason}}"),
        unit=Unit.REQUESTS_PER_SECOND,
        stack=True,
        nothing="no errors",
        logs=LINES + ' | status=~"5.."',
    ),
)
