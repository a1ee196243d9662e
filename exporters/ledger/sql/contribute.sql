-- What the changed rows of a day add to the sums, and take from them. The planner takes `merged`,
-- which was filled a moment ago, for small, and would sort its rows where hashing takes two thirds of
-- the time.
SET LOCAL enable_sort = off;

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

-- Only a download has tenths: the first time that it holds one counts. Bits that a row has now are
-- added, those that it had are taken away.
INSERT INTO new_tenths
SELECT episode_id, bits, sum(n), coalesce(sum(n) FILTER (WHERE live), 0)
FROM (
    SELECT episode_id, tenths AS bits, 1 AS n, last_at >= %(live_from)s AS live
    FROM merged
    WHERE
        day = %(day)s AND counted_at IS NOT NULL AND tenths <> 0
        AND (was_counted_at IS NULL OR tenths <> was_tenths)
    UNION ALL
    SELECT episode_id, was_tenths, -1, last_at >= %(live_from)s
    FROM merged
    WHERE
        day = %(day)s AND was_counted_at IS NOT NULL AND was_tenths <> 0
        AND (counted_at IS NULL OR tenths <> was_tenths)
) AS held
GROUP BY episode_id, bits;

-- One of the requests that make a download is `counted`; the others are repeats. What is no download
-- yet is incomplete. A calendar day counts in the hour of the last of the requests that came
-- together, a rolling window in that of the request with which it began.
INSERT INTO changed
SELECT
    episode_id,
    date_trunc('hour', last_at),
    CASE
        WHEN counted_at IS NULL AND was_counted_at IS NULL THEN 'incomplete' ELSE 'repeat'
    END,
    date_trunc(
        'hour', CASE WHEN touches IS NULL THEN last_at ELSE coalesce(counted_at, was_counted_at) END
    ),
    (counted_at IS NOT NULL)::integer - (was_counted_at IS NOT NULL)::integer,
    coalesce(counted_at, was_counted_at) >= %(live_from)s,
    count(*),
    coalesce(sum(requests) FILTER (WHERE by_hour IS NULL), 0),
    sum(live)
FROM merged
WHERE day = %(day)s
GROUP BY 1, 2, 3, 4, 5, 6;

INSERT INTO new_outcomes
SELECT e.podcast, p.hour, p.outcome, sum(p.n)
FROM (
    SELECT episode_id, hour, outcome, requests AS n
    FROM changed
    UNION ALL
    SELECT
        episode_id, day + make_interval(hours => (place - 1)::integer),
        CASE WHEN counted_at IS NULL AND was_counted_at IS NULL THEN 'incomplete' ELSE 'repeat' END,
        part
    FROM merged
    CROSS JOIN LATERAL unnest(by_hour) WITH ORDINALITY AS hours (part, place)
    WHERE day = %(day)s AND by_hour IS NOT NULL
    UNION ALL
    SELECT episode_id, step_hour, 'counted', step * rows
    FROM changed
    WHERE step <> 0
    UNION ALL
    SELECT episode_id, step_hour, 'repeat', -step * rows
    FROM changed
    WHERE step <> 0
) AS p
INNER JOIN nearfield.episodes AS e ON e.id = p.episode_id
GROUP BY e.podcast, p.hour, p.outcome
HAVING sum(p.n) <> 0;

INSERT INTO new_counts
SELECT 'requests', e.podcast, p.outcome, sum(p.n)
FROM (
    SELECT episode_id, outcome, live AS n
    FROM changed
    UNION ALL
    SELECT episode_id, 'counted', step * rows
    FROM changed
    WHERE is_live
    UNION ALL
    SELECT episode_id, 'repeat', -step * rows
    FROM changed
    WHERE is_live
) AS p
INNER JOIN nearfield.episodes AS e ON e.id = p.episode_id
GROUP BY e.podcast, p.outcome
HAVING sum(p.n) <> 0;
SET LOCAL enable_sort = on
