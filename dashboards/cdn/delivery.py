"""Places, protocols, speed and cost."""

from dashboards.cdn.ask import FAILED, HOST, RATE, requests
from dashboards.lib import Prometheus, Unit, bar_gauge, row, stat, timeseries
from dashboards.questions import TO_CDN

places = row(
    "Places and protocols",
    bar_gauge(
        "pops",
        "Busiest POPs",
        "Requests of the last hour by place of the CDN.",
        Prometheus(
            f"topk(15, sum by (pop) (increase(cdn_requests_total{{{HOST}}}[1h])))",
            "{{pop}}",
            instant=True,
        ),
        unit=Unit.COUNT,
    ),
    bar_gauge(
        "countries",
        "Countries",
        "Requests of the last hour by country.",
        Prometheus(
            f"topk(15, sum by (country) (increase(cdn_country_requests_total{{{HOST}}}[1h])))",
            "{{country}}",
            instant=True,
        ),
        unit=Unit.COUNT,
    ),
    timeseries(
        "pop-errors",
        "Errors by POP",
        "Server errors by place of the CDN: one bad place shows here.",
        Prometheus(f"topk(10, {requests('pop', FAILED)})", "{{pop}}"),
        unit=Unit.REQUESTS_PER_SECOND,
        width=8,
    ),
    timeseries(
        "protocols",
        "Protocols",
        "Requests by version of HTTP.",
        Prometheus(requests("protocol", metric="cdn_protocol_requests_total"), "{{protocol}}"),
        unit=Unit.REQUESTS_PER_SECOND,
        stack=True,
    ),
    timeseries(
        "ip-versions",
        "IP versions",
        "Requests by version of IP.",
        Prometheus(
            requests("ip_version", metric="cdn_protocol_requests_total"), "IPv{{ip_version}}"
        ),
        unit=Unit.REQUESTS_PER_SECOND,
        stack=True,
    ),
)


delivery = row(
    "Delivery and cost",
    timeseries(
        "speed",
        "Delivery speed by continent",
        "How fast one listener in two gets audio, and one in ten at most.",
        Prometheus(
            "histogram_quantile(0.5, sum by (le, continent)"
            f" (rate(cdn_audio_delivery_bytes_per_second_bucket{RATE})))",
            "{{continent}} half",
        ),
        Prometheus(
            "histogram_quantile(0.1, sum by (le, continent)"
            f" (rate(cdn_audio_delivery_bytes_per_second_bucket{RATE})))",
            "{{continent}} slowest tenth",
        ),
        unit=Unit.BYTES_PER_SECOND,
    ),
    timeseries(
        "bytes",
        "Bytes by host",
        "Bytes of bodies a second that the CDN sent.",
        Prometheus(requests("host", metric="cdn_response_bytes_total"), "{{host}}"),
        unit=Unit.BYTES_PER_SECOND,
        stack=True,
        links=[TO_CDN],
    ),
    timeseries(
        "round-trip",
        "Round trip by continent",
        "From the CDN to a listener of audio and back: half, and the slowest tenth.",
        Prometheus(
            "histogram_quantile(0.5, sum by (le, continent)"
            f" (rate(cdn_audio_round_trip_seconds_bucket{RATE})))",
            "{{continent}} half",
        ),
        Prometheus(
            "histogram_quantile(0.9, sum by (le, continent)"
            f" (rate(cdn_audio_round_trip_seconds_bucket{RATE})))",
            "{{continent}} slowest tenth",
        ),
        unit=Unit.SECONDS,
    ),
    timeseries(
        "retransmits",
        "Packets sent again",
        "Packets that were lost and sent again, for each answer with audio.",
        Prometheus(
            f"sum by (continent) (rate(cdn_audio_retransmitted_packets_sum{RATE}))"
            f" / sum by (continent) (rate(cdn_audio_retransmitted_packets_count{RATE}))",
            "{{continent}}",
        ),
        unit=Unit.COUNT,
    ),
    stat(
        "bytes-range",
        "Sent in the time range",
        "Bytes of bodies that the CDN sent in the time range.",
        Prometheus(f"sum(increase(cdn_response_bytes_total{{{HOST}}}[$__range]))", instant=True),
        unit=Unit.BYTES,
        width=6,
        graph=False,
    ),
    stat(
        "cost",
        "Traffic at this price",
        "Bytes sent in the time range at the price that is chosen above, in dollars a gigabyte.",
        Prometheus(
            f"sum(increase(cdn_response_bytes_total{{{HOST}}}[$__range])) / 1e9 * $price",
            instant=True,
        ),
        unit=Unit.DOLLARS,
        width=6,
        decimals=2,
        graph=False,
    ),
    stat(
        "bytes-missed",
        "Fetched from the origin",
        "Bytes of bodies in the time range for which the origin was asked.",
        Prometheus(
            f'sum(increase(cdn_response_bytes_total{{{HOST}, cache!~"HIT.*"}}[$__range]))',
            instant=True,
        ),
        unit=Unit.BYTES,
        width=6,
        graph=False,
    ),
    stat(
        "requests-range",
        "Requests in the time range",
        "Requests that the CDN answered in the time range.",
        Prometheus(f"sum(increase(cdn_requests_total{{{HOST}}}[$__range]))", instant=True),
        unit=Unit.COUNT,
        width=6,
        graph=False,
    ),
)
