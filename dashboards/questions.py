"""What several dashboards ask in the same words: SQL on the ledger, selectors, links, rankings."""

from dashboards.lib import Panel, Postgres, Unit, Variable, bar_gauge, labels, query, to_dashboard

PODCASTS = "e.podcast ~ '^(${podcast:regex})$'"
"""Rows of the chosen shows; all of them where All is chosen."""
EPISODES = f"{PODCASTS} AND e.episode ~ '^(${{episode:regex}})$'"

BORN = "date_trunc('hour', coalesce(e.published_at, e.seen_at))"
"""The hour of publication, or that in which the ledger first heard of an episode."""

CDN_LOGS = '{service="cdn"}'
"""Request lines worth reading; the rest of what they say is structured metadata."""

TO_SHOW = to_dashboard("This show", "nearfield-show", {"podcast": "${__field.labels.podcast}"})
TO_EPISODE = to_dashboard(
    "This episode",
    "nearfield-episode",
    {"podcast": "${__field.labels.podcast}", "episode": "${__field.labels.episode}"},
)
TO_EPISODE_OF_ROW = to_dashboard(
    "This episode",
    "nearfield-episode",
    {"podcast": "${__data.fields.podcast}", "episode": "${__data.fields.episode}"},
)
TO_SHOW_OF_ROW = to_dashboard(
    "This show", "nearfield-show", {"podcast": "${__data.fields.podcast}"}
)
TO_SERVICE = to_dashboard(
    "This service's containers",
    "nearfield-containers",
    {"service": "${__field.labels.service}"},
)
TO_LOGS = to_dashboard(
    "This service's logs", "nearfield-logs", {"service": "${__field.labels.service}"}
)
TO_ALL_OF_THE_CDN = to_dashboard("The CDN", "nearfield-cdn")
TO_CDN = to_dashboard("This host at the CDN", "nearfield-cdn", {"host": "${__field.labels.host}"})


def podcast_variable() -> Variable:
    """Return the choice of shows: of those that the ledger knows, so that it works at once."""
    return query("podcast", "SELECT DISTINCT podcast FROM nearfield.episodes ORDER BY podcast")


def episode_variable() -> Variable:
    """Return the choice of episodes of the chosen shows, the newest first."""
    return query(
        "episode",
        f"""
        SELECT e.episode FROM nearfield.episodes AS e WHERE {PODCASTS}
        GROUP BY e.episode ORDER BY max(coalesce(e.published_at, e.seen_at)) DESC LIMIT 1000
        """,
    )


def service_variable(metric: str) -> Variable:
    """Return the choice of services that a metric has."""
    return labels("service", metric)


def stack_variable(metric: str) -> Variable:
    """Return the choice of stacks; some services have none, so that All takes the empty one too."""
    variable = labels("stack", metric)
    return Variable("stack", {**variable.json, "allValue": ".*"})


def countries(selected: str) -> Panel:
    """Return the countries with the most of the selected downloads."""
    name = "coalesce(nullif(e.country, ''), 'unknown') AS country"
    return _largest("country", "Countries", name, "episode_countries", selected)


def apps(selected: str) -> Panel:
    """Return the apps with the most of the selected downloads."""
    return _largest("app", "Apps", "e.app", "episode_apps", selected)


def _largest(word: str, title: str, name: str, view: str, selected: str) -> Panel:
    return bar_gauge(
        title.lower(),
        title,
        f"Downloads in the time range by {word}, the 15 largest.",
        Postgres(
            f"""
            SELECT {name}, sum(e.downloads) AS downloads
            FROM nearfield.{view} AS e
            WHERE $__timeFilter(e.day) AND {selected}
            GROUP BY 1 ORDER BY 2 DESC LIMIT 15
            """
        ),
        unit=Unit.COUNT,
        rows=True,
    )


def launch_curves(selected: str, count: int) -> str:
    """Return SQL for downloads of the newest `count` selected episodes, summed up by age.

    A time series wants times: the left edge of the graph stands for publication.
    """
    return f"""
    WITH newest AS (
        SELECT e.id, e.podcast, e.episode, {BORN} AS born
        FROM nearfield.episodes AS e
        WHERE {selected}
        ORDER BY coalesce(e.published_at, e.seen_at) DESC
        LIMIT {count}
    )
    SELECT
        $__timeFrom()::timestamptz + (h.hour - n.born) AS time,
        n.podcast || ' ' || n.episode AS metric,
        sum(h.downloads) OVER (PARTITION BY n.id ORDER BY h.hour)::bigint AS value
    FROM newest AS n
    INNER JOIN nearfield.episode_hours AS h ON h.podcast = n.podcast AND h.episode = n.episode
    WHERE
        h.hour >= n.born
        AND h.hour < n.born + ($__timeTo()::timestamptz - $__timeFrom()::timestamptz)
    ORDER BY time
    """


USUAL_LAUNCH = f"""
    WITH newest AS (
        SELECT e.id, e.podcast, e.episode, {BORN} AS born
        FROM nearfield.episodes AS e
        WHERE {PODCASTS} AND coalesce(e.published_at, e.seen_at) <= now()
        ORDER BY coalesce(e.published_at, e.seen_at) DESC
        LIMIT 1
    ),
    before AS (
        SELECT e.id, e.podcast, e.episode, {BORN} AS born
        FROM nearfield.episodes AS e
        INNER JOIN newest AS n ON n.podcast = e.podcast AND {BORN} < n.born
        ORDER BY born DESC
        LIMIT 12
    ),
    ages AS (
        SELECT b.id, age, coalesce(h.downloads, 0) AS downloads
        FROM before AS b
        CROSS JOIN generate_series(0, 167) AS age
        LEFT JOIN nearfield.episode_hours AS h
            ON h.podcast = b.podcast AND h.episode = b.episode
            AND h.hour = b.born + age * interval '1 hour'
        WHERE b.born + age * interval '1 hour' <= now()
    ),
    usual AS (
        SELECT id, age, sum(downloads) OVER (PARTITION BY id ORDER BY age) AS so_far FROM ages
    )
    SELECT
        $__timeFrom()::timestamptz + age * interval '1 hour' AS time,
        'usual: median of the 12 before' AS metric,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY so_far) AS value
    FROM usual
    GROUP BY age
    UNION ALL
    SELECT
        $__timeFrom()::timestamptz + (h.hour - n.born),
        n.podcast || ' ' || n.episode,
        sum(h.downloads) OVER (ORDER BY h.hour)::double precision
    FROM newest AS n
    INNER JOIN nearfield.episode_hours AS h ON h.podcast = n.podcast AND h.episode = n.episode
    WHERE h.hour >= n.born AND h.hour < n.born + interval '7 days'
    ORDER BY time
"""
"""The newest chosen episode's downloads by age beside the usual of its show; seven days wide."""

IMPACT = f"""
    WITH bounds AS (
        SELECT
            date_trunc('hour', $__timeFrom()::timestamptz) AS began,
            least($__timeTo()::timestamptz, now()) AS ended
    ),
    seen AS (
        SELECT e.podcast, e.hour, sum(e.downloads) AS downloads
        FROM nearfield.episode_hours AS e
        CROSS JOIN bounds AS b
        WHERE
            e.hour >= b.began - 4 * interval '168 hours'
            AND e.hour < b.ended + interval '48 hours'
            AND {PODCASTS}
        GROUP BY e.podcast, e.hour
    ),
    shows AS (
        SELECT e.podcast, min(e.hour) AS first_hour
        FROM nearfield.episode_hours AS e WHERE {PODCASTS} GROUP BY e.podcast
    ),
    grid AS (
        SELECT s.podcast, s.first_hour, at
        FROM bounds AS b
        CROSS JOIN shows AS s
        CROSS JOIN generate_series(
            b.began,
            -- An hour that is not over yet would look like a loss.
            least(b.ended + interval '48 hours', now() - interval '1 hour'),
            interval '1 hour'
        ) AS at
    ),
    usual AS (
        SELECT
            g.podcast, g.at,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY coalesce(w.downloads, 0)) AS expected
        FROM grid AS g
        CROSS JOIN generate_series(1, 4) AS week
        LEFT JOIN seen AS w
            ON w.podcast = g.podcast AND w.hour = g.at - week * interval '168 hours'
        WHERE g.at - week * interval '168 hours' >= g.first_hour
        GROUP BY g.podcast, g.at
    ),
    compared AS (
        SELECT
            g.podcast,
            g.at AS hour,
            g.at < b.ended AS inside,
            coalesce(n.downloads, 0)::double precision AS seen,
            u.expected
        FROM bounds AS b
        CROSS JOIN grid AS g
        LEFT JOIN seen AS n ON n.podcast = g.podcast AND n.hour = g.at
        LEFT JOIN usual AS u ON u.podcast = g.podcast AND u.at = g.at
    )
"""
"""`compared`: each chosen show's downloads by hour, seen and expected, in the time range and (not
`inside`) in the two days after it. Expected is the median of the same hour of the last four weeks,
of those that the ledger has."""
