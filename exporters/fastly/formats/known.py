"""The formats that are understood without being explained."""

from collections.abc import Mapping

from exporters.fastly.formats.model import FIELDS, Format, merged

OWN = Format("nearfield", {fact: (fact,) for fact in FIELDS})
"""Our own, see `own.py`: it alone carries everything that the counting rules ask for."""

STOCK = Format(
    "fastly",
    {
        "time": ("timestamp",),
        "client_ip": ("client_ip",),
        "country": ("geo_country",),
        "host": ("host",),
        "path": ("url",),
        "method": ("request_method",),
        "protocol": ("request_protocol",),
        "referer": ("request_referer",),
        "user_agent": ("request_user_agent",),
        "cache": ("response_state",),
        "status": ("response_status",),
        "body_bytes": ("response_body_size",),
        "pop": ("fastly_server", "server_datacenter"),
        "edge": ("fastly_is_edge",),
    },
)
"""The JSON that Fastly proposes for a new endpoint."""

VARNISH = Format(
    "varnish",
    {
        "time": ("time",),
        "elapsed_us": ("time_elapsed",),
        "client_ip": ("client_ip",),
        "country": ("geo_country_code",),
        "country_name": ("geo_country_name",),
        "continent": ("geo_continent_code",),
        "host": ("host",),
        "path": ("url",),
        "method": ("request",),
        "protocol": ("protocol",),
        "http2": ("is_h2",),
        "ipv6": ("is_ipv6",),
        "referer": ("request_referer",),
        "user_agent": ("request_user_agent",),
        "cache": ("cache_status",),
        "status": ("status",),
        "body_bytes": ("resp_body_size",),
        "pop": ("server_datacenter",),
        "request_id": ("request_id",),
    },
)
"""What `varnishncsa -j` writes for a Varnish in the CDN's place: every value is a string."""

EVENT = Format(
    "event",
    {
        fact: keys if fact == "time" else tuple(f"data.{key}" for key in keys)
        for fact, keys in VARNISH.keys.items()
    },
)
"""The same facts under `data`, as event stores like them: one object for every request."""

CSV = Format("csv", csv=True)
"""Twelve fields behind a syslog prefix, or eleven without; no method, no ranges, no host."""

FORMATS: Mapping[str, Format] = {one.name: one for one in (OWN, STOCK, VARNISH, EVENT, CSV)}
AUTO = merged("auto", FORMATS.values())
"""Every format at once, decided line by line: one endpoint may send several."""
