"""The `fastly_rt_*` families under fastly-exporter's names: help texts, labels, buckets."""

from exporters.core.exposition import (
    HistogramFamily,
    Limits,
    OnDrop,
    Policy,
    ValueFamily,
    ValueKind,
)
from exporters.fastly.realtime.fields import fields

PREFIX = "fastly_rt_"
SERVICE = ("service_id", "service_name")
PLACE = (*SERVICE, "datacenter")

SUCCESS, IDLE, ERROR = "success", "no data", "error"
"""What becomes of a request to the real-time API, in fastly-exporter's words."""

MISS_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 60)
"""Seconds, as fastly-exporter has them; what the API counts goes by its upper bound."""

SIZES = (
    ("object_size_1k", 1024.0),
    ("object_size_10k", 10_240.0),
    ("object_size_100k", 102_400.0),
    ("object_size_1m", 1_024_000.0),
    ("object_size_10m", 10_240_000.0),
    ("object_size_100m", 102_400_000.0),
    ("object_size_1g", 1_024_000_000.0),
    ("object_size_other", float("inf")),
)
"""Counts of the API, and the size in bytes that no object in them is above."""

INFO = f"{PREFIX}service_info"
DATACENTER = f"{PREFIX}datacenter_info"
CERTIFICATE = f"{PREFIX}cert_expiry_timestamp_seconds"
TOKEN = f"{PREFIX}token_expiration"


def measured(limits: Limits, on_drop: OnDrop) -> dict[str, ValueFamily]:
    """Return the families of `fields.tsv`, empty, by their names there.

    Two are counters without `_total`, and so untyped, as fastly-exporter names them.
    """
    found: dict[str, ValueFamily] = {}
    for field in fields():
        if field.family not in found:
            kind: ValueKind = "counter" if field.family.endswith("_total") else "unknown"
            labels = (*PLACE, field.label.name) if field.label else PLACE
            found[field.family] = ValueFamily(
                kind, PREFIX + field.family, field.help, labels, limits=limits, on_drop=on_drop
            )
    return found


def miss_duration(limits: Limits, on_drop: OnDrop) -> HistogramFamily:
    """Return the histogram of misses, empty."""
    return HistogramFamily(
        f"{PREFIX}miss_duration_seconds",
        "How long misses took, each counted with the upper bound that the API has for it.",
        PLACE,
        buckets=MISS_BUCKETS,
        limits=limits,
        on_drop=on_drop,
    )


def object_size(limits: Limits, on_drop: OnDrop) -> HistogramFamily:
    """Return the histogram of objects, empty."""
    return HistogramFamily(
        f"{PREFIX}object_size_bytes",
        "Sizes of the objects that were delivered, each counted with its bucket's upper bound,"
        " those over 1 GB with that.",
        PLACE,
        buckets=[bound for _, bound in SIZES],
        limits=limits,
        on_drop=on_drop,
    )


def requests(limits: Limits, on_drop: OnDrop) -> ValueFamily:
    """Return the counter of our own requests, empty."""
    return ValueFamily(
        "counter",
        f"{PREFIX}realtime_api_requests_total",
        "Requests to the real-time API by result.",
        (*SERVICE, "result"),
        limits=limits,
        on_drop=on_drop,
    )


def lost(limits: Limits, on_drop: OnDrop) -> ValueFamily:
    """Return the counter of seconds that nobody can tell of any more, empty."""
    return ValueFamily(
        "counter",
        f"{PREFIX}lost_seconds_total",
        "Seconds that passed unread, since the API could not be asked for longer than it remembers"
        " them.",
        SERVICE,
        limits=limits,
        on_drop=on_drop,
    )


def gauge(name: str, text: str, labels: tuple[str, ...], on_drop: OnDrop) -> ValueFamily:
    """Return a gauge, empty; what is over its limits is left out."""
    limits = Limits(policy=Policy.DROP)
    return ValueFamily("gauge", name, text, labels, limits=limits, on_drop=on_drop)


def last_success(on_drop: OnDrop) -> ValueFamily:
    """Return the gauge of the last success, empty."""
    text = "When the real-time API last answered with success, in Unix seconds; idle is success."
    return gauge(f"{PREFIX}last_successful_response", text, SERVICE, on_drop)


def aggregate_delay(on_drop: OnDrop) -> ValueFamily:
    """Return the gauge of the API's delay, empty."""
    text = "How long the real-time API waits before it adds a second up."
    return gauge(f"{PREFIX}aggregate_delay_seconds", text, SERVICE, on_drop)


def service_info(on_drop: OnDrop) -> ValueFamily:
    """Return the gauge that tells the version of services, empty."""
    return gauge(
        INFO, "The version of a service, always 1.", (*SERVICE, "service_version"), on_drop
    )


def account(on_drop: OnDrop) -> list[ValueFamily]:
    """Return the families of what the account's API tells, empty."""
    return [
        gauge(
            DATACENTER,
            "The places of the CDN, always 1.",
            ("datacenter", "name", "group", "latitude", "longitude"),
            on_drop,
        ),
        gauge(
            CERTIFICATE,
            "When a TLS certificate that was given to Fastly expires, in Unix seconds.",
            ("cn", "name", "id", "issuer", "sn"),
            on_drop,
        ),
        gauge(
            TOKEN,
            "When the API token expires, in Unix seconds; none for one that never does.",
            ("token_id", "user_id"),
            on_drop,
        ),
    ]
