"""What happened, as lines over every graph: deploys, new episodes, alerts."""

from dashboards.lib.sources import PROMETHEUS, Json

_TIMES = "${__from}"


def _annotation(name: str, color: str, expr: str, title: str, text: str, **more: object) -> Json:
    return {
        "name": name,
        "datasource": PROMETHEUS.reference,
        "enable": True,
        "hide": False,
        "iconColor": color,
        "expr": expr,
        "step": "60s",
        "titleFormat": title,
        "textFormat": text,
        "tagKeys": "",
        **more,
    }


DEPLOYS = _annotation(
    "Deploys",
    "purple",
    f"max by (service, stack, version, deployer) (deploy_last_timestamp_seconds) * 1000 > {_TIMES}",
    "Deploy of {{service}}",
    "{{version}} {{deployer}}",
    useValueForTime="on",
)
"""The moment in which a service began to run another version."""

EPISODES = _annotation(
    "Episodes",
    "blue",
    "max by (podcast, episode) (podcast_episode_published_timestamp_seconds) * 1000 > " + _TIMES,
    "New episode: {{podcast}}",
    "{{episode}}",
    useValueForTime="on",
)
"""The moment in which an episode was published."""

ALERTS = _annotation(
    "Alerts",
    "red",
    'max by (alertname, service) (ALERTS{alertstate="firing", severity=~"critical|warning"})',
    "{{alertname}}",
    "{{service}}",
)
"""The time in which an alert fired."""
