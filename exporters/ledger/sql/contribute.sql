-- What the changed rows of a day add to the sums, and take from them.

-- A download moves where its window turns out to have begun in another hour; a move is not a new
-- download. Live is what began within the live window.
INSERT INTO new_downloads
SELECT
    c.episode_id, date_trunc('hour', c.began), c.country, c.app,
    nearfield.launch_of(c.began, e.published_at), sum(c.n),
    coalesce(sum(c.n) FILTER (WHERE NOT c.moved AND c.began >= %(live_from)s), 0)
FROM (
    SELECT
        episode_id, country, app, counted_at AS began, 1 AS n, was_counted_at IS NOT NULL AS moved
    FROM merged
    WHERE day = %(day)s AND counted_at IS DISTINCT FROM was_counted_at
    UNION ALL
    SELECT episode_id, country, app, was_counted_at, -1, counted_at IS NOT NULL
    FROM merged
    WHERE day = %(day)s AND counted_at IS DISTINCT FROM was_counted_at
) AS c
INNER JOIN nearfield.episodes AS e ON e.id = c.episode_id
WHERE c.began IS NOT NULL
GROUP BY 1, 2, 3, 4, 5;

-- Only a download has tenths: the first time that it holds one counts.
INSERT INTO new_tenths
SELECT
    episode_id, tenth,
    sum((now_bits >> tenth & 1) - (was_bits >> tenth & 1)),
    coalesce(
        sum((now_bits >> tenth & 1) - (was_bits >> tenth & 1))
        FILTER (WHERE last_at >= %(live_from)s), 0
    )
FROM (
    SELECT
        episode_id, last_at,
        CASE WHEN counted_at IS NULL THEN 0 ELSE tenths END AS now_bits,
        CASE WHEN was_counted_at IS NULL THEN 0 ELSE was_tenths END AS was_bits
    FROM merged
    WHERE day = %(day)s
) AS bits
CROSS JOIN generate_series(0, 9) AS tenth
WHERE now_bits <> was_bits
GROUP BY episode_id, tenth;

-- One of the requests that make a download is `counted`; the others are repeats. What is no download
-- yet is incomplete. A calendar day counts in the hour of the last of the requests that came
-- together, a rolling window in that of the request with which it began.
INSERT INTO new_outcomes
WITH changed AS (
    SELECT
        *,
        date_trunc('hour', last_at) AS hour,
        date_trunc(
            'hour',
            CASE WHEN touches IS NULL THEN last_at ELSE coalesce(counted_at, was_counted_at) END
        ) AS step_hour,
        (counted_at IS NOT NULL)::integer - (was_counted_at IS NOT NULL)::integer AS step,
        CASE
            WHEN counted_at IS NULL AND was_counted_at IS NULL THEN 'incomplete' ELSE 'repeat'
        END AS outcome
    FROM merged
    WHERE day = %(day)s
),

parts AS (
    SELECT episode_id, hour, outcome, requests AS n
    FROM changed
    WHERE by_hour IS NULL
    UNION ALL
    SELECT episode_id, day + make_interval(hours => (place - 1)::integer), outcome, part
    FROM changed
    CROSS JOIN LATERAL unnest(by_hour) WITH ORDINALITY AS hours (part, place)
    UNION ALL
    SELECT episode_id, step_hour, 'counted', step
    FROM changed
    WHERE step <> 0
    UNION ALL
    SELECT episode_id, step_hour, 'repeat', -step
    FROM changed
    WHERE step <> 0
)

SELECT e.podcast, p.hour, p.outcome, sum(p.n)
FROM parts AS p
INNER JOIN nearfield.episodes AS e ON e.id = p.episode_id
GROUP BY e.podcast, p.hour, p.outcome
HAVING sum(p.n) <> 0;

INSERT INTO new_counts
WITH changed AS (
    SELECT
        *,
        CASE
            WHEN coalesce(counted_at, was_counted_at) >= %(live_from)s
                THEN (counted_at IS NOT NULL)::integer - (was_counted_at IS NOT NULL)::integer
            ELSE 0
        END AS step,
        CASE
            WHEN counted_at IS NULL AND was_counted_at IS NULL THEN 'incomplete' ELSE 'repeat'
        END AS outcome
    FROM merged
    WHERE day = %(day)s
)

SELECT 'requests', e.podcast, p.outcome, sum(p.n)
FROM (
    SELECT episode_id, outcome, live - CASE WHEN outcome = 'repeat' THEN step ELSE 0 END AS n
    FROM changed
    UNION ALL
    SELECT episode_id, 'counted', step
    FROM changed
) AS p
INNER JOIN nearfield.episodes AS e ON e.id = p.episode_id
GROUP BY e.podcast, p.outcome
HAVING sum(p.n) <> 0
