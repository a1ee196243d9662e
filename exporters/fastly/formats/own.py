"""The log format that we ask Fastly for, as its log format strings write it."""

# Behind a shield the header Host is that of the shield.
_HOST = "if(req.http.Fastly-Orig-Host, req.http.Fastly-Orig-Host, req.http.Host)"

_PLACES = (
    # The start, to the millisecond: a line is written at the end, up to many minutes later.
    ("time", r'"%{strftime(\{"%Y-%m-%dT%H:%M:%S"\}, time.start)}V.%{time.start.msec_frac}VZ"'),
    ("elapsed_us", "%{time.elapsed.usec}V"),
    ("method", '"%{json.escape(req.method)}V"'),
    ("host", f'"%{{json.escape({_HOST})}}V"'),
    # Without the query, which may hold a token.
    ("path", '"%{json.escape(req.url.path)}V"'),
    ("status", "%{resp.status}V"),
    ("body_bytes", "%{resp.body_bytes_written}V"),
    ("range", '"%{json.escape(req.http.Range)}V"'),
    ("content_range", '"%{json.escape(resp.http.Content-Range)}V"'),
    ("user_agent", '"%{json.escape(req.http.User-Agent)}V"'),
    ("referer", '"%{json.escape(req.http.Referer)}V"'),
    # The connection's own: a client may send the header Fastly-Client-IP with what it likes. Behind
    # a shield it is that of the edge, in lines that are not counted.
    ("client_ip", '"%{client.ip}V"'),
    ("country", '"%{json.escape(client.geo.country_code)}V"'),
    ("continent", '"%{json.escape(client.geo.continent_code)}V"'),
    ("pop", '"%{json.escape(server.datacenter)}V"'),
    ("cache", '"%{json.escape(fastly_info.state)}V"'),
    ("protocol", '"%{json.escape(req.proto)}V"'),
    ("ipv6", '%{if(req.is_ipv6, "true", "false")}V'),
    # A segmented object logs each of its segments, and a shield each request of the edge: both
    # are the CDN talking to itself.
    ("inner", '%{if(segmented_caching.is_inner_req, "true", "false")}V'),
    ("shield", "%{fastly.ff.visits_this_service}V"),
    ("error", '"%{json.escape(fastly.error)}V"'),
    ("rtt_us", "%{client.socket.tcpi_rtt}V"),
    # Of this request; what is sent again in all is known of its connection, which has several.
    ("retransmits", "%{client.socket.tcpi_delta_retrans}V"),
    ("request_id", '"%{req.xid}V"'),
)


def log_format() -> str:
    """Return the format string for a log endpoint (`format_version` 2): one JSON object a line."""
    return "{" + ",".join(f'"{key}":{value}' for key, value in _PLACES) + "}"
