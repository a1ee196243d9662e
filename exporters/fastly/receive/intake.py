"""All ways in, put together from the settings: what `build()` hands to the application."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_client.registry import Collector
from pydantic import SecretStr

from exporters.core.errors import SettingsError
from exporters.core.exporter import Service, Source
from exporters.core.poller import Pace, Poller
from exporters.core.quantities import Address
from exporters.core.telemetry import Telemetry
from exporters.core.web.guard import Guard
from exporters.core.web.live import LiveConfig
from exporters.fastly import challenge, segment
from exporters.fastly.bodies import Limits
from exporters.fastly.quarantine import Quarantine
from exporters.fastly.receive.connections import ConnectionLimits, Connections
from exporters.fastly.receive.listener import ReceiverListener
from exporters.fastly.receive.metrics import ReceiveMetrics
from exporters.fastly.receive.pace import Pace as BodyPace
from exporters.fastly.receive.receiver import PATIENCE, Policy, Receiver
from exporters.fastly.receive.tokens import BEARER, Tokens
from exporters.fastly.receive_refusals import MALFORMED
from exporters.fastly.s3 import Bucket, S3Reader
from exporters.fastly.s3.reader import STATE
from exporters.fastly.settings import FastlySettings
from exporters.fastly.spool import Kind, Spool, SpoolLimits, SpoolMetrics
from exporters.fastly.syslog import Gatherer, SyslogListener, SyslogPolicy


@dataclass(frozen=True, slots=True)
class Intake:
    """The parts that bring lines to the spool, for an `Exporter`; and what its reader needs."""

    spool: Spool
    quarantine: Quarantine
    metrics: ReceiveMetrics
    services: Sequence[Service]
    sources: Sequence[Source]
    collectors: Sequence[Collector]
    listeners: Sequence[AbstractAsyncContextManager[Any]]


@dataclass(frozen=True, slots=True)
class _Way:
    """One way in."""

    services: Sequence[Service]
    source: Source
    listeners: Sequence[AbstractAsyncContextManager[Any]] = ()


def build_intake(
    settings: FastlySettings, data_dir: Path, reasons: Sequence[str], telemetry: Telemetry
) -> Intake:
    """Return the parts for every way in that the settings hold; `reasons` are those of rejection.

    Raises SettingsError where a token or a web configuration cannot be used.
    """
    spool = Spool(
        settings.spool or data_dir / "spool",
        SpoolLimits(settings.spool_quota, settings.segment_size, settings.segment_age),
        archive=settings.archive,
    )
    sources = used(settings)
    metrics = ReceiveMetrics(sources)
    quarantine = Quarantine(
        settings.quarantine or data_dir / "quarantine",
        settings.quarantine_quota,
        reasons,
        sources,
    )
    ways = []
    if settings.token:
        ways.append(_https(settings, settings.token, spool, quarantine, metrics))
    if settings.syslog.listen:
        ways.append(_syslog(settings, settings.syslog.listen, spool, quarantine, metrics))
    if settings.s3.url:
        poller = _s3(settings, settings.s3.url, spool, quarantine, metrics, telemetry)
        ways.append(_Way([poller], poller))
    return Intake(
        spool,
        quarantine,
        metrics,
        services=[spool, *(service for way in ways for service in way.services)],
        sources=[spool, *(way.source for way in ways)],
        collectors=[SpoolMetrics(spool.stock), metrics, quarantine.rejected],
        listeners=[listener for way in ways for listener in way.listeners],
    )


def used(settings: FastlySettings) -> tuple[segment.Source, ...]:
    """Return the sources of lines that the settings hold."""
    ways: dict[segment.Source, object] = {
        "https": settings.token,
        "syslog": settings.syslog.listen,
        "s3": settings.s3.url,
    }
    return tuple(source for source, setting in ways.items() if setting)


def _https(
    settings: FastlySettings,
    token: SecretStr,
    spool: Spool,
    quarantine: Quarantine,
    metrics: ReceiveMetrics,
) -> _Way:
    live = LiveConfig.load(settings.web_config_file)
    if live.config.users and settings.token_header.lower() == BEARER.lower():
        problem = "wants another header, since the web configuration asks for passwords in this one"
        raise SettingsError([f"fastly.token_header: {problem}"])
    connections = Connections(
        ConnectionLimits(settings.connection_limit, settings.idle_timeout),
        on_cut=lambda reason: metrics.refused.inc(("https", reason)),
        on_count=lambda number: metrics.connections.set(("https",), number),
    )
    receiver = Receiver(_policy(settings, token), spool, quarantine, metrics, connections)
    listener = ReceiverListener(
        receiver.app(Guard(live, open_paths=[challenge.PATH])),
        settings.listen,
        connections,
        live.context,
        on_malformed=lambda: metrics.refused.inc(("https", MALFORMED)),
    )
    return _Way([live], receiver, [listener])


def _policy(settings: FastlySettings, token: SecretStr) -> Policy:
    return Policy(
        Tokens.parse(token, "fastly.token_file", settings.token_header),
        settings.service_ids,
        Limits(
            body=settings.body_limit, inflated=settings.inflated_limit, line=settings.line_limit
        ),
        BodyPace(settings.idle_timeout, settings.lowest_rate),
        settings.batch_limit,
        PATIENCE,
    )


def _syslog(
    settings: FastlySettings,
    address: Address,
    spool: Spool,
    quarantine: Quarantine,
    metrics: ReceiveMetrics,
) -> _Way:
    section = settings.syslog
    live = LiveConfig.load(section.web_config_file)
    if live.config.users:
        problem = "knows no passwords, which are for HTTP; set fastly.syslog.token_file instead"
        raise SettingsError([f"fastly.syslog.web_config_file: {problem}"])
    tokens = Tokens.parse(section.token, "fastly.syslog.token_file") if section.token else None
    policy = SyslogPolicy(
        tokens, section.connection_limit, section.idle_timeout, settings.line_limit
    )
    gatherer = Gatherer(Kind("syslog"), spool, quarantine, metrics)
    listener = SyslogListener(address, policy, gatherer, metrics, live)
    return _Way([live, gatherer], listener, [listener])


def _s3(
    settings: FastlySettings,
    url: str,
    spool: Spool,
    quarantine: Quarantine,
    metrics: ReceiveMetrics,
    telemetry: Telemetry,
) -> Poller[int]:
    section = settings.s3
    reader = S3Reader(
        url,
        Bucket.open(url, section),
        spool.folder / STATE,
        section.late,
        settings.line_limit,
        spool,
        quarantine,
        metrics,
    )
    # One look may have a long list to take; what it has taken stays taken where it is broken off.
    pace = Pace(section.interval, deadline=3600.0, max_age=3600.0 + 5 * section.interval)
    return Poller("fastly", "s3", reader.poll, pace, telemetry)
