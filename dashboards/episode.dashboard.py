"""Episode: how one launch goes, beside others of the same age."""

from dashboards.lib import (
    Dashboard,
    Postgres,
    Prometheus,
    Unit,
    bar_gauge,
    row,
    stat,
    table,
    timeseries,
)
from dashboards.questions import (
    CDN_LOGS,
    EPISODES,
    TO_EPISODE,
    TO_SHOW,
    TO_SHOW_OF_ROW,
    apps,
    countries,
    episode_variable,
    launch_curves,
    podcast_variable,
)

CHOSEN = 'podcast=~"$podcast", episode=~"$episode"'

sums = row(
    "The episode",
    stat(
        "downloads",
        "Downloads",
        "Downloads up to now, by the app's own count and by the stream's.",
        Prometheus(f"sum by (source) (podcast_episode_downloads{{{CHOSEN}}})", "{{source}}"),
        unit=Unit.COUNT,
        width=6,
        names=True,
    ),
    stat(
        "listeners",
        "Listeners",
        "Distinct listeners of each day, summed over the days.",
        Prometheus(f"sum by (source) (podcast_episode_listeners{{{CHOSEN}}})", "{{source}}"),
        unit=Unit.COUNT,
        width=6,
        names=True,
    ),
    stat(
        "published",
        "Published",
        "When the newest chosen episode was published.",
        Prometheus(f"max(podcast_episode_published_timestamp_seconds{{{CHOSEN}}}) * 1000"),
        unit=Unit.AGO,
        graph=False,
    ),
    stat(
        "duration",
        "Duration",
        "Length of the longest chosen episode.",
        Prometheus(f"max(podcast_episode_duration_seconds{{{CHOSEN}}})"),
        unit=Unit.SECONDS,
        graph=False,
    ),
    stat(
        "size",
        "File",
        "Size of the largest chosen file.",
        Prometheus(f"max(podcast_episode_audio_bytes{{{CHOSEN}}})"),
        unit=Unit.BYTES,
        graph=False,
    ),
    timeseries(
        "live",
        "Downloads a minute",
        "Downloads as they come in; episodes older than 90 days are counted together as older.",
        Prometheus(
            "topk(12, 60 * sum by (podcast, episode)"
            ' (rate(podcast_downloads_total{podcast=~"$podcast", episode=~"$episode|older"}'
            "[15m])))",
            "{{podcast}} {{episode}}",
        ),
        unit=Unit.PER_MINUTE,
        links=[TO_EPISODE, TO_SHOW],
    ),
    timeseries(
        "hourly",
        "Downloads an hour",
        "Downloads by hour from the ledger: for any year, and after a backfill.",
        Postgres(
            f"""
            SELECT e.hour AS time, e.podcast || ' ' || e.episode AS metric, e.downloads AS value
            FROM nearfield.episode_hours AS e
            WHERE $__timeFilter(e.hour) AND {EPISODES}
            ORDER BY time
            LIMIT 50000
            """,
            format="time_series",
        ),
        unit=Unit.COUNT,
        stack=True,
    ),
)

launch = row(
    "Launch",
    timeseries(
        "curves",
        "Launch curves by age",
        "Downloads of the eight newest chosen episodes, summed up by age: the left edge is"
        " publication, and what the time range spans is the age at the right edge.",
        Postgres(launch_curves(EPISODES, 8), format="time_series"),
        unit=Unit.COUNT,
        height=10,
    ),
    table(
        "windows",
        "First days",
        "Downloads so far in the first 1, 3, 7, 30 and 90 days, by the app and by the stream.",
        Prometheus(
            "sum by (podcast, episode, source, days)"
            f" (podcast_episode_launch_downloads{{{CHOSEN}}})",
            instant=True,
            format="table",
        ),
        names={"Value": "downloads"},
        sort="-downloads",
        height=10,
        column_links={"podcast": [TO_SHOW_OF_ROW]},
    ),
)

reach = row(
    "Listeners",
    bar_gauge(
        "tenths",
        "How far people get",
        "How many listeners got each tenth of the file whole.",
        Prometheus(
            f"sum by (tenth) (podcast_episode_delivered_tenth_listeners{{{CHOSEN}}})",
            "tenth {{tenth}}",
            instant=True,
        ),
        unit=Unit.COUNT,
    ),
    countries(EPISODES),
    apps(EPISODES),
    table(
        "measures",
        "Downloads beside the app's measure",
        "By UTC day: valid unique downloads, requests, bytes, and bytes divided by the size of the"
        " file, which is what the app counts.",
        Postgres(
            f"""
            SELECT e.day, e.podcast, e.episode, e.downloads, e.listeners, e.requests, e.bytes,
                e.file_equivalents AS "file equivalents"
            FROM nearfield.episode_days AS e
            WHERE $__timeFilter(e.day) AND {EPISODES}
            ORDER BY e.day DESC, e.downloads DESC
            LIMIT 1000
            """
        ),
        units={"bytes": Unit.BYTES},
        width=24,
    ),
    table(
        "facts",
        "Episodes",
        "The chosen episodes with their titles and types, as the app has them.",
        Prometheus(f"podcast_episode_info{{{CHOSEN}}}", instant=True, format="table"),
        hide=("Value", "__name__", "instance", "job"),
        width=24,
    ),
)

dashboard = Dashboard(
    uid="nearfield-episode",
    title="Nearfield 3: Episode",
    description="How one launch goes, beside others of the same age.",
    rows=[sums, launch, reach],
    variables=[podcast_variable(), episode_variable()],
    logs=CDN_LOGS,
    time="now-7d",
    refresh="5m",
)
