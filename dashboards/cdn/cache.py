"""What the cache answers, and how fast."""

from dashboards.cdn.ask import HITS, HOST, RATE, requests, share
from dashboards.lib import (
    GREEN,
    ORANGE,
    RED,
    Prometheus,
    Unit,
    heatmap,
    row,
    stat,
    steps,
    timeseries,
)
from dashboards.questions import TO_CDN

cache = row(
    "Cache",
    stat(
        "hit-ratio",
        "Hit ratio",
        "Share of requests that were answered from the cache.",
        Prometheus(
            share(f'cdn_requests_total{{{HOST}, cache=~"HIT.*"}}', f"cdn_requests_total{{{HOST}}}")
        ),
        unit=Unit.SHARE,
        width=6,
        thresholds=steps(RED, (0.5, ORANGE), (0.8, GREEN)),
    ),
    stat(
        "byte-hit-ratio",
        "Hit ratio in bytes",
        "Share of the bytes of bodies that came from the cache.",
        Prometheus(
            share(
                f'cdn_response_bytes_total{{{HOST}, cache=~"HIT.*"}}',
                f"cdn_response_bytes_total{{{HOST}}}",
            )
        ),
        unit=Unit.SHARE,
        width=6,
    ),
    stat(
        "without-origin",
        "Served with the origin down",
        "Share of requests that the CDN could answer by itself, fresh or stale, were the origin"
        " away now: hits and what the CDN makes itself.",
        Prometheus(
            share(
                f'cdn_requests_total{{{HOST}, cache=~"HIT.*|SYNTH.*"}}',
                f"cdn_requests_total{{{HOST}}}",
            )
        ),
        unit=Unit.SHARE,
        width=6,
    ),
    stat(
        "ipv6",
        "Over IPv6",
        "Share of requests that came over IPv6.",
        Prometheus(
            share(
                f'cdn_protocol_requests_total{{{HOST}, ip_version="6"}}',
                f"cdn_protocol_requests_total{{{HOST}}}",
            )
        ),
        unit=Unit.SHARE,
        width=6,
    ),
    timeseries(
        "states",
        "Cache states",
        "Requests by what the cache had to say of them.",
        Prometheus(requests("cache"), "{{cache}}"),
        unit=Unit.REQUESTS_PER_SECOND,
        stack=True,
    ),
    timeseries(
        "hit-ratio-hosts",
        "Hit ratio by host",
        "Share of requests of each host that were answered from the cache.",
        Prometheus(f"{requests('host', HITS)} / {requests('host')}", "{{host}}"),
        unit=Unit.SHARE,
        links=[TO_CDN],
    ),
    heatmap(
        "latency-hits",
        "Duration of hits",
        "How long answers from the cache took.",
        Prometheus(
            "sum by (le) (increase(cdn_request_duration_seconds_bucket"
            f'{{{HOST}, cache=~"HIT.*"}}{RATE}))',
            "{{le}}",
            format="heatmap",
        ),
        unit=Unit.SECONDS,
    ),
    heatmap(
        "latency-misses",
        "Duration of misses and passes",
        "How long answers took for which the origin was asked.",
        Prometheus(
            "sum by (le) (increase(cdn_request_duration_seconds_bucket"
            f'{{{HOST}, cache=~"MISS.*|PASS.*"}}{RATE}))',
            "{{le}}",
            format="heatmap",
        ),
        unit=Unit.SECONDS,
    ),
)
