-- The sums of a segment, into the tables that are kept for ever. Each statement takes its rows in
-- the order of their keys, and the statements stand in one order for all workers, so that none
-- waits for another in a circle.

INSERT INTO nearfield.hours AS h (episode_id, hour, downloads, requests, sent)
SELECT episode_id, hour, sum(downloads), sum(requests), sum(sent)
FROM (
    SELECT episode_id, hour, n AS downloads, 0 AS requests, 0 AS sent FROM new_downloads
    UNION ALL
    SELECT episode_id, hour, 0, requests, sent FROM new_hours
) AS added
GROUP BY episode_id, hour
ORDER BY episode_id, hour
ON CONFLICT (episode_id, hour) DO UPDATE SET
    downloads = h.downloads + excluded.downloads,
    requests = h.requests + excluded.requests,
    sent = h.sent + excluded.sent;

INSERT INTO nearfield.countries AS c (episode_id, day, country, downloads)
SELECT episode_id, hour::date, country, sum(n)
FROM new_downloads
GROUP BY episode_id, hour::date, country
HAVING sum(n) <> 0
ORDER BY episode_id, hour::date, country
ON CONFLICT (episode_id, day, country) DO UPDATE SET downloads = c.downloads + excluded.downloads;

INSERT INTO nearfield.apps AS a (episode_id, day, app, downloads)
SELECT episode_id, hour::date, app, sum(n)
FROM new_downloads
GROUP BY episode_id, hour::date, app
HAVING sum(n) <> 0
ORDER BY episode_id, hour::date, app
ON CONFLICT (episode_id, day, app) DO UPDATE SET downloads = a.downloads + excluded.downloads;

INSERT INTO nearfield.outcomes AS o (podcast, hour, outcome, requests)
SELECT podcast, hour, outcome, sum(n)
FROM new_outcomes
GROUP BY podcast, hour, outcome
HAVING sum(n) <> 0
ORDER BY podcast, hour, outcome
ON CONFLICT (podcast, hour, outcome) DO UPDATE SET requests = o.requests + excluded.requests;

INSERT INTO nearfield.totals AS t (
    episode_id, downloads, requests, sent, launch_1, launch_3, launch_7, launch_30, launch_90, tenths
)
SELECT
    episode_id, sum(downloads), sum(requests), sum(sent),
    coalesce(sum(downloads) FILTER (WHERE launch <= 1), 0),
    coalesce(sum(downloads) FILTER (WHERE launch <= 3), 0),
    coalesce(sum(downloads) FILTER (WHERE launch <= 7), 0),
    coalesce(sum(downloads) FILTER (WHERE launch <= 30), 0),
    coalesce(sum(downloads) FILTER (WHERE launch <= 90), 0),
    ARRAY[
        coalesce(sum(tenths) FILTER (WHERE bits & 1 <> 0), 0),
        coalesce(sum(tenths) FILTER (WHERE bits & 2 <> 0), 0),
        coalesce(sum(tenths) FILTER (WHERE bits & 4 <> 0), 0),
        coalesce(sum(tenths) FILTER (WHERE bits & 8 <> 0), 0),
        coalesce(sum(tenths) FILTER (WHERE bits & 16 <> 0), 0),
        coalesce(sum(tenths) FILTER (WHERE bits & 32 <> 0), 0),
        coalesce(sum(tenths) FILTER (WHERE bits & 64 <> 0), 0),
        coalesce(sum(tenths) FILTER (WHERE bits & 128 <> 0), 0),
        coalesce(sum(tenths) FILTER (WHERE bits & 256 <> 0), 0),
        coalesce(sum(tenths) FILTER (WHERE bits & 512 <> 0), 0)
    ]
FROM (
    SELECT
        episode_id, n AS downloads, 0 AS requests, 0 AS sent, NULL::integer AS bits, 0 AS tenths,
        launch
    FROM new_downloads
    UNION ALL
    SELECT episode_id, 0, requests, sent, NULL, 0, NULL FROM new_hours
    UNION ALL
    SELECT episode_id, 0, 0, 0, bits, n, NULL FROM new_tenths
) AS added
GROUP BY episode_id
ORDER BY episode_id
ON CONFLICT (episode_id) DO UPDATE SET
    downloads = t.downloads + excluded.downloads,
    requests = t.requests + excluded.requests,
    sent = t.sent + excluded.sent,
    launch_1 = t.launch_1 + excluded.launch_1,
    launch_3 = t.launch_3 + excluded.launch_3,
    launch_7 = t.launch_7 + excluded.launch_7,
    launch_30 = t.launch_30 + excluded.launch_30,
    launch_90 = t.launch_90 + excluded.launch_90,
    tenths = ARRAY[
        t.tenths[1] + excluded.tenths[1],
        t.tenths[2] + excluded.tenths[2],
        t.tenths[3] + excluded.tenths[3],
        t.tenths[4] + excluded.tenths[4],
        t.tenths[5] + excluded.tenths[5],
        t.tenths[6] + excluded.tenths[6],
        t.tenths[7] + excluded.tenths[7],
        t.tenths[8] + excluded.tenths[8],
        t.tenths[9] + excluded.tenths[9],
        t.tenths[10] + excluded.tenths[10]
    ];

-- Labels that depend on age are decided now, and stay.
INSERT INTO nearfield.counters AS c (family, podcast, label, worker, value, peak)
SELECT family, podcast, label, %(worker)s, sum(n), greatest(sum(n), 0)
FROM (
    SELECT
        CASE
            WHEN grouping(d.label) = 0 THEN 'downloads'
            WHEN grouping(d.app) = 0 THEN 'app_downloads'
            ELSE 'country_downloads'
        END AS family,
        d.podcast,
        coalesce(d.label, d.app, d.country) AS label,
        sum(d.live) AS n
    FROM (
        SELECT
            e.podcast,
            CASE
                WHEN coalesce(e.published_at, e.seen_at) > %(young_from)s THEN e.episode
                ELSE 'older'
            END AS label,
            d.app,
            d.country,
            d.live
        FROM new_downloads AS d
        INNER JOIN nearfield.episodes AS e ON e.id = d.episode_id
    ) AS d
    GROUP BY GROUPING SETS ((d.podcast, d.label), (d.podcast, d.app), (d.podcast, d.country))
    UNION ALL
    SELECT 'delivered_tenths', t.podcast, (tenth + 1)::text, sum(t.live)
    FROM (
        SELECT e.podcast, t.bits, sum(t.live) AS live
        FROM new_tenths AS t
        INNER JOIN nearfield.episodes AS e ON e.id = t.episode_id
        GROUP BY e.podcast, t.bits
    ) AS t
    INNER JOIN generate_series(0, 9) AS tenth ON (t.bits >> tenth & 1) = 1
    GROUP BY t.podcast, tenth
    UNION ALL
    SELECT family, podcast, label, n FROM new_counts
) AS added
GROUP BY family, podcast, label
HAVING sum(n) <> 0
ORDER BY family, podcast, label
ON CONFLICT (family, podcast, label, worker) DO UPDATE SET
    value = c.value + excluded.value,
    peak = greatest(c.peak, c.value + excluded.value);

-- The largest number that a reader gave on its last day: some fetch a feed under several addresses.
INSERT INTO nearfield.readers AS r (podcast, app, reader, subscribers, seen_at)
SELECT DISTINCT ON (podcast, app, reader) podcast, app, reader, subscribers, seen_at
FROM new_readers
ORDER BY podcast, app, reader, seen_at::date DESC, subscribers DESC
ON CONFLICT (podcast, app, reader) DO UPDATE SET
    subscribers = CASE
        WHEN excluded.seen_at::date > r.seen_at::date THEN excluded.subscribers
        WHEN excluded.seen_at::date < r.seen_at::date THEN r.subscribers
        ELSE greatest(r.subscribers, excluded.subscribers)
    END,
    seen_at = greatest(r.seen_at, excluded.seen_at)
