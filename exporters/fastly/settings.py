"""The `[fastly]` section: where log lines come from, how they are measured, what is kept."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from exporters.core.quantities import Address, Duration, Listen, Size
from exporters.core.settings import Folder, Location, Section, wants
from exporters.fastly.counting import CountingSettings
from exporters.fastly.lines import MAX_LINE
from exporters.fastly.realtime.settings import RealtimeSettings
from exporters.fastly.requests.settings import LinesSettings

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")


def _header(name: str) -> str:
    if not _HEADER.fullmatch(name):
        raise wants("the name of an HTTP header")
    return name


def _bucket(url: str) -> str:
    if not re.fullmatch(r"s3://[^/]+(/.*)?", url):
        raise wants("a bucket and a prefix, such as `s3://bucket/prefix`")
    return url


def _line_limit(size: int) -> int:
    # A line that is no UTF-8 grows threefold, and has to be shorter than a segment allows then.
    if size > MAX_LINE // 3:
        raise wants(f"at most {MAX_LINE // 3 // 1024}KiB")
    return size


def _pattern(*groups: str) -> AfterValidator:
    """A regular expression that has these named groups."""

    def check(pattern: str) -> str:
        try:
            names = re.compile(pattern).groupindex
        except (re.error, RecursionError, OverflowError):
            raise wants("a regular expression") from None
        if missing := [group for group in groups if group not in names]:
            named = " and ".join(f"(?P<{group}>…)" for group in missing)
            raise wants(f"a regular expression with {named}")
        return pattern

    return AfterValidator(check)


EpisodePath = Annotated[str, _pattern("podcast", "episode")]
FeedPath = Annotated[str, _pattern("feed")]
Window = Literal["calendar", "first-touch", "last-touch"]


class SyslogSettings(Section):
    """Log lines over TCP as a syslog endpoint sends them."""

    listen: Listen | None = Field(
        default=None,
        description="Address for syslog over TCP, such as `0.0.0.0:9582`; absent: no syslog.",
    )
    web_config_file: Location | None = Field(
        default=None,
        description="TLS and mutual TLS of the syslog listener, in the exporter-toolkit's format.",
    )
    token: SecretStr | None = Field(
        default=None,
        description="What each line must begin with, one token a line of the file; several while a"
        " token is being exchanged. Absent: any line is taken, so let TLS ask for a certificate.",
    )
    connection_limit: int = Field(
        default=256, ge=1, description="Connections at a time; one more is closed at once."
    )
    idle_timeout: Duration = Field(
        default=300.0, description="How long a connection may be silent before it is closed."
    )


class S3Settings(Section):
    """Log files in a bucket of S3, or of anything that speaks its API."""

    url: Annotated[str, AfterValidator(_bucket)] | None = Field(
        default=None,
        description="Bucket and prefix, as `s3://bucket/prefix`; absent: no bucket is read.",
    )
    endpoint: str | None = Field(
        default=None, description="URL of a store that is not AWS, such as `https://minio:9000`."
    )
    region: str = Field(default="us-east-1", description="Region of the bucket.")
    access_key_id: str | None = Field(
        default=None, description="Access key; absent: the environment or the machine's role."
    )
    secret_access_key: SecretStr | None = Field(
        default=None, description="Secret of the access key."
    )
    interval: Duration = Field(default=60.0, description="How often the bucket is listed.")
    late: Duration = Field(
        default=2 * 86400.0,
        description="How late an object may come, by the store's own clock; at the first start"
        " objects of that age are read, older ones by `nearfield backfill`.",
    )


class FastlySettings(Section):
    """The CDN's log stream, from the line to the ledger, and its real-time statistics."""

    listen: Listen = Field(
        default=Address("0.0.0.0", 9581),  # noqa: S104 - the CDN's nodes have to reach it
        description="Address of `POST /ingest/fastly` and of the ownership challenge.",
    )
    token: SecretStr | None = Field(
        default=None,
        description="Shared secret of the log endpoint, one token a line of the file; several"
        " while a token is being exchanged.",
    )
    token_header: Annotated[str, AfterValidator(_header)] = Field(
        default="Authorization",
        description="Header that holds the token: `Authorization: Bearer TOKEN`, or the bare token"
        " in any other header.",
    )
    web_config_file: Location | None = Field(
        default=None,
        description="TLS and mutual TLS of the receiver, in the exporter-toolkit's format.",
    )
    service_ids: tuple[str, ...] = Field(
        default=(),
        description="Services that may send logs here, told to the ownership challenge by their"
        " SHA-256; `*` answers for any.",
    )

    body_limit: Size = Field(
        default=100 * 1000**2, description="Largest body of a batch as it is sent."
    )
    inflated_limit: Size = Field(
        default=1024**3, description="Largest body of a batch when inflated."
    )
    line_limit: Annotated[Size, AfterValidator(_line_limit)] = Field(
        default=64 * 1024,
        description="Longest line; a longer one is rejected, its neighbours are not.",
    )
    connection_limit: int = Field(
        default=512, ge=1, description="Connections at a time; one more is closed at once."
    )
    batch_limit: int = Field(
        default=64,
        ge=1,
        description="Batches being received at a time; one more waits, and is answered 429 after"
        " 5 s.",
    )
    idle_timeout: Duration = Field(
        default=30.0, description="How long a client may send nothing in the middle of a batch."
    )
    lowest_rate: Size = Field(
        default=8 * 1024,
        description="Bytes a second below which a batch is broken off, after a first"
        " `idle_timeout`.",
    )

    spool: Folder | None = Field(
        default=None,
        description="Where lines wait for the ledger; absent: `spool` under `data_dir`.",
    )
    spool_quota: Size = Field(
        default=10 * 1024**3,
        description="Bytes that the spool may hold before batches are answered 503.",
    )
    segment_size: Size = Field(
        default=64 * 1024**2, description="Size at which a segment of the spool is closed."
    )
    segment_age: Duration = Field(
        default=1.0,
        description="Age at which a segment is closed when the ledger waits for lines; a quarter of"
        " its size is enough for that too.",
    )
    archive: Folder | None = Field(
        default=None,
        description="Where segments are kept when they have been counted; absent: they are deleted,"
        " since they hold addresses.",
    )
    quarantine: Folder | None = Field(
        default=None,
        description="Where rejected lines are kept; absent: `quarantine` under `data_dir`.",
    )
    quarantine_quota: Size = Field(
        default=64 * 1024**2,
        description="Bytes of rejected lines that are kept to look at, addresses masked.",
    )

    hosts: tuple[str, ...] = Field(
        default=(),
        description="Hosts to tell apart; empty: the first 50 that answered with success.",
    )
    episode_path: EpisodePath = Field(
        default=r"^/uploads/(?P<podcast>[^/]+)/(?P<episode>[^/]+)/[^/]+\.mp3$",
        description="What the path of an episode's audio looks like.",
    )
    feed_path: FeedPath = Field(
        default=r"^/(?P<feed>[^/]+)/feed/?$", description="What the path of a feed looks like."
    )
    feeds: dict[str, str] = Field(
        default_factory=dict, description="Feed name to podcast, where they differ."
    )
    window: Window = Field(
        default="calendar", description="Window in which a listener's requests are one download."
    )

    counting: CountingSettings = Field(
        default_factory=CountingSettings, description="What is a download."
    )
    queries: tuple[Location, ...] = Field(
        default=(),
        description="Files with your own metrics from log lines, as paths or patterns, where"
        " `downloads.queries` does not name them.",
    )
    lines: LinesSettings = Field(
        default_factory=LinesSettings, description="Requests that are told to Loki one by one."
    )
    syslog: SyslogSettings = Field(default_factory=SyslogSettings, description="Lines over syslog.")
    s3: S3Settings = Field(default_factory=S3Settings, description="Lines in a bucket.")
    realtime: RealtimeSettings = Field(
        default_factory=RealtimeSettings, description="The real-time API."
    )
