"""Slice: a question about downloads put together by choosing, without SQL or PromQL."""

from dashboards.lib import Dashboard, Postgres, Unit, bars, choice, row, table, text, timeseries
from dashboards.questions import BORN, CDN_LOGS, PODCASTS, podcast_variable

MEASURES = ("downloads", "listeners", "requests", "bytes")
SPLITS = ("episode", "podcast", "country", "app", "hour of day", "day of week", "age in days")

ROWS = f"""
    WITH facts AS (
        SELECT
            h.hour AS time,
            CASE '${{split}}'
                WHEN 'episode' THEN h.podcast || ' ' || h.episode
                WHEN 'podcast' THEN h.podcast
                WHEN 'hour of day' THEN to_char(h.hour AT TIME ZONE 'UTC', 'HH24:00')
                WHEN 'day of week' THEN to_char(h.hour AT TIME ZONE 'UTC', 'ID Day')
                WHEN 'age in days' THEN
                    to_char(greatest(extract(DAY FROM h.hour - {BORN}), 0), 'FM0000')
            END AS part,
            CASE '${{measure}}'
                WHEN 'requests' THEN h.requests WHEN 'bytes' THEN h.bytes ELSE h.downloads
            END::bigint AS value
        FROM nearfield.episode_hours AS h
        INNER JOIN nearfield.episodes AS e ON e.podcast = h.podcast AND e.episode = h.episode
        WHERE $__timeFilter(h.hour) AND '${{split}}' NOT IN ('country', 'app') AND {PODCASTS}
        UNION ALL
        SELECT
            e.day::timestamp AT TIME ZONE 'UTC',
            coalesce(nullif(e.country, ''), 'unknown'),
            e.downloads
        FROM nearfield.episode_countries AS e
        WHERE $__timeFilter(e.day) AND '${{split}}' = 'country' AND {PODCASTS}
        UNION ALL
        SELECT e.day::timestamp AT TIME ZONE 'UTC', e.app, e.downloads
        FROM nearfield.episode_apps AS e
        WHERE $__timeFilter(e.day) AND '${{split}}' = 'app' AND {PODCASTS}
    ),
    parts AS (
        SELECT part, sum(value) AS value FROM facts GROUP BY part
        ORDER BY value DESC NULLS LAST LIMIT ${{top}}
    )
"""

chosen = row(
    "Choose above: measure, split, shows, how many; dates at the top right",
    text(
        "how",
        "How to ask",
        "Choose the **measure** and what to **split** it by, the shows and how many rows you want,"
        " and the dates with the clock at the top right. The table's menu, *Inspect*, *Data*, gives"
        " it as CSV. By country and by app downloads are what is kept, whatever the measure."
        " Hours and days are UTC.",
        height=3,
    ),
    bars(
        "ranking",
        "The largest",
        "The chosen measure in the time range, by the chosen split.",
        Postgres(f"{ROWS} SELECT part, value FROM parts ORDER BY value DESC"),
        unit=Unit.COUNT,
        width=14,
        height=10,
    ),
    table(
        "table",
        "As a table",
        "The same with its share of the sum of all rows shown.",
        Postgres(
            f"""{ROWS}
            SELECT part, value, value / nullif(sum(value) OVER (), 0)::double precision AS share
            FROM parts ORDER BY value DESC
            """
        ),
        units={"share": Unit.SHARE},
        width=10,
        height=10,
    ),
    timeseries(
        "days",
        "Day by day",
        "The chosen measure by UTC day, for the largest parts of the split.",
        Postgres(
            f"""{ROWS}
            SELECT date_trunc('day', f.time, 'UTC') AS time, f.part AS metric,
                sum(f.value) AS value
            FROM facts AS f INNER JOIN parts AS p ON p.part = f.part
            GROUP BY 1, 2 ORDER BY 1
            """,
            format="time_series",
        ),
        unit=Unit.COUNT,
        width=24,
        height=9,
        stack=True,
    ),
)

dashboard = Dashboard(
    uid="nearfield-slice",
    title="Nearfield 4: Slice",
    description="A question about downloads put together by choosing, without SQL or PromQL.",
    rows=[chosen],
    variables=[
        choice("measure", MEASURES),
        choice("split", SPLITS, text="Split by"),
        podcast_variable(),
        choice("top", ("10", "20", "50", "100"), text="Top"),
    ],
    logs=CDN_LOGS,
    time="now-30d",
    refresh="",
)
